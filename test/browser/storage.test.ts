import { afterEach, describe, expect, it } from 'vitest'
import type { Tab } from './engines/engine.ts'
import { engine, get, host, logIn, Scene, stateOf, untilStatus, useBrowser } from './harness.ts'

const browser = useBrowser()
let scene: Scene
afterEach(() => scene.close())

const storageOf = (page: Tab) => page.evaluate(async () => (await window.auth.inspect()).worker.storage)

describe('a page that takes the storage away', () => {
  it('can delete the database, and every tab hears that the session is gone (C10, C25)', async () => {
    scene = await Scene.open(browser)
    const page = await scene.tab()
    const other = await scene.tab()
    await logIn(page)
    await untilStatus(other, 'authenticated')

    const event = await page.evaluate(
      () =>
        new Promise(resolve => {
          const request = indexedDB.deleteDatabase('refresh-worker')
          for (const type of ['success', 'blocked', 'error']) request.addEventListener(type, () => resolve(type))
        }),
    )

    expect(event).toBe('success')
    for (const tab of [page, other]) await untilStatus(tab, 'anonymous')
    expect(await get(other, '/api/me')).toBe(401)
    await logIn(page)
    expect(await get(other, '/api/me')).toBe(200)
    expect(await storageOf(page)).toBe('indexeddb')
  })

  it.runIf(engine.can.stopWorkers)(
    'leaves nobody logged in with a record that is none, and a login replaces it (C12)',
    async () => {
      scene = await Scene.open(browser)
      const page = await scene.tab()
      await logIn(page)
      await page.evaluate(
        () =>
          new Promise((resolve, reject) => {
            const opening = indexedDB.open('refresh-worker')
            opening.onsuccess = () => {
              const transaction = opening.result.transaction('sessions', 'readwrite')
              transaction.objectStore('sessions').put({ status: 'authenticated', accessToken: 42 }, 'refresh-worker')
              transaction.oncomplete = resolve
              transaction.onerror = reject
            }
          }),
      )
      await scene.stopWorkers(page)
      expect(await get(page, '/api/me')).toBe(401)
      await page.reload()
      await page.evaluate(() => window.auth.ready)
      expect(await stateOf(page)).toEqual({ status: 'anonymous', reason: 'none' })
      await logIn(page)
      expect(await get(page, '/api/me')).toBe(200)
    },
  )
})

it('a connection that is closed, and nobody said so, is opened again (C11)', async () => {
  const body = `
    const { transaction } = IDBDatabase.prototype
    let faults = 3
    IDBDatabase.prototype.transaction = function (...args) {
      if (faults-- > 0) {
        this.close()
      }
      return transaction.apply(this, args)
    }
    importScripts('/refresh-worker.js')
    RefreshWorker.setup({ apiUrls: ['/api/'], useRefreshToken: true })`
  scene = await Scene.open(browser, { files: { '/closing.js': { type: 'text/javascript', body } } })
  const page = await scene.tab('/test.html?worker=/closing.js')
  await logIn(page)
  await page.evaluate(() => window.auth.updateToken())
  expect(await get(page, '/api/me')).toBe(200)
  await page.close()
  const again = await scene.tab('/test.html?worker=/closing.js')
  expect(await stateOf(again)).toMatchObject({ status: 'authenticated' })
})

describe.runIf(host === 'worker')('a worker without storage', () => {
  it.each([
    ['is refused it (C7)', "indexedDB.open = () => { throw new DOMException('', 'SecurityError') }"],
    ['waits for it in vain (C9)', 'indexedDB.open = () => new EventTarget()'],
  ])('that %s still logs in, authorizes and refreshes, and says where the session is', async (_, fault) => {
    const body = `${fault}
      importScripts('/refresh-worker.js')
      RefreshWorker.setup({ apiUrls: ['/api/'], useRefreshToken: true })`
    scene = await Scene.open(browser, { files: { '/broken.js': { type: 'text/javascript', body } } })
    const page = await scene.tab('/test.html?worker=/broken.js')
    const other = await scene.tab('/test.html?worker=/broken.js')
    await logIn(page)
    await untilStatus(other, 'authenticated')
    expect(await get(other, '/api/me')).toBe(200)
    await page.evaluate(() => window.auth.updateToken())
    expect(await get(other, '/api/me')).toBe(200)
    expect(await storageOf(page)).toBe('memory')
    expect(scene.demo.stats).toMatchObject({ refreshes: 1, unauthorized: 0 })
  })
})

