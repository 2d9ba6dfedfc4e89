/**
 * An application that a server renders, with both of its tokens in HttpOnly cookies, and strict: a refresh token that comes
 * a second time ends its session.
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import express, { type Request } from 'express'
import { serveFiles } from './app.ts'

const DIST = fileURLToPath(new URL('../../dist', import.meta.url))
const LIFETIME = 600
const USERS: Readonly<Record<string, string>> = { ada: 'lovelace', grace: 'hopper' }

interface Session {
  readonly user: string
  access: string
  refresh: string
  readonly spent: Set<string>
}

/** A page that was asked for. */
export interface Rendered {
  readonly path: string
  /** Null: the login page. */
  readonly user: string | null
  readonly site: string | undefined
  /** What a form has sent; null: it was asked for by GET. */
  readonly form: object | null
}

export type CookieServer = Awaited<ReturnType<typeof openCookieServer>>

interface CookieServerOptions {
  /** Awaited before a refresh is handled. */
  readonly beforeRefresh?: () => Promise<unknown>
  /** Awaited once the refresh token is spent, before the browser hears of it. */
  readonly afterRefresh?: () => Promise<unknown>
  /** Whether a refresh has to bring, in a header, what stands in a cookie: double submit. */
  readonly checksCsrf?: boolean
  /** Awaited once the browser has the cookies of a refresh, before the end of its answer. */
  readonly afterCookies?: () => Promise<unknown>
  /** Awaited before a logout is handled, which is not where whoever sent it is gone by then. */
  readonly beforeLogout?: () => Promise<unknown>
}

const atOnce = async () => undefined

