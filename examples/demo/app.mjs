/**
 * The demo's server: a login, a refresh that takes every refresh token once, a small API, and a live log of it all.
 * `server.mjs` starts it from the command line; browser tests start it in-process on port 0.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import express from 'express'
import { compactVerify, jwtVerify } from 'jose'
import {
  clearRefreshTokenCookie,
  issueTokens,
  readRefreshTokenCookie,
  refreshToken,
  setRefreshTokenCookie,
} from 'refresh-worker/express'
import { memoryStore } from 'refresh-worker/server'
import { createStoredAuth } from './auth.mjs'

const PUBLIC = fileURLToPath(new URL('public', import.meta.url))
const DIST = fileURLToPath(new URL('../../dist', import.meta.url))

const USERS = new Map([
  ['ada', { password: 'lovelace', claims: { sub: 'ada', name: 'Ada Lovelace', roles: ['analyst', 'admin'] } }],
  ['grace', { password: 'hopper', claims: { sub: 'grace', name: 'Grace Hopper', roles: ['compiler'] } }],
])
const GOODS = ['Punched cards', 'Brass gears', 'Nanosecond wire', 'Logbook', 'Moth trap', 'Difference table']

/** @type {typeof import('./app.mjs').createDemo} */
export function createDemo(options = {}) {
  const { latency = 300, beforeRefresh, afterRefresh, files = {}, cookie = false, memory = false } = options
  const { kind = 'bearer', kinds = () => [] } = options
  // What the other kinds show takes a server that repeats a refresh whose answer was lost.
  const store = options.store ?? (kind === 'bearer' ? undefined : memoryStore())
  const secrets = options.secrets ?? { accessTokenSecret: randomBytes(32), refreshTokenSecret: randomBytes(32) }
  let lifetime = options.lifetime ?? 30
  let epoch = 0 // access tokens of an earlier epoch are rejected, although their `exp` has not come
  const usedRefreshTokens = new Set() // jti
  const revokedSessions = new Set() // sid
  const accessKey = toBytes(secrets.accessTokenSecret)

  const { log, stats, record, stream } = createLog()
  const stored =
    store &&
    createStoredAuth({
      ...{ store, secrets, users: USERS, beforeRefresh, afterRefresh },
      cookies: kind === 'cookies' ? 'both' : cookie ? 'refresh' : 'none',
      lifetime: () => lifetime,
      epoch: () => epoch,
    })
  const tokenOptions = () => ({
    ...secrets,
    accessTokenLifetime: lifetime,
    refreshTokenLifetime: 86_400,
    // The demo has no https
    ...(cookie ? { refreshTokenCookie: { path: '/auth', secure: false } } : {}),
  })

  // --- login and refresh: one URL, as is the library's default ---

  let refreshing = 0 // so many are under way
  const slowDown = async (req, res, next) => {
    if (isRefresh(req)) {
      refreshing++
      res.once('close', () => refreshing--)
    }
    await sleep(latency)
    next()
  }

  const refresh = async (req, res, next) => {
    if (isRefresh(req)) await beforeRefresh?.(req)
    // Made anew for each request, since tests change the lifetime while the server runs
    refreshToken({
      ...tokenOptions(),
      async authorize({ claims, refreshClaims }) {
        const { jti, sid, sub } = refreshClaims
        res.locals.user = sub
        if (usedRefreshTokens.has(jti)) revokedSessions.add(sid) // used twice: stolen, for all a server can tell
        if (revokedSessions.has(sid)) return null
        usedRefreshTokens.add(jti)
        await afterRefresh?.(req)
        return { ...claims, epoch }
      },
    })(req, res, next)
  }

  const login = async (req, res) => {
    const user = USERS.get(req.body?.username)
    if (!user || user.password !== req.body.password) {
      res.status(401).json({ error: 'invalid_credentials', error_description: 'Wrong user name or password.' })
      return
    }
    res.locals.user = user.claims.sub
    const tokens = await issueTokens({ ...user.claims, epoch }, tokenOptions())
    res.set('Cache-Control', 'no-store')
    res.json(cookie ? setRefreshTokenCookie(res, tokens, tokenOptions()) : tokens)
  }

  const logout = async (req, res) => {
    // SameSite=Strict: another site's link to here comes without the cookie, and so changes nothing
    const inCookie = cookie && (await readRefreshTokenCookie(req, tokenOptions()))
    if (inCookie) clearRefreshTokenCookie(res, tokenOptions())
    for (const claims of [await readExpired(bearer(req), accessKey), inCookie]) {
      if (!claims) continue
      res.locals.user = claims.sub
      revokedSessions.add(claims.sid)
    }
    res.status(204).end()
  }

  // --- the API ---

  const authorized = async (req, res, next) => {
    const claims = stored ? await stored.verify(req) : await readValid(bearer(req), accessKey)
    if (claims && claims.epoch === epoch && !revokedSessions.has(claims.sid)) {
      res.locals.user = claims.sub
      res.locals.claims = claims
      next()
      return
    }
    // RFC 6750 §3.1: no error code for a request that came without a token
    res.set('WWW-Authenticate', bearer(req) ? 'Bearer error="invalid_token"' : 'Bearer')
    res.status(401).json({ error: 'invalid_token' })
  }

  const api = express.Router()
  api.use(authorized)
  api.get(['/me', '/session'], (_req, res) => {
    const { sub, name, roles } = res.locals.claims
    res.json({ sub, name, roles })
  })
  api.get('/orders/:n', (req, res, next) => {
    const n = Number(req.params.n)
    if (!Number.isInteger(n) || n < 1) return next()
    res.json({ order: n, item: GOODS[n % GOODS.length], quantity: 1 + (n % 5), customer: res.locals.user })
  })
  api.post('/echo', express.json({ strict: false }), (req, res) => {
    res.json(req.body ?? null)
  })
  api.post('/expire', (_req, res) => {
    res.locals.kind = 'expire'
    epoch++
    res.status(204).end()
  })
  api.use((_req, res) => {
    res.status(404).json({ error: 'not_found' })
  })

  // --- the routes ---

  const app = express()
  app.disable('x-powered-by')
  app.disable('etag') // an API answer is a 200, never a 304, also in the log
  app.use((_req, res, next) => {
    res.set({ 'Cache-Control': 'no-cache', 'X-Content-Type-Options': 'nosniff' })
    next()
  })
  app.use((req, res, next) => {
    if (!Object.hasOwn(files, req.path)) return next()
    res.type(files[req.path].type).send(files[req.path].body)
  })

  app.get('/events', stream)
  app.get('/demo.json', (_req, res) => {
    res.json({ lifetime, stats, log, refreshing })
  })
  // With a cookie no forms: another site's could log its victim in as somebody else
  const body =
    cookie || kind === 'cookies' ? [express.json()] : [express.json(), express.urlencoded({ extended: false })]
  app.post('/auth/login', record('login'), body, slowDown, ...(stored ? [stored.login] : [refresh, login]))
  if (kind === 'cookies') app.post('/auth/logout', record('logout'), stored.logout)
  else app.get('/auth/logout', record('logout'), stored?.logout ?? logout)
  app.use('/api', record('request'), api)

  const fromDisk = { cacheControl: false }
  app.get('/refresh-worker.js', (_req, res) => {
    res.sendFile('refresh-worker.dev.js', { ...fromDisk, root: DIST })
  })
  const script = () => workerScript({ cookie, memory, kind, isStored: Boolean(stored) })
  app.get('/sw.js', (_req, res) => {
    res.set('Content-Security-Policy', CSP).type('text/javascript').send(script())
  })
  app.get('/in-page.js', (_req, res) => {
    res.type('text/javascript').send(inPageScript(script()))
  })
  app.get('/kind.js', (_req, res) => {
    res
      .type('text/javascript')
      .send(`export const kind = ${JSON.stringify(kind)}\nexport const kinds = ${JSON.stringify(kinds())}\n`)
  })
  app.use('/refresh-worker', express.static(DIST, fromDisk))
  const setHeaders = (res, path) => res.set('Content-Security-Policy', policyOf(path, kind))
  app.use(express.static(PUBLIC, { ...fromDisk, setHeaders }))
  app.use((_req, res) => {
    res.status(404).type('text').send('Not found')
  })
  app.use((error, _req, res, _next) => {
    const status = error.status ?? 500
    if (status >= 500) console.error(error.stack)
    res.status(status).json({ error: status < 500 ? 'invalid_request' : 'server_error' })
  })

  const server = createServer(app)

  return {
    app,
    server,
    log,
    stats,
    setLifetime(seconds) {
      lifetime = seconds
    },
    expireAccessTokens() {
      epoch++
    },
    listen(port = 0) {
      return new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen(port, 'localhost', () => resolve(`http://localhost:${server.address().port}`))
      })
    },
    close() {
      return new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    },
  }
}

