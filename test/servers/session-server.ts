/** An application on `refresh-worker/server`: it can be slow, or lose the answer to a refresh once its token is spent. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import express from 'express'
import { type AuthServerOptions, createAuthServer, memoryStore, nodeHandler } from '../../src/server/index.ts'
import { serveFiles } from './app.ts'

const DIST = fileURLToPath(new URL('../../dist', import.meta.url))

interface SessionServerOptions extends Partial<AuthServerOptions> {
  /** Awaited once the refresh token is spent; the answer goes out after it. */
  readonly afterRefresh?: (response: ServerResponse) => unknown
}

export type SessionServer = Awaited<ReturnType<typeof openSessionServer>>

export async function openSessionServer({ afterRefresh = () => undefined, ...options }: SessionServerOptions = {}) {
  const files = new Map<string, { type: string; body: string }>()
  const secrets = new Set<string>()
  const stats = { refreshes: 0, refusals: 0, reused: 0 }
  const sent: string[] = []
  const auth = createAuthServer({
    keys: [{ kid: 'one', secret: randomBytes(32) }],
    refreshTokenSecret: randomBytes(32),
    store: memoryStore(),
    authenticate: ({ name, password }) => (password === 'lovelace' ? { sub: String(name) } : null),
    onReuse: () => stats.reused++,
    ...options,
  })
  /** Access tokens that the API takes. */
  const good = new Set<string>()
  const note = async (answer: Response) => {
    const { access_token, refresh_token } = await answer.clone().json()
    for (const token of [access_token, refresh_token]) if (token) secrets.add(token)
    if (refresh_token) sent.push(refresh_token)
    if (access_token) good.add(access_token)
  }

  const app = express().disable('x-powered-by').disable('etag')
  const serve = serveFiles(files)
  app.use((req, res, next) => (files.has(req.path) ? serve(req, res, next) : next()))
  app.use('/refresh-worker', express.static(DIST))
  app.get('/refresh-worker.js', (_, res) => res.sendFile('refresh-worker.js', { root: DIST }))
  app.post(
    '/auth/login',
    nodeHandler(async request => {
      const answer = await auth.login(request)
      await note(answer)
      return answer
    }),
  )
  app.post('/auth/refresh', (req, res, next) =>
    nodeHandler(async request => {
      const answer = await auth.refresh(request)
      if (answer.ok) stats.refreshes++
      else stats.refusals++
      await note(answer)
      if (answer.ok) await afterRefresh(res)
      return answer
    })(req, res, next),
  )
  app.post('/auth/logout', nodeHandler(auth.logout))
  app.get(
    '/api/data',
    nodeHandler(async request => {
      const claims = await auth.verify(request)
      const token = request.headers.get('Authorization')?.slice('Bearer '.length) ?? ''
      return claims && good.has(token) ? Response.json({ sub: claims.sub }) : new Response('{}', { status: 401 })
    }),
  )

  const server = createServer(app).listen(0, 'localhost')
  await once(server, 'listening')
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`
  return {
    origin,
    files,
    secrets,
    stats,
    /** Every refresh token that was issued, oldest first. */
    sent,
    /** From now on no access token issued so far is good. */
    forgetAccessTokens: () => good.clear(),
    close: async () => {
      const closed = once(server, 'close')
      server.close().closeAllConnections()
      await closed
    },
  }
}