export async function openCookieServer(options: CookieServerOptions = {}) {
  const {
    beforeRefresh = atOnce,
    afterRefresh = atOnce,
    beforeLogout = atOnce,
    afterCookies,
    checksCsrf = false,
  } = options
  const files = new Map<string, { type: string; body: string }>()
  const sessions = new Set<Session>()
  const secrets = new Set<string>()
  const rendered: Rendered[] = []
  const stats = {
    refreshes: 0,
    refusals: 0,
    requests: 0,
    unauthorized: 0,
    logouts: 0,
    cutLogouts: 0,
    forgeries: 0,
    csrfAnswers: 0,
  }
  const state = { isLogoutDown: false, cutsRefresh: false }

  const cookieOf = (req: Request, name: string) =>
    new RegExp(`(?:^|; )${name}=([^;]*)`).exec(req.headers.cookie ?? '')?.[1] ?? ''
  const sessionOf = (req: Request) => {
    const access = cookieOf(req, 'access')
    return [...sessions].find(session => access !== '' && session.access === access) ?? null
  }
  const token = () => {
    const secret = randomBytes(24).toString('base64url')
    secrets.add(secret)
    return secret
  }
  const cookiesOf = ({ access, refresh }: Session, sameSite = 'Strict') => [
    `access=${access}; Path=/; HttpOnly; SameSite=${sameSite}`,
    `refresh=${refresh}; Path=/auth; HttpOnly; SameSite=${sameSite}`,
  ]
  /** As Laravel writes it, and Angular reads it: percent-encoded. */
  const csrfCookie = () =>
    `XSRF-TOKEN=${randomBytes(16).toString('base64').replaceAll('=', '%3D')}; Path=/; SameSite=Lax`
  const isForged = (req: Request) => {
    const token = decodeURIComponent(cookieOf(req, 'XSRF-TOKEN'))
    return checksCsrf && (token === '' || req.get('X-XSRF-TOKEN') !== token)
  }
  const begin = (user: string, sameSite?: string) => {
    const session = { user, access: token(), refresh: token(), spent: new Set<string>() }
    sessions.add(session)
    return cookiesOf(session, sameSite)
  }

  const app = express().disable('x-powered-by').disable('etag')
  const serve = serveFiles(files)
  app.use((req, res, next) => (files.has(req.path) ? serve(req, res, next) : next()))
  app.use('/refresh-worker', express.static(DIST))
  app.get('/refresh-worker.js', (_, res) => res.sendFile('refresh-worker.js', { root: DIST }))
  app.use(express.json(), express.urlencoded())
  app.post('/auth/login', (req, res) => {
    const { name, password } = req.body
    if (USERS[name] !== password) return void res.status(401).json({ error: 'invalid_credentials' })
    res.append('Set-Cookie', checksCsrf ? [...begin(name), csrfCookie()] : begin(name))
    // A form of a page without script comes here too.
    if (req.is('urlencoded')) res.redirect(303, req.body.next ?? '/app/')
    else res.json({ user: { id: name }, expires_in: LIFETIME })
  })
  app.post('/auth/refresh', async (req, res) => {
    await beforeRefresh()
    if (isForged(req)) {
      stats.forgeries++
      return void res.status(403).json({ error: 'CSRF token mismatch' })
    }
    const refresh = cookieOf(req, 'refresh')
    const session = [...sessions].find(session => session.refresh === refresh || session.spent.has(refresh))
    if (session?.refresh !== refresh || !req.get('X-Requested-With')) {
      if (session) sessions.delete(session)
      if (refresh) stats.refusals++
      return void res.status(401).json({ error: 'invalid refresh token' })
    }
    session.spent.add(refresh)
    Object.assign(session, { access: token(), refresh: token() })
    stats.refreshes++
    await afterRefresh()
    res.append('Set-Cookie', checksCsrf ? [...cookiesOf(session), csrfCookie()] : cookiesOf(session))
    if (state.cutsRefresh) {
      state.cutsRefresh = false
      res.type('json').set('Content-Length', '100').write('{')
      await afterCookies?.()
      return void res.destroy()
    }
    if (!afterCookies) return void res.status(204).end()
    res.type('json').write('{')
    await afterCookies()
    res.end('}')
  })
  app.get('/auth/csrf', (_, res) => {
    stats.csrfAnswers++
    const cookie = csrfCookie()
    res.append('Set-Cookie', cookie)
    res.json({ token: decodeURIComponent(/=([^;]*)/.exec(cookie)?.[1] ?? '') })
  })
  app.all('/auth/logout', async (req, res) => {
    await Promise.race([beforeLogout(), new Promise(resolve => res.on('close', resolve))])
    if (res.closed) return void stats.cutLogouts++
    if (state.isLogoutDown) return void res.status(503).end()
    const refresh = cookieOf(req, 'refresh')
    for (const session of sessions) if (session.refresh === refresh) sessions.delete(session)
    stats.logouts++
    res.clearCookie('access').clearCookie('refresh', { path: '/auth' })
    if (req.method === 'GET') res.redirect(303, '/app/')
    else res.status(204).end()
  })
  app.get(['/api/session', '/api/data'], (req, res) => {
    stats.requests++
    const session = sessionOf(req)
    if (session) return void res.json({ user: { id: session.user } })
    stats.unauthorized++
    res.status(401).json({ message: 'Unauthorized' })
  })
  app.get('/whose', (req, res) => void res.send(sessionOf(req)?.user ?? ''))
  // The way back from an identity provider, which the server ends itself.
  app.get('/auth/callback', (_, res) => {
    res.append('Set-Cookie', begin('ada', 'Lax')).redirect(303, '/app/')
  })
  app.get('/public/moved', (_, res) => res.redirect('/app/arrived'))
  app.all(/^\/(app|public)\//, (req, res) => {
    const user = sessionOf(req)?.user ?? null
    const form = req.method === 'POST' ? req.body : null
    rendered.push({ path: req.originalUrl, user, site: req.get('Sec-Fetch-Site'), form })
    if (req.path === '/app/moved') return res.redirect('/public/moved')
    if (req.path === '/app/guarded' && !user) return res.redirect('/app/login')
    if (req.path === '/app/file') return res.attachment('file.txt').send('a file')
    // A browser may keep it for Back.
    if (req.path !== '/app/kept') res.set('Cache-Control', 'no-store')
    return res.send(
      `<!doctype html><meta charset="utf-8"><title>${user ?? 'login'}</title><link rel="icon" href="data:,"><body data-user="${user ?? ''}">` +
        '<script type="module" src="/page.js"></script>',
    )
  })

  const server = createServer(app).listen(0, 'localhost')
  await once(server, 'listening')
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    files,
    secrets,
    stats,
    state,
    rendered,
    /** Logs somebody in, elsewhere; returns the cookies of that. */
    beginSession: begin,
    /** From now on no access token issued so far is known. */
    forgetAccessTokens: () => {
      for (const session of sessions) session.access = token()
    },
    /** From now on no session is known. */
    forgetSessions: () => sessions.clear(),
    close: async () => {
      const closed = once(server, 'close')
      server.close().closeAllConnections()
      await closed
    },
  }
}
