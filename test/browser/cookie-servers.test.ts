/** Servers whose sessions are in cookies, as they are: Better Auth itself, and SuperTokens by its documentation. */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ensurePackages } from '../../scripts/packages.mjs'
import { type Backend, type BackendSite, openSite, post } from '../backends/backend.ts'
import { openImitation } from '../backends/imitation.ts'
import type { Tab } from './engines/engine.ts'
import { PAGE, stateOf, untilStatus, useBrowser } from './harness.ts'
import { useSites } from './site.ts'

const NPM = join(import.meta.dirname, '../backends/npm')
const LIFETIME = 600

await ensurePackages(NPM)
const { betterAuth } = (await import(join(NPM, 'better-auth.ts'))) as { betterAuth: Backend }

const servers: Backend[] = [
  {
    ...betterAuth,
    title: 'Better Auth, its cookie alone',
    setup: `{
      apiUrls: ['/api/auth/list-sessions'],
      loginUrl: '/api/auth/sign-in/email',
      logoutUrl: '/api/auth/sign-out',
      logoutMethod: 'post',
      // Its session renews itself where it is asked for.
      refreshTokenUrl: '/api/auth/get-session',
      refreshRequest: () => ({ method: 'GET' }),
      sessionUrl: '/api/auth/get-session',
      accessTokenIn: 'cookie',
      useRefreshToken: true,
      subjectProp: 'user.id',
      claims: ['user'],
      readTokens: async response => {
        const body = await response.json()
        if (!body?.user) return null
        // A login does not say how long: a week, unless configured.
        return body.session
          ? { accessToken: null, expiresAt: body.session.expiresAt }
          : { accessToken: null, expiresIn: 7 * 86_400 }
      },
      // Nobody is null, with the status 200.
      isRefreshRejected: async response => response.status === 401 || (await response.json()) === null,
    }`,
    api: { url: '/api/auth/list-sessions' },
    isRefresh: ({ url }) => url === '/api/auth/get-session',
  },
  {
    title: 'SuperTokens, in cookies, with a header against forgery (K11)',
    source: 'https://supertokens.com/docs/references/fdi/introduction',
    setup: `{
      apiUrls: ['/api/'],
      loginUrl: '/auth/signin',
      refreshTokenUrl: '/auth/session/refresh',
      logoutUrl: '/auth/signout',
      logoutMethod: 'post',
      accessTokenIn: 'cookie',
      useRefreshToken: true,
      subjectProp: 'user.id',
      refreshRequest: () => ({ headers: { rid: 'session' } }),
      readTokens: response => {
        const front = response.headers.get('front-token')
        return front && { accessToken: null, expiresAt: JSON.parse(atob(front)).ate }
      },
    }`,
    login: post('/auth/signin', { email: 'ada@example.org', password: 'lovelace' }),
    api: { url: '/api/me' },
    isRefresh: ({ url, method }) => method === 'POST' && url === '/auth/session/refresh',
    isLogout: ({ url }) => url === '/auth/signout',
    open: () =>
      openImitation((app, issuer) => {
        const cookieOf = (header = '', name: string) => new RegExp(`(?:^|; )${name}=([^;]*)`).exec(header)?.[1]
        app.post(['/auth/signin', '/auth/session/refresh'], async (req, res) => {
          const isLogin = req.path === '/auth/signin'
          const claims = isLogin ? null : await issuer.verify(cookieOf(req.headers.cookie, 'sRefreshToken'), 'refresh')
          if (claims) issuer.spend(claims)
          // Against forgery it asks for a header of its own.
          const isFine = isLogin ? req.body.password === issuer.users.ada : claims && req.get('rid')
          if (!isFine)
            return void (isLogin
              ? res.json({ status: 'WRONG_CREDENTIALS_ERROR' })
              : res.status(401).json({ message: 'unauthorised' }))
          const options = { httpOnly: true, sameSite: 'lax' } as const
          res.cookie('sAccessToken', await issuer.sign({ sub: 'ada', type: 'access' }), options)
          const refresh = await issuer.sign({ sub: 'ada', type: 'refresh' }, 86_400)
          res.cookie('sRefreshToken', refresh, { ...options, path: '/auth/session/refresh' })
          const front = { uid: 'ada', ate: Date.now() + LIFETIME * 1000, up: {} }
          res.set('front-token', Buffer.from(JSON.stringify(front)).toString('base64'))
          res.json(isLogin ? { status: 'OK', user: { id: 'ada' } } : {})
        })
        app.post('/auth/signout', (_, res) => {
          res.clearCookie('sAccessToken').clearCookie('sRefreshToken', { path: '/auth/session/refresh' })
          res.json({ status: 'OK' })
        })
        app.get('/api/me', async (req, res) => {
          const claims = await issuer.verify(cookieOf(req.headers.cookie, 'sAccessToken'), 'access')
          if (claims) res.json({ user: claims.sub })
          else res.status(401).json({ message: 'try refresh token' })
        })
      }),
  },
]

const browser = useBrowser()
const openSiteFor = useSites<BackendSite>(browser)

describe.each(servers)('$title', backend => {
  it('logs in, is refreshed once for five tabs, logs out, and a refusal ends the session', async () => {
    const server = await openSite({ ...backend, api: { url: '/none' } })
    const body = `importScripts('refresh-worker.js')\nRefreshWorker.setup(${backend.setup})\n`
    const site = await openSiteFor(server, {
      '/sw.js': { type: 'text/javascript', body },
      '/test.html': { type: 'text/html', body: PAGE },
    })
    const tabs = await site.tabs(5, '/test.html')
    const [tab] = tabs
    const send = (tab: Tab, { url, ...init }: Backend['login']) =>
      tab.evaluate(async ([url, init]) => (await fetch(url, init)).status, [url, init] as const)
    const askAll = () => Promise.all(tabs.map(tab => send(tab, backend.api)))
    const refreshes = () => server.came.filter(came => backend.isRefresh?.(came)).length

    expect(await send(tab, backend.api)).toBe(401)
    expect(await send(tab, backend.login)).toBe(200)
    for (const tab of tabs) await untilStatus(tab, 'authenticated')
    expect(await askAll()).toEqual([200, 200, 200, 200, 200])
    const before = refreshes()
    // Longer than either lets a session be without asking.
    await site.advance(tab, 8 * 86_400)
    expect(await askAll()).toEqual([200, 200, 200, 200, 200])
    expect(refreshes() - before).toBe(1)

    expect(await tab.evaluate(() => window.auth.logout())).toEqual({ status: 'anonymous', reason: 'logout' })
    for (const tab of tabs) await untilStatus(tab, 'anonymous')
    expect(await askAll()).toEqual([401, 401, 401, 401, 401])

    await send(tab, backend.login)
    for (const tab of tabs) await untilStatus(tab, 'authenticated')
    await server.backend.refuse()
    await site.advance(tab, 8 * 86_400)
    expect(await askAll()).toEqual([401, 401, 401, 401, 401])
    for (const tab of tabs) await untilStatus(tab, 'anonymous')
    expect(await stateOf(tab)).toEqual({ status: 'anonymous', reason: 'rejected' })
  })
})
