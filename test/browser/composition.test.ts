import { afterEach, describe, expect, it } from 'vitest'
import { buildAngular, buildSerwist, buildVite, buildWorkbox, type Files } from '../composition/build.ts'
import type { Tab } from './engines/engine.ts'
import { get, logIn, Scene, stateOf, untilStatus, useBrowser } from './harness.ts'

declare global {
  interface Window {
    /** Of the application that Vite builds. */
    update: () => Promise<void>
  }
}

const browser = useBrowser()
let scene: Scene
afterEach(() => scene.close())

interface Composition {
  readonly name: string
  readonly build: (version: number) => Promise<Files>
  /** The page, and a file whose text says its version, precached. */
  readonly page: string
  readonly shell: string
  /** In the page: has the new version that was deployed take over, in the way of the library. */
  readonly update: (page: Tab) => Promise<void>
}

/** A new version that waits until a page says so: the old one goes on till then. */
const updateWhenAsked = async (page: Tab) => {
  await page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready
    await registration.update()
    await new Promise<void>(resolve => {
      const worker = registration.installing
      if (!worker) return resolve()
      worker.onstatechange = () => worker.state !== 'installing' && resolve()
    })
    if (!registration.waiting) throw new Error('the new version does not wait')
  })
}

const compositions: readonly Composition[] = [
  {
    name: 'Workbox',
    build: buildWorkbox,
    page: '/test.html',
    shell: '/shell.html',
    update: async page => {
      await updateWhenAsked(page)
      expect(await textOf(page, '/shell.html')).toContain('shell 1')
      await page.evaluate(async () => {
        const { waiting } = await navigator.serviceWorker.ready
        const hasTakenOver = new Promise(resolve => {
          navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true })
        })
        waiting?.postMessage({ type: 'SKIP_WAITING' })
        await hasTakenOver
      })
    },
  },
  {
    name: 'Serwist',
    build: buildSerwist,
    page: '/test.html',
    shell: '/shell.html',
    update: page =>
      page.evaluate(async () => {
        const hasTakenOver = new Promise(resolve => {
          navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true })
        })
        await (await navigator.serviceWorker.ready).update()
        await hasTakenOver
      }),
  },
  {
    name: "Angular's worker",
    build: buildAngular,
    page: '/test.html',
    shell: '/shell.html',
    update: page =>
      page.evaluate(async () => {
        const said = (type: string) =>
          new Promise<void>(resolve => {
            navigator.serviceWorker.addEventListener('message', ({ data }) => data.type === type && resolve())
          })
        const worker = navigator.serviceWorker.controller
        const isReady = said('VERSION_READY')
        worker?.postMessage({ action: 'CHECK_FOR_UPDATES', nonce: 1 })
        await isReady
        await said('OPERATION_COMPLETED')
        worker?.postMessage({ action: 'ACTIVATE_UPDATE', nonce: 2 })
        await said('OPERATION_COMPLETED')
      }),
  },
  {
    name: 'vite-plugin-pwa',
    build: buildVite,
    page: '/index.html',
    shell: '/index.html',
    update: async page => {
      await updateWhenAsked(page)
      expect(await textOf(page, '/index.html')).toContain('shell 1')
      await page.evaluate(() => window.update())
    },
  },
]

function textOf(page: Tab, path: string): Promise<string> {
  return page.evaluate(url => fetch(url).then(response => response.text()), path)
}

/** How a request ends: by a status, or in an error. */
function outcome(page: Tab, path: string): Promise<number | string> {
  return page.evaluate(
    url =>
      fetch(url).then(
        response => response.status,
        error => error.name,
      ),
    path,
  )
}

/** Settles once a file is in a cache, whoever put it there. */
function untilCached(page: Tab, path: string) {
  return expect
    .poll(() =>
      page.evaluate(async suffix => {
        const found: string[] = []
        for (const name of await caches.keys())
          for (const { url } of await (await caches.open(name)).keys())
            if (new URL(url).pathname === suffix) found.push(url)
        return found.length
      }, path),
    )
    .toBeGreaterThan(0)
}