const CSP = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"

/** Only the page of a tab that is to be closed may be in a frame; where no worker is wanted, there can be none. */
function policyOf(path, kind) {
  const csp = path.endsWith('closed.html') ? CSP.replace("frame-ancestors 'none'", "frame-ancestors 'self'") : CSP
  return kind === 'page' ? `${csp}; worker-src 'none'` : csp
}

/** The worker's script, with the options that the server was started with. */
function workerScript({ cookie, memory, kind, isStored }) {
  const options = ['useRefreshToken: true,', ...(cookie ? ["refreshTokenIn: 'cookie',"] : [])]
  if (kind === 'cookies')
    options.push("accessTokenIn: 'cookie',", "sessionUrl: '/api/session',", "logoutMethod: 'post',")
  if (isStored) options.push("idempotencyKeys: 'always',")
  if (memory) options.push("storage: 'memory',")
  return readFileSync(`${PUBLIC}/sw.js`, 'utf8').replace('useRefreshToken: true,', options.join('\n  '))
}

/** The same options, for pages that keep the session themselves. */
function inPageScript(worker) {
  return worker
    .replace(
      "importScripts('/refresh-worker.js')",
      "import { inPage } from '/refresh-worker/refresh-worker.in-page.dev.js'",
    )
    .replace('RefreshWorker.setup(', 'export default inPage(')
}

