import { afterEach, describe, expect, it } from 'vitest'
import { engine, get, logIn, Scene, useBrowser } from './harness.ts'

const browser = useBrowser()
let scene: Scene
afterEach(() => scene.close())

/** Tells the server of each start and of each fetch event. */
const TELLING = `
  const tell = fetch
  tell('/starts')
  addEventListener('fetch', ({ request }) => tell('/heard?' + new URL(request.url).pathname))
  importScripts('/refresh-worker.js')
  RefreshWorker.setup({ apiUrls: ['/api/'], logoutUrl: '/auth/logout', useRefreshToken: true, staticRoutes: true })`

async function open() {
  const starts: string[] = []
  const events: string[] = []
  scene = await Scene.open(browser, {
    files: {
      '/sw.js': { type: 'text/javascript', body: TELLING },
      '/plain.html': { type: 'text/html', body: '<!doctype html><link rel="icon" href="data:,">' },
    },
  })
  scene.demo.server.prependListener('request', ({ url = '' }) => {
    if (url === '/starts') starts.push(url)
    if (url.startsWith('/heard?')) events.push(url.slice('/heard?'.length))
  })
  return { starts, events, page: await scene.tab() }
}

describe('G8: a worker with static routes', () => {
  it('logs in, authorizes and logs out as one without', async () => {
    const { page } = await open()
    await logIn(page)
    expect(await get(page, '/api')).toBe(404)
    expect(await get(page, '/api/me?x=1')).toBe(200)
    const other = await scene.tab()
    expect(await get(other, '/api/me')).toBe(200)
    expect(await get(page, '/auth/logout')).toBe(204)
    expect(await get(page, '/api/me')).toBe(401)
    expect(await page.evaluate(() => window.auth.getSnapshot())).toEqual({ status: 'anonymous', reason: 'logout' })
  })

  // Static routes are Chromium's alone; elsewhere the option changes nothing.
  it.runIf(engine.name === 'chromium')(
    'hears of no request that is not its own, and is not started for one',
    async () => {
      const { page, starts, events } = await open()
      await logIn(page)
      await get(page, '/demo.json')
      await get(page, '/apis')
      await get(page, '/api/me')
      await page.goto(`${scene.origin}/plain.html`)
      await get(page, '/api/orders/1')
      await expect.poll(() => events).toEqual(['/auth/login', '/api/me', '/api/orders/1'])

      await scene.stopWorkers(page)
      const before = starts.length
      // A navigation would have Chromium start it behind the page, for what the page may ask for.
      expect(await get(page, '/demo.json')).toBe(200)
      expect(starts).toHaveLength(before)
      expect(await get(page, '/api/me')).toBe(200)
      await expect.poll(() => starts).toHaveLength(before + 1)
    },
  )
})
