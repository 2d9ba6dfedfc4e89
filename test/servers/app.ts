/**
 * What the applications around both authorization servers have in common: one origin that serves the page and the
 * worker, a login that hands tokens over, an API that looks every token up, and a count of it all.
 */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import express, { type Express, type Request, type RequestHandler } from 'express'

const DIST = fileURLToPath(new URL('../../dist', import.meta.url))

/** Of an access token that no test wants to expire by itself, in seconds. */
const LIFETIME = 600

export interface AuthServerOptions {
  /** Of the first access token, in seconds; 600 unless set, as are those of all others. */
  lifetime?: number
  /** Awaited before the authorization server looks for a refresh token, for the `count`th time. */
  beforeRefresh?: (count: number) => Promise<void> | void
  /** Awaited when the `count`th refresh token is spent, and the answer not sent yet. */
  afterRefresh?: (count: number) => Promise<void> | void
  /** Whether the answer to the `count`th refresh request breaks off after its headers. */
  losesAnswer?: (count: number) => boolean
}

export interface Stats {
  /** Successful ones. */
  logins: number
  /** All that have arrived, whatever became of them. */
  refreshRequests: number
  /** Successful ones. */
  refreshes: number
  refreshFailures: number
  /** Refresh requests that came while the newest access token was still good. */
  earlyRefreshes: number
  /** To the API, whatever it answered. */
  requests: number
  /** Of `requests`, those answered 401. */
  unauthorized: number
  logouts: number
  /** For the metadata of the issuer, where there is one. */
  metadataRequests: number
}

/** RFC 6749 §5.1. */
export interface TokenResponse {
  readonly access_token: string
  readonly refresh_token: string
  readonly expires_in: number
}

/** An authorization server and its application, on one origin. */
export interface AuthServer {
  readonly origin: string
  readonly tokenUrl: string
  readonly clientId: string
  readonly stats: Readonly<Stats>
  /** Every access and refresh token issued so far. */
  readonly secrets: ReadonlySet<string>
  /** What is served besides the worker, by URL path; may be changed at any time. */
  readonly files: Map<string, { type: string; body: string }>
  /** The token response of a new login, as `POST /auth/login` hands it over. */
  login(username?: string): Promise<TokenResponse>
  /** The API's verdict on a token. */
  isValid(accessToken: string): Promise<boolean>
  /** From now on no access token issued so far is known. */
  forgetAccessTokens(): void
  /** Ends at once, live connections included. */
  close(): Promise<void>
}

/** What an authorization server does for its application. */
interface Issuer {
  readonly tokenUrl: string
  readonly clientId: string
  login(username: string): Promise<TokenResponse>
  accountOf(accessToken: string): Promise<string | null>
  revoke(accessToken: string): Promise<void>
  forgetAccessTokens(): void
}

export interface App {
  readonly express: Express
  readonly origin: string
  /** Serves all of it on one more port, which is another origin: settles with that. */
  readonly listen: () => Promise<string>
  readonly stats: Stats
  readonly lifetime: () => number
  /** To be told of every token, with when it is over (milliseconds) where it is an access token. */
  readonly issued: (token: string, expiresAt?: number) => void
  /** Comes before the token endpoint, for refresh requests only. */
  readonly countRefresh: RequestHandler
  /** To be awaited before a refresh token is looked for. */
  readonly holdRefresh: () => Promise<void>
  /** To be awaited when a refresh token is spent. */
  readonly holdAnswer: () => Promise<void>
  readonly serve: (issuer: Issuer) => AuthServer
}

