// Compiles as a server's code does: against the built package, with Node's types and no DOM's.
import express from 'express'
import {
  clearRefreshTokenCookie,
  issueTokens,
  type RefreshTokenOptions,
  readRefreshTokenCookie,
  refreshToken,
  setRefreshTokenCookie,
} from 'refresh-worker/express'
import { type AuthServer, createAuthServer, memoryStore, nodeHandler } from 'refresh-worker/server'

const options: RefreshTokenOptions = {
  accessTokenSecret: Buffer.alloc(32, 1),
  refreshTokenSecret: Buffer.alloc(32, 2),
  refreshTokenCookie: { path: '/auth' },
  authorize: async ({ claims, refreshClaims }, request) =>
    request.headers.host === undefined ? null : { ...claims, jti: refreshClaims.jti },
}

const app = express()
app.post('/auth/login', refreshToken(options), async (request, response) => {
  const name: string = request.body.username
  const tokens = await issueTokens({ sub: name }, options)
  const lifetime: number = tokens.expires_in
  response.json({ ...setRefreshTokenCookie(response, tokens, options), lifetime })
})
app.get('/auth/logout', async (request, response) => {
  const session = await readRefreshTokenCookie(request, options)
  if (session) clearRefreshTokenCookie(response, options)
  response.sendStatus(204)
})

// @ts-expect-error: `sub` tells whose tokens they are
issueTokens({ name: 'ada' }, options)

const auth: AuthServer = createAuthServer({
  keys: [{ kid: '1', secret: Buffer.alloc(32, 3) }],
  refreshTokenSecret: Buffer.alloc(32, 4),
  store: memoryStore(),
  authenticate: async ({ username }) => (typeof username === 'string' ? { sub: username } : null),
})
app.post('/session/login', nodeHandler(auth.login))
// @ts-expect-error: no keys
createAuthServer({ store: memoryStore() })
