import { afterEach, describe, expect, it } from 'vitest'
import type { Tab } from './engines/engine.ts'
import { barrier, engine, get, logIn, logInFor, Scene, stateOf, untilStatus, useBrowser } from './harness.ts'

const browser = useBrowser()
let scene: Scene
afterEach(() => scene.close())

const call = async () => (await fetch('/api/me')).status

describe.runIf(engine.can.stopWorkers)('G6: a worker that is killed in the middle of a refresh', () => {
  it('that had not reached the server: the next one makes it good, and the request goes through (C2)', async () => {
    const first = barrier()
    let count = 0
    scene = await Scene.open(browser, { beforeRefresh: () => (++count === 1 ? first.pass() : undefined) })
    const page = await scene.tab()
    await logInFor(scene, 1, page)
    await first.reached
    const status = page.evaluate(call)
    await scene.stopWorkers(page)

    expect(await status).toBe(200)
    expect(count).toBe(2)
    expect(scene.demo.stats.refreshes).toBe(1)
    expect(await stateOf(page)).toMatchObject({ status: 'authenticated' })
  })

  it('that had spent the refresh token: the session ends once, in every tab (C3, B22)', async () => {
    let count = 0
    scene = await Scene.open(browser, {
      beforeRefresh: () => void count++,
      // Its answer finds nobody.
      afterRefresh: () => scene.stopWorkers(page),
    })
    const page = await scene.tab()
    const other = await scene.tab()
    await logInFor(scene, 1, page)
    await expect.poll(() => count).toBe(1)

    expect(await page.evaluate(call)).toBe(401)
    for (const tab of [page, other]) {
      await untilStatus(tab, 'anonymous')
      expect(await stateOf(tab)).toEqual({ status: 'anonymous', reason: 'lost' })
    }
    expect(count).toBe(2)
    await logIn(page)
    expect(await get(other, '/api/me')).toBe(200)
  })
})

/** A worker that stops at a point of its refresh, for good, when a page has asked that run of it to. */
const HANGING = `
  let hangAt
  const channel = new BroadcastChannel('hanging')
  addEventListener('message', ({ data }) => {
    if (!data.hangAt) return
    hangAt = data.hangAt
    channel.postMessage('told')
  })
  const pass = point => {
    if (hangAt !== point) return
    channel.postMessage(point)
    return new Promise(() => {})
  }
  const isRefresh = request => request.url.endsWith('/auth/login')
  const requestLock = navigator.locks.request.bind(navigator.locks)
  navigator.locks.request = async (...args) => {
    await pass('before the lock')
    return requestLock(...args)
  }
  const send = self.fetch
  self.fetch = async request => {
    if (isRefresh(request)) await pass('before the request')
    const response = await send(request)
    if (isRefresh(request)) await pass('after the answer')
    if (request.url.endsWith('/api/echo')) await pass("after the API's answer")
    return response
  }
  const matchAll = clients.matchAll.bind(clients)
  clients.matchAll = async (...args) => {
    await pass('after the write')
    return matchAll(...args)
  }
  importScripts('/refresh-worker.js')
  RefreshWorker.setup({ apiUrls: ['/api/'], useRefreshToken: true, timeout: 300 })`

/** Sends a request to such a worker; settles once it hangs, with the status that the request will have. */
function untilHanging(page: Tab, hangAt: string, path: string, init: RequestInit = {}) {
  return page.evaluateHandle(
    async ({ hangAt, path, init }) => {
      const channel = new BroadcastChannel('hanging')
      const hears = (word: string) =>
        new Promise<void>(resolve => {
          channel.onmessage = ({ data }) => data === word && resolve()
        })
      // A message and a fetch may overtake each other on their way to the worker.
      const isTold = hears('told')
      navigator.serviceWorker.controller?.postMessage({ hangAt })
      await isTold
      const isReached = hears(hangAt)
      const status = fetch(path, init).then(response => response.status)
      await isReached
      return { status }
    },
    { hangAt, path, init },
  )
}

describe.runIf(engine.can.stopWorkers)('G6: a worker that is killed at each step of a refresh', () => {
  it.each([
    ['before the lock', 'C1', 200, 1, 'authenticated'],
    ['before the request', 'C1', 200, 1, 'authenticated'],
    ['after the answer', 'C3', 401, 2, 'anonymous'],
    ['after the write', 'C4', 200, 1, 'authenticated'],
  ] as const)(
    '%s (%s): the request that waits is answered %i, after %i refresh requests',
    async (point, _, status, count, end) => {
      let refreshes = 0
      const files = { '/sw.js': { type: 'text/javascript', body: HANGING } }
      scene = await Scene.open(browser, {
        files,
        beforeRefresh: () => {
          refreshes++
        },
      })
      const page = await scene.tab()
      await logIn(page)
      await untilStatus(page, 'authenticated')
      scene.demo.expireAccessTokens()

      const answer = await untilHanging(page, point, '/api/me')
      await scene.stopWorkers(page)

      expect(await answer.evaluate(({ status }) => status)).toBe(status)
      await untilStatus(page, end)
      expect(refreshes).toBe(count)
      expect(scene.demo.stats.refreshes).toBe(1)
    },
  )
})

it.runIf(engine.can.stopWorkers)(
  "a page's POST that had reached the API is sent again by the browser, and no third time by us (C5)",
  async () => {
    scene = await Scene.open(browser, { files: { '/sw.js': { type: 'text/javascript', body: HANGING } } })
    const page = await scene.tab()
    await logIn(page)
    const init = { method: 'POST', body: '"once"', headers: { 'Content-Type': 'application/json' } }
    const answer = await untilHanging(page, "after the API's answer", '/api/echo', init)
    await scene.stopWorkers(page)
    expect(await answer.evaluate(({ status }) => status)).toBe(200)
    expect(scene.demo.log.filter(({ path }) => path === '/api/echo')).toHaveLength(2)
  },
)

it.runIf(engine.can.stopWorkers)('updateToken() of a worker that is killed is asked of the next one', async () => {
  const first = barrier()
  let count = 0
  scene = await Scene.open(browser, { beforeRefresh: () => (++count === 1 ? first.pass() : undefined) })
  const page = await scene.tab()
  await logIn(page)
  await untilStatus(page, 'authenticated')
  const state = page.evaluate(() => window.auth.updateToken())
  await first.reached
  await scene.stopWorkers(page)
  expect(await state).toMatchObject({ status: 'authenticated' })
  expect(scene.demo.stats.refreshes).toBe(1)
})

it('a refresh whose tabs are all closed finishes, and is there for the next one (C21)', async () => {
  const refresh = barrier()
  scene = await Scene.open(browser, { beforeRefresh: refresh.pass })
  const page = await scene.tab()
  await logInFor(scene, 1, page)
  await refresh.reached
  await page.close()
  refresh.open()
  await expect.poll(() => scene.demo.stats.refreshes).toBe(1)

  const again = await scene.tab()
  expect(await get(again, '/api/me')).toBe(200)
  expect(scene.demo.stats).toMatchObject({ refreshes: 1, refreshFailures: 0, unauthorized: 0 })
})
