import { afterEach, describe, expect, it } from 'vitest'
import type { DemoOptions } from '../../examples/demo/app.mjs'
import type { Tab } from './engines/engine.ts'
import { barrier, engine, get, logIn, Scene, untilStatus, useBrowser } from './harness.ts'

const browser = useBrowser()
let scene: Scene
afterEach(() => scene.close())

const worker = {
  type: 'text/javascript',
  body: "importScripts('/refresh-worker.js'); RefreshWorker.setup({ apiUrls: ['/api/'], useRefreshToken: true })",
}

/** A page below `/app/`, which has a worker of its own, and one that has not. */
async function openScopes(options: DemoOptions = {}): Promise<[Tab, Tab]> {
  const page = (path: string) => ({
    type: 'text/html',
    body: `<!doctype html><link rel="icon" href="data:,"><script type="module">
      import { register } from '/refresh-worker/index.js'
      window.auth = register('${path}sw.js')
    </script>`,
  })
  const files = { '/app/sw.js': worker, '/app/page.html': page('/app/'), '/page.html': page('/') }
  scene = await Scene.open(browser, { ...options, files: { ...files, '/sw.js': worker } })
  return [await scene.tab('/page.html'), await scene.tab('/app/page.html')]
}

describe('two scopes of one origin', () => {
  it('share the session: a login and a logout reach the pages of both (C18)', async () => {
    const [outer, inner] = await openScopes()
    expect(await inner.evaluate(() => navigator.serviceWorker.controller?.scriptURL)).toBe(`${scene.origin}/app/sw.js`)
    await logIn(outer)
    await untilStatus(inner, 'authenticated')
    expect(await get(inner, '/api/me')).toBe(200)

    await inner.evaluate(() => window.auth.logout())
    await untilStatus(outer, 'anonymous')
    expect(await get(outer, '/api/me')).toBe(401)
    expect(scene.demo.stats.unauthorized).toBe(1)
  })

  it('refresh once between them (C18, N22)', async () => {
    const [outer, inner] = await openScopes()
    await logIn(outer)
    await untilStatus(inner, 'authenticated')
    scene.demo.expireAccessTokens()
    const call = async () =>
      Promise.all(Array.from({ length: 20 }, async (_, n) => (await fetch(`/api/orders/${n + 1}`)).status))
    const statuses = await Promise.all([outer.evaluate(call), inner.evaluate(call)])
    expect(statuses.flat()).toEqual(Array.from({ length: 40 }, () => 200))
    expect(scene.demo.stats).toMatchObject({ refreshes: 1, refreshFailures: 0 })
  })

  it.runIf(engine.can.stopWorkers)('take over the refresh of one that is killed (N15)', async () => {
    const first = barrier()
    let count = 0
    const [outer, inner] = await openScopes({ beforeRefresh: () => (++count === 1 ? first.pass() : undefined) })
    await logIn(outer)
    await untilStatus(inner, 'authenticated')
    await untilStatus(outer, 'authenticated')
    const update = outer.evaluate(() => window.auth.updateToken().catch(({ code }) => code))
    await first.reached
    const waiting = inner.evaluate(() => window.auth.updateToken())
    await scene.stopWorker(outer, '/sw.js')
    expect(await waiting).toMatchObject({ status: 'authenticated' })
    expect(await update).toMatchObject({ status: 'authenticated' })
    expect(scene.demo.stats.refreshes).toBe(1)
    expect(count).toBe(2)
  })
})

describe('a lock that a page has its hands on (C19)', () => {
  const impatient = { ...worker, body: worker.body.replace('useRefreshToken', 'timeout: 2, useRefreshToken') }

  it('held for ever: the refresh goes on without it', async () => {
    scene = await Scene.open(browser, { files: { '/sw.js': impatient } })
    const page = await scene.tab()
    await logIn(page)
    await page.evaluate(
      () =>
        new Promise<void>(resolve => {
          navigator.locks.request('refresh-worker:refresh', () => {
            resolve()
            return new Promise(() => undefined)
          })
        }),
    )
    expect(await page.evaluate(() => window.auth.updateToken())).toMatchObject({ status: 'authenticated' })
    expect(scene.demo.stats).toMatchObject({ refreshes: 1, refreshFailures: 0 })
  })

  it('stolen in the middle of a refresh: it is finished, and nothing is lost', async () => {
    const refresh = barrier()
    scene = await Scene.open(browser, { files: { '/sw.js': worker }, beforeRefresh: refresh.pass })
    const page = await scene.tab()
    await logIn(page)
    await untilStatus(page, 'authenticated')
    const update = page.evaluate(() => window.auth.updateToken())
    await refresh.reached
    await page.evaluate(() => navigator.locks.request('refresh-worker:refresh', { steal: true }, () => undefined))
    refresh.open()
    expect(await update).toMatchObject({ status: 'authenticated' })
    expect(await get(page, '/api/me')).toBe(200)
    expect(scene.demo.stats).toMatchObject({ refreshes: 1, refreshFailures: 0, unauthorized: 0 })
  })
})

describe('two versions of one worker', () => {
  it('a new one that comes in the middle of a refresh neither repeats it nor loses it (C16)', async () => {
    const refresh = barrier()
    scene = await Scene.open(browser, { files: { '/sw.js': worker }, beforeRefresh: refresh.pass })
    const page = await scene.tab()
    await logIn(page)
    await untilStatus(page, 'authenticated')
    const update = page.evaluate(() => window.auth.updateToken())
    await refresh.reached
    scene.files['/sw.js'] = { ...worker, body: `${worker.body} // 2` }
    await page.evaluate(async () => {
      const registration = await navigator.serviceWorker.ready
      Object.assign(window, {
        isReplaced: new Promise(resolve => navigator.serviceWorker.addEventListener('controllerchange', resolve)),
      })
      await registration.update()
    })
    refresh.open()
    expect(await update).toMatchObject({ status: 'authenticated' })
    await page.evaluate('isReplaced')
    expect(await get(page, '/api/me')).toBe(200)
    expect(scene.demo.stats).toMatchObject({ refreshes: 1, refreshFailures: 0, unauthorized: 0 })
  })

  it('a new one takes over without a reload, and has the session (C15)', async () => {
    scene = await Scene.open(browser, { files: { '/sw.js': worker } })
    const page = await scene.tab()
    await logIn(page)
    await page.evaluate(() => window.auth.updateToken())
    scene.files['/sw.js'] = { ...worker, body: `${worker.body} // 2` }
    await page.evaluate(async () => {
      const isReplaced = new Promise(resolve => navigator.serviceWorker.addEventListener('controllerchange', resolve))
      const registration = await navigator.serviceWorker.ready
      await registration.update()
      await isReplaced
    })
    expect(await get(page, '/api/me')).toBe(200)
    expect(await page.evaluate(async () => (await window.auth.inspect()).worker.lastRefresh)).toBeNull()
    expect(await page.evaluate(() => window.auth.updateToken())).toMatchObject({ status: 'authenticated' })
    expect(scene.demo.stats).toMatchObject({ refreshes: 2, unauthorized: 0 })
  })
})