/** Keeps the worker's transactions waiting, as a slow or busy disk does; returns what ends that. */
async function holdStorage(page: Tab): Promise<() => Promise<unknown>> {
  await page.evaluate(
    () =>
      new Promise<void>((resolve, reject) => {
        const opening = indexedDB.open('refresh-worker')
        opening.onerror = reject
        opening.onsuccess = () => {
          const store = opening.result.transaction('sessions', 'readwrite').objectStore('sessions')
          let isOver = false
          Object.assign(window, {
            releaseStorage: () => {
              isOver = true
            },
          })
          // A transaction ends when nothing is asked of it any more.
          const goOn = () => {
            if (isOver) opening.result.close()
            else store.count().onsuccess = goOn
          }
          store.count().onsuccess = () => {
            resolve()
            goOn()
          }
        }
      }),
  )
  return () => page.evaluate(() => (window as unknown as { releaseStorage: () => void }).releaseStorage())
}

describe('a worker whose storage is slow for a while', () => {
  const untilDurable = (page: Tab) =>
    expect.poll(async () => Object.keys(await stateOf(page)), { timeout: 20_000 }).not.toContain('isDurable')

  it('has a logout that says it is not stored yet, and that does not come back (V1)', async () => {
    scene = await Scene.open(browser)
    const page = await scene.tab()
    const other = await scene.tab()
    await logIn(page)
    await untilStatus(other, 'authenticated')

    const release = await holdStorage(other)
    const state = await page.evaluate(() => window.auth.logout())
    expect(state).toEqual({ status: 'anonymous', reason: 'logout', isDurable: false })
    await untilStatus(other, 'anonymous')
    expect(await get(page, '/api/me')).toBe(401)

    await release()
    await untilDurable(page)
    await untilDurable(other)
    if (engine.can.stopWorkers) await scene.stopWorkers(page)
    await page.reload()
    await page.evaluate(() => window.auth.ready)
    expect(await stateOf(page)).toEqual({ status: 'anonymous', reason: 'logout' })
    expect(await get(page, '/api/me')).toBe(401)
  })

  it('stores a refresh, and a login, as soon as it can (V2, V3)', async () => {
    scene = await Scene.open(browser)
    const page = await scene.tab()
    const other = await scene.tab()
    await logIn(page)
    await untilStatus(other, 'authenticated')

    for (const change of [() => page.evaluate(() => window.auth.updateToken()), () => logIn(page)]) {
      const release = await holdStorage(other)
      await change()
      expect(await stateOf(page)).toMatchObject({ status: 'authenticated', isDurable: false })
      expect(await get(page, '/api/me')).toBe(200)

      await release()
      await untilDurable(page)
      if (engine.can.stopWorkers) await scene.stopWorkers(page)
      // The refresh token is the newest: the server would revoke all for an older one.
      await page.evaluate(() => window.auth.updateToken())
      expect(await get(page, '/api/me')).toBe(200)
    }
    expect(scene.demo.stats).toMatchObject({ refreshes: 3, unauthorized: 0 })
  })
})

describe.runIf(host === 'worker')('a new version of the worker', () => {
  const workerOf = (options: string) => ({
    type: 'text/javascript',
    body: `importScripts('/refresh-worker.js')
      RefreshWorker.setup({ apiUrls: ['/api/'], useRefreshToken: true, ${options} })`,
  })
  const recordsIn = (page: Tab) =>
    page.evaluate(
      () =>
        new Promise<string>((resolve, reject) => {
          const opening = indexedDB.open('refresh-worker')
          opening.onerror = reject
          opening.onsuccess = () => {
            const all = opening.result.transaction('sessions').objectStore('sessions').getAll()
            all.onsuccess = () => resolve(JSON.stringify(all.result))
            all.onerror = reject
          }
        }),
    )

  it.each([
    ['of another token endpoint neither uses nor keeps what is stored (V6)', "refreshTokenUrl: '/elsewhere/token'"],
    ['with another storageKey finds the old record, and removes it (V7)', "storageKey: 'renamed'"],
  ])('%s', async (_, options) => {
    const files = { '/sw.js': workerOf('') }
    scene = await Scene.open(browser, { files })
    const page = await scene.tab('/test.html')
    await logIn(page)
    expect(await recordsIn(page)).toContain('refreshToken')

    scene.files['/sw.js'] = workerOf(options)
    await page.evaluate(async () => {
      const changed = new Promise(resolve =>
        navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }),
      )
      await (await navigator.serviceWorker.ready).update()
      await changed
    })
    await untilStatus(page, 'anonymous')
    await expect.poll(() => recordsIn(page)).toBe('[]')
    expect(await get(page, '/api/me')).toBe(401)
    await logIn(page)
    expect(await get(page, '/api/me')).toBe(200)
    expect(scene.demo.stats.refreshes).toBe(0)
  })
})