/** A build takes a second or two, and is the same every time. */
const built = new Map<string, Promise<Files>>()
function buildOf({ name, build }: Composition, version: number): Promise<Files> {
  const key = `${name} ${version}`
  const files = built.get(key) ?? build(version)
  built.set(key, files)
  return files
}

async function open(composition: Composition): Promise<Tab> {
  const news = { '/news/today.json': { type: 'application/json', body: '"old news"' } }
  scene = await Scene.open(browser, { files: { ...(await buildOf(composition, 1)), ...news } })
  const tab = await scene.tab(composition.page)
  await untilCached(tab, composition.shell)
  return tab
}

const callFiveTimes = async () => {
  const calls = Array.from({ length: 5 }, async (_, n) => (await fetch(`/api/orders/${n + 1}`)).status)
  return Promise.all(calls)
}

describe.each(compositions)('one worker with $name', composition => {
  it('refreshes once for two tabs, and serves its precache and its routes with the server gone (G1, G8)', async () => {
    const page = await open(composition)
    const other = await scene.tab(composition.page)
    await logIn(page)
    await untilStatus(other, 'authenticated')
    expect(await get(page, '/api/me')).toBe(200)
    scene.demo.expireAccessTokens()

    const statuses = await Promise.all([page.evaluate(callFiveTimes), other.evaluate(callFiveTimes)])
    expect(statuses.flat()).toEqual(Array.from({ length: 10 }, () => 200))
    expect(scene.demo.stats).toMatchObject({ logins: 1, refreshes: 1, refreshFailures: 0 })

    expect(await textOf(page, '/news/today.json')).toBe('"old news"')
    await untilCached(page, '/news/today.json')
    await scene.demo.close()
    expect(await textOf(page, composition.shell)).toContain('shell 1')
    expect(await textOf(page, '/news/today.json')).toBe('"old news"')
    expect(await outcome(page, '/api/me')).toBe('TypeError')
    expect(await stateOf(page)).toMatchObject({ status: 'authenticated' })
  })

  it("hears its own messages, and is not moved by the other's", async () => {
    const page = await open(composition)
    await logIn(page)
    const before = { ...scene.demo.stats }
    const report = await page.evaluate(async () => {
      const worker = navigator.serviceWorker.controller
      const { port1, port2 } = new MessageChannel()
      // Whichever the other library knows.
      const isDone = new Promise(resolve => {
        port1.onmessage = resolve
        navigator.serviceWorker.addEventListener(
          'message',
          ({ data }) => data.type === 'OPERATION_COMPLETED' && resolve(undefined),
        )
      })
      worker?.postMessage({ type: 'SKIP_WAITING' })
      const urlsToCache = ['/api/me', '/api/orders/1']
      worker?.postMessage({ type: 'CACHE_URLS', payload: { urlsToCache } }, [port2])
      worker?.postMessage({ action: 'CHECK_FOR_UPDATES', nonce: 1 })
      await isDone
      return window.auth.inspect()
    })
    expect(report.worker.state).toMatchObject({ status: 'authenticated' })
    expect(scene.demo.stats).toEqual(before)
    expect(await get(page, '/api/me')).toBe(200)
    await page.evaluate(() => window.auth.logout())
    expect(await get(page, '/api/me')).toBe(401)
  })

  it('gives way to a new version of both as the other library has it, and the session stays (C15)', async () => {
    const page = await open(composition)
    await logIn(page)
    await untilStatus(page, 'authenticated')
    expect(await textOf(page, composition.shell)).toContain('shell 1')
    Object.assign(scene.files, await buildOf(composition, 2))
    await composition.update(page)

    expect(await textOf(page, composition.shell)).toContain('shell 2')
    expect(await get(page, '/api/me')).toBe(200)
    await page.reload()
    await page.evaluate(() => window.auth.ready)
    expect(await stateOf(page)).toMatchObject({ status: 'authenticated' })
    expect(await textOf(page, composition.shell)).toContain('shell 2')
    expect(scene.demo.stats).toMatchObject({ logins: 1, refreshes: 0, unauthorized: 0 })
  })
})
