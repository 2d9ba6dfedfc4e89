/** What a worker finds that takes the place of another, and what pages that go away leave behind. */
import { afterEach, describe, expect, it } from 'vitest'
import { barrier, engine, get, logIn, logInFor, Scene, useBrowser } from './harness.ts'

const browser = useBrowser()
let scene: Scene
afterEach(() => scene.close())

const script = (body: string) => ({ type: 'text/javascript', body })

it('V33: navigation preload that a former worker left on is off, and a navigation is sent once', async () => {
  const preloading = `
    addEventListener('install', () => skipWaiting())
    addEventListener('activate', event => event.waitUntil(registration.navigationPreload?.enable()))
    addEventListener('fetch', event => {
      if (event.request.mode === 'navigate') event.respondWith(event.preloadResponse.then(found => found ?? fetch(event.request)))
    })`
  scene = await Scene.open(browser, { files: { '/app.js': script(preloading) } })
  const page = await scene.tab()
  const stateOf = () =>
    page.evaluate(
      async () => (await (await navigator.serviceWorker.ready).navigationPreload?.getState())?.enabled ?? false,
    )
  await page.evaluate(async () => {
    await navigator.serviceWorker.register('/app.js')
    const { installing, active } = await navigator.serviceWorker.ready
    const worker = installing ?? active
    while (worker?.state !== 'activated') await new Promise(resolve => setTimeout(resolve, 10))
  })
  scene.files['/app.js'] = script("importScripts('/refresh-worker.js'); RefreshWorker.setup({ apiUrls: ['/api/'] })")
  await page.goto(`${scene.origin}/test.html?worker=/app.js`)
  await page.evaluate(() => window.auth.ready)
  await expect.poll(stateOf).toBe(false)
  let navigations = 0
  scene.demo.server.prependListener('request', ({ url }) => url === '/test.html?worker=/app.js' && navigations++)
  await page.reload()
  expect(navigations).toBe(1)
  await logIn(page)
  expect(await get(page, '/api/me')).toBe(200)
})

describe('V39: a POST that waits for a refresh when its page goes away', () => {
  async function leaveWhileWaiting(init: RequestInit, leave: 'close' | 'navigate') {
    const refresh = barrier()
    scene = await Scene.open(browser, { beforeRefresh: refresh.pass })
    const other = await scene.tab()
    const page = await scene.tab()
    await logInFor(scene, 1, page)
    await refresh.reached
    await page.evaluate(
      init => void fetch('/api/orders', { method: 'POST', body: 'two', ...init }).catch(() => {}),
      init,
    )
    // It is in the worker by now: another tab's question is answered after it.
    await page.evaluate(() => window.auth.inspect())
    await expect
      .poll(async () => (await other.evaluate(() => window.auth.inspect())).worker.openRequests)
      .toBeGreaterThan(0)
    if (leave === 'close') await page.close()
    else await page.goto(`${scene.origin}/refresh-worker/index.js`)
    refresh.open()
    // After whatever waited for it.
    expect(await get(other, '/api/me')).toBe(200)
    await expect.poll(async () => (await other.evaluate(() => window.auth.inspect())).worker.openRequests).toBe(0)
    return scene.demo.log.filter(({ path }) => path === '/api/orders').length
  }

  it.each(['close', 'navigate'] as const)('is not sent (%s)', async leave => {
    expect(await leaveWhileWaiting({}, leave)).toBe(0)
  })

  // Where pages may send such a request at all.
  it.runIf(engine.name === 'chromium')('is sent if it has keepalive, which is for that', async () => {
    expect(await leaveWhileWaiting({ keepalive: true }, 'navigate')).toBe(1)
  })
})
