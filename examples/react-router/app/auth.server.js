import { randomBytes } from 'node:crypto'
import { createAuthServer, memoryStore } from 'refresh-worker/server'

const USERS = { ada: 'lovelace', grace: 'hopper' }

export const auth = createAuthServer({
  // In production, secrets that stay; and a store that does.
  keys: [{ kid: '1', secret: process.env.ACCESS_TOKEN_SECRET ?? randomBytes(32) }],
  refreshTokenSecret: process.env.REFRESH_TOKEN_SECRET ?? randomBytes(32),
  store: memoryStore(),
  accessTokenLifetime: Number(process.env.LIFETIME ?? 900),
  cookies: { path: '/auth', accessToken: true, secure: process.env.HTTPS === 'true' },
  authenticate: ({ name, password }) => (Object.hasOwn(USERS, name) && USERS[name] === password ? { sub: name } : null),
})

/** The fields of a form, as a login of JSON; it is of this site, as its headers say. */
export async function logIn(request) {
  const headers = new Headers(request.headers)
  const body = JSON.stringify(Object.fromEntries(await request.formData()))
  headers.set('Content-Type', 'application/json')
  headers.delete('Content-Length')
  return auth.login(new Request(request.url, { method: 'POST', headers, body }))
}
