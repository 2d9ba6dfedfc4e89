import { createAuthServer, memoryStore } from 'refresh-worker/server'

// Your user database, and its password hashes.
const users = new Map([['ada', { password: 'correct horse', roles: ['admin'] }]])

export const auth = createAuthServer({
  // Each from: openssl rand -base64 48
  keys: [{ kid: '1', secret: process.env.ACCESS_TOKEN_SECRET }],
  refreshTokenSecret: process.env.REFRESH_TOKEN_SECRET,
  store: memoryStore(), // for development
  authenticate: ({ username, password }) => {
    const user = users.get(username)
    return user?.password === password ? { sub: username, roles: user.roles } : null
  },
})

/** An API: who is logged in. */
export async function me(request) {
  const claims = await auth.verify(request)
  return claims
    ? Response.json(claims)
    : new Response(null, { status: 401, headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' } })
}
