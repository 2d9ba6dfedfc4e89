import { afterEach, describe, expect, it } from 'vitest'
import type { Tab } from './engines/engine.ts'
import { engine, get, logIn, Scene, stateOf, untilStatus, useBrowser } from './harness.ts'

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

describe('a worker without storage', () => {
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