/** Remembers the last 200 requests, counts all, and streams them to whoever listens. Holds no tokens. */
function createLog() {
  const log = []
  const stats = { logins: 0, refreshes: 0, refreshFailures: 0, requests: 0, unauthorized: 0, logouts: 0 }
  const listeners = new Set()
  let lastId = Date.now() // so that ids still grow after a restart, and pages may compare them

  const add = entry => {
    log.push(entry)
    if (log.length > 200) log.shift()
    for (const res of listeners) {
      sendEntry(res, entry)
      sendStats(res, stats)
    }
  }

  const record = kind => (req, res, next) => {
    const started = performance.now()
    res.once('close', () => {
      const entry = {
        id: ++lastId,
        at: Date.now(),
        kind: res.locals.kind ?? (isRefresh(req) ? 'refresh' : kind),
        user: res.locals.user ?? null,
        method: req.method,
        path: req.originalUrl.split('?')[0],
        status: res.writableFinished ? res.statusCode : 0, // 0: whoever asked has gone
        ms: Math.round(performance.now() - started),
        tab: /^\d{1,3}$/.test(req.get('X-Demo-Tab') ?? '') ? req.get('X-Demo-Tab') : null,
      }
      count(stats, entry)
      add(entry)
    })
    next()
  }

  const stream = (req, res) => {
    const seen = Number(req.get('Last-Event-ID')) || 0
    res.set('Content-Type', 'text/event-stream').flushHeaders()
    res.write('retry: 1000\n\n')
    for (const entry of log) if (entry.id > seen) sendEntry(res, entry)
    sendStats(res, stats)
    listeners.add(res)
    res.once('close', () => listeners.delete(res))
  }

  return { log, stats, record, stream }
}

function sendEntry(res, entry) {
  res.write(`id: ${entry.id}\ndata: ${JSON.stringify(entry)}\n\n`)
}

function sendStats(res, stats) {
  res.write(`event: stats\ndata: ${JSON.stringify(stats)}\n\n`)
}

function count(stats, { kind, status }) {
  const ok = status >= 200 && status < 300
  if (kind === 'login' && ok) stats.logins++
  if (kind === 'refresh') ok ? stats.refreshes++ : stats.refreshFailures++
  if (kind === 'logout') stats.logouts++
  if (kind === 'request') stats.requests++
  if (kind === 'request' && status === 401) stats.unauthorized++
}

function isRefresh(req) {
  return req.body?.grant_type === 'refresh_token'
}

function bearer(req) {
  return /^Bearer (\S+)$/i.exec(req.get('Authorization') ?? '')?.[1]
}

function toBytes(secret) {
  return typeof secret === 'string' ? new TextEncoder().encode(secret) : secret
}

/** The claims of an access token that may be used. */
async function readValid(token, key) {
  try {
    const requiredClaims = ['sub', 'sid', 'exp']
    return (await jwtVerify(token, key, { typ: 'at+jwt', algorithms: ['HS256'], requiredClaims })).payload
  } catch {
    return null
  }
}

/** The claims of an access token of ours, expired or not: it is enough to end its own session. */
async function readExpired(token, key) {
  try {
    const { payload, protectedHeader } = await compactVerify(token, key, { algorithms: ['HS256'] })
    return protectedHeader.typ === 'at+jwt' ? JSON.parse(new TextDecoder().decode(payload)) : null
  } catch {
    return null
  }
}
