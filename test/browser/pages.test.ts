import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import express from 'express'
import { afterEach, describe, expect, it } from 'vitest'
import { type CookieServer, openCookieServer } from '../servers/cookie-server.ts'
import { get, host, logIn, Scene, stateOf, untilStatus, useBrowser } from './harness.ts'
import { useSites } from './site.ts'

// A headless shell has no back-forward cache.
const browser = useBrowser('executable')
let scene: Scene | undefined
afterEach(async () => {
  await scene?.close()
  scene = undefined
})

const PLAIN = { '/plain.html': { type: 'text/html', body: '<!doctype html><link rel="icon" href="data:,">' } }

const COOKIE_WORKER = `importScripts('/refresh-worker.js')
  RefreshWorker.setup({
    apiUrls: ['/api/'],
    refreshTokenUrl: '/auth/refresh',
    accessTokenIn: 'cookie',
    useRefreshToken: true,
    subjectProp: 'user.id',
    navigations: ['/app/'],
  })`

describe('a page', () => {
  it.runIf(host === 'worker')(
    'that was there before the worker, and knows nothing of it, is authorized too (C23)',
    async () => {
      scene = await Scene.open(browser, { files: PLAIN })
      const old = await scene.tab('/plain.html', { ready: false })
      expect(await get(old, '/api/me')).toBe(401)
      await logIn(await scene.tab())
      await expect.poll(() => get(old, '/api/me')).toBe(200)
    },
  )

  it('that comes back from the back-forward cache knows what has happened meanwhile (C22, P12)', async () => {
    scene = await Scene.open(browser, { files: PLAIN })
    const page = await scene.tab()
    const other = await scene.tab()
    await logIn(page)
    await untilStatus(page, 'authenticated')
    // Where a message comes for a page that keeps the session itself, engines put it out of the cache, and load it anew.
    const isBack =
      host === 'page' ? "window.isRestored === true || typeof auth === 'object'" : 'window.isRestored === true'
    const restored = () => page.evaluate<boolean>(`location.pathname === '/test.html' && (${isBack})`)
    await page.evaluate(() => {
      addEventListener('pageshow', ({ persisted }) => Object.assign(window, { isRestored: persisted }))
    })
    await page.goto(`${scene.origin}/plain.html`)
    await other.evaluate(() => window.auth.logout())
    // Not before the driver has seen that this is done.
    await page.evaluate(() => void setTimeout(() => history.back(), 100))
    await expect.poll(() => restored().catch(() => false)).toBe(true)
    await untilStatus(page, 'anonymous')
    expect(await stateOf(page)).toEqual({ status: 'anonymous', reason: 'logout' })
    await logIn(page)
    expect(await get(other, '/api/me')).toBe(200)
  })
})

const openCookies = useSites<CookieServer>(browser)

it.runIf(host === 'worker')(
  'a page of a session in cookies that comes back from the back-forward cache is not asked for again (K21, C22)',
  async () => {
    const type = 'text/javascript'
    const server = await openCookieServer()
    const site = await openCookies(server, {
      '/sw.js': { type, body: COOKIE_WORKER },
      '/page.js': {
        type,
        body: "import { register } from '/refresh-worker/index.js'\nwindow.auth = register('/sw.js')",
      },
    })
    const tab = await site.tab('/public/')
    await tab.evaluate(async () => {
      const body = JSON.stringify({ name: 'ada', password: 'lovelace' })
      await fetch('/auth/login', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body })
    })
    await tab.goto(`${server.origin}/app/kept`)
    await tab.evaluate(async () => {
      await window.auth.ready
      addEventListener('pageshow', ({ persisted }) => Object.assign(window, { isRestored: persisted }))
    })
    await tab.goto(`${server.origin}/public/`)
    await tab.evaluate(() => window.auth.ready)
    await site.expireTokens(tab)
    const before = server.rendered.length
    await tab.evaluate(() => void setTimeout(() => history.back(), 100))
    const isBack = () => tab.evaluate<boolean>("location.pathname === '/app/kept' && window.isRestored === true")
    await expect.poll(() => isBack().catch(() => false)).toBe(true)
    expect(await tab.evaluate(() => document.body.dataset.user)).toBe('ada')
    // It asks for the state, as C22 says, and its requests are authorized.
    await untilStatus(tab, 'authenticated')
    expect(await get(tab, '/api/data')).toBe(200)
    expect(server.rendered).toHaveLength(before)
    expect(server.stats).toMatchObject({ refreshes: 1, refusals: 0 })
  },
)

const address = Object.values(networkInterfaces())
  .flatMap(addresses => addresses ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address

// Without a network every address of this machine is a secure one.
it.runIf(address && host === 'worker')(
  'a page that is neither https nor localhost says what it would take (C24)',
  async () => {
    const page = `<!doctype html><link rel="icon" href="data:,"><script type="module">
    import { register } from '/index.js'
    window.auth = register('/sw.js')
  </script>`
    const app = express().use(express.static('dist'))
    app.get('/', (_, response) => void response.type('html').send(page))
    const server = createServer(app)
    await new Promise<void>(resolve => server.listen(0, address, resolve))
    const profile = await browser.newProfile()
    try {
      const tab = await profile.newTab()
      await tab.goto(`http://${address}:${(server.address() as AddressInfo).port}/`)
      const failure = await tab.evaluate(() => window.auth.ready.catch(({ code, message }) => ({ code, message })))
      expect(failure).toEqual({ code: 'insecure_context', message: expect.stringContaining('https://') })
      expect(await stateOf(tab)).toEqual({ status: 'unsupported', code: 'insecure_context' })
    } finally {
      await profile.close()
      server.close()
      server.closeAllConnections()
    }
  },
)