/** Listens on a free port of localhost; the authorization server is to be mounted on `express` then. */
export async function openApp(options: AuthServerOptions): Promise<App> {
  const { beforeRefresh, afterRefresh, losesAnswer } = options
  let { lifetime = LIFETIME } = options
  const app = express()
  const servers: Server[] = []
  const listen = async () => {
    const server = createServer(app).listen(0, 'localhost')
    servers.push(server)
    await once(server, 'listening')
    return `http://localhost:${(server.address() as AddressInfo).port}`
  }
  const origin = await listen()
  const stats: Stats = {
    logins: 0,
    refreshRequests: 0,
    refreshes: 0,
    refreshFailures: 0,
    earlyRefreshes: 0,
    requests: 0,
    unauthorized: 0,
    logouts: 0,
    metadataRequests: 0,
  }
  const secrets = new Set<string>()
  const files: AuthServer['files'] = new Map()
  let goodUntil = 0
  let held = 0
  let spent = 0

  app.disable('x-powered-by')
  app.disable('etag')

  return {
    express: app,
    origin,
    listen,
    stats,
    lifetime: () => lifetime,
    issued: (token, expiresAt) => {
      secrets.add(token)
      if (expiresAt === undefined) return
      goodUntil = expiresAt
      // However long the machine takes for what comes next, there is one expiry.
      lifetime = LIFETIME
    },
    holdRefresh: async () => beforeRefresh?.(++held),
    holdAnswer: async () => afterRefresh?.(++spent),
    countRefresh: (_req, res, next) => {
      const count = ++stats.refreshRequests
      if (Date.now() < goodUntil) stats.earlyRefreshes++
      if (losesAnswer?.(count))
        res.end = () => {
          res.flushHeaders()
          res.socket?.end()
          return res
        }
      next()
    },
    serve: issuer => {
      app.post('/auth/login', express.json(), async (req, res) => {
        const tokens = await issuer.login(req.body.username)
        stats.logins++
        res.set('Cache-Control', 'no-store').json(tokens)
      })
      app.get('/auth/logout', async (req, res) => {
        await issuer.revoke(bearer(req))
        stats.logouts++
        res.status(204).end()
      })
      app.use('/api', api(issuer, stats))
      app.get('/refresh-worker.js', (_req, res) => res.sendFile('refresh-worker.dev.js', { root: DIST }))
      app.use('/refresh-worker', express.static(DIST))
      app.use(serveFiles(files))
      return {
        origin,
        tokenUrl: issuer.tokenUrl,
        clientId: issuer.clientId,
        stats,
        secrets,
        files,
        login: (username = 'ada') => issuer.login(username),
        isValid: async accessToken => (await issuer.accountOf(accessToken)) !== null,
        forgetAccessTokens: () => {
          goodUntil = 0
          issuer.forgetAccessTokens()
        },
        close: async () => {
          for (const server of servers) {
            const closed = once(server, 'close')
            server.close().closeAllConnections()
            await closed
          }
        },
      }
    },
  }
}

function api(issuer: Issuer, stats: Stats) {
  const router = express.Router()
  router.use(async (req, res, next) => {
    stats.requests++
    const account = await issuer.accountOf(bearer(req))
    if (account !== null) {
      res.locals.account = account
      next()
      return
    }
    stats.unauthorized++
    // RFC 6750 §3.1: no error code for a request that came without a token
    res.set('WWW-Authenticate', bearer(req) ? 'Bearer error="invalid_token"' : 'Bearer')
    res.status(401).json({ error: 'invalid_token' })
  })
  router.get('/me', (_req, res) => {
    res.json({ sub: res.locals.account })
  })
  router.post('/orders', express.text(), (req, res) => {
    res.json({ ordered: req.body })
  })
  router.get('/orders/:n', (req, res) => {
    res.json({ order: Number(req.params.n), customer: res.locals.account })
  })
  return router
}

/** Answers with a file by its path, and 404 for any other. */
export function serveFiles(files: AuthServer['files']): RequestHandler {
  return (req, res) => {
    const file = files.get(req.path)
    if (file) res.type(file.type).send(file.body)
    else res.status(404).type('text').send('Not found')
  }
}

function bearer(req: Request): string {
  return /^Bearer (\S+)$/i.exec(req.get('Authorization') ?? '')?.[1] ?? ''
}

/** Posts a form to a token endpoint, as RFC 6749 asks. */
export function postForm(
  url: string,
  fields: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return fetch(url, { method: 'POST', headers, body: new URLSearchParams(fields) })
}
