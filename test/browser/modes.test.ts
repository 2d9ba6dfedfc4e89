import type { IncomingMessage } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import type { Tab } from './engines/engine.ts'
import { engine, get, host, logIn, logInFor, Scene, stateOf, untilStatus, useBrowser } from './harness.ts'

const browser = useBrowser()
let scene: Scene
afterEach(() => scene.close())

const MEMORY = { memory: true }
const BOTH = { memory: true, cookie: true }

/** Everything that the page can read, of whatever the browser keeps for its origin, and of what it was told. */
function readAll(page: Tab): Promise<string> {
  return page.evaluate(async () => {
    const settled = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result)
        request.onerror = () => reject(request.error)
      })
    const found: unknown[] = []
    // Where an engine does not list them, the worker's own.
    const databases = (await indexedDB.databases?.()) ?? [{ name: 'refresh-worker' }]
    for (const { name } of databases) {
      const database = await settled(indexedDB.open(name as string))
      for (const store of database.objectStoreNames) {
        const records = database.transaction(store).objectStore(store)
        found.push(name, store, await settled(records.getAllKeys()), await settled(records.getAll()))
      }
      database.close()
    }
    for (const name of await caches.keys()) {
      const cache = await caches.open(name)
      for (const request of await cache.keys()) {
        const response = await cache.match(request)
        found.push(request.url, [...request.headers], [...(response?.headers ?? [])], await response?.text())
      }
    }
    found.push(
      { ...localStorage },
      { ...sessionStorage },
      document.cookie,
      performance.getEntries(),
      window.auth.getSnapshot(),
      await window.auth.inspect(),
      navigator.serviceWorker.controller?.scriptURL,
    )
    return JSON.stringify(found)
  })
}

/** The tokens that the server has given, of each kind, as they went over the wire. */
function listen(to: Scene) {
  const given = { access: new Set<string>(), refresh: new Set<string>() }
  const requests: { path: string; body: string; headers: IncomingMessage['headers'] }[] = []
  to.demo.server.prependListener('request', (request, response) => {
    const entry = { path: request.url ?? '', body: '', headers: request.headers }
    requests.push(entry)
    if (request.url !== '/auth/login') return
    request.on('data', chunk => {
      entry.body += chunk
    })
    const { end } = response
    response.end = (...args: unknown[]) => {
      const answer = JSON.parse(String(args[0]))
      if (answer.access_token) given.access.add(answer.access_token)
      if (answer.refresh_token) given.refresh.add(answer.refresh_token)
      for (const cookie of [response.getHeader('Set-Cookie') ?? []].flat())
        given.refresh.add(String(cookie).slice('refresh_token='.length).split(';', 1)[0] as string)
      return Reflect.apply(end, response, args)
    }
  })
  return { given, requests }
}

/** What begins every part of them would be found with: header, payload, signature. */
function partsOf(tokens: ReadonlySet<string>): string[] {
  return [...tokens].flatMap(token => [token, ...token.split('.').slice(1)])
}

/** Logs in, refreshes, calls the API; settles with what the page has seen of the login. */
async function work(page: Tab) {
  const { body } = await logIn(page)
  await page.evaluate(() => window.auth.updateToken())
  expect(await get(page, '/api/me')).toBe(200)
  scene.demo.expireAccessTokens()
  expect(await get(page, '/api/orders/1')).toBe(200)
  return JSON.stringify(body)
}

const callTwenty = async () =>
  Promise.all(Array.from({ length: 20 }, async (_, n) => (await fetch(`/api/orders/${n + 1}`)).status))

/** How often the page hears that somebody, or nobody, is logged in from now on. */
function countChanges(page: Tab) {
  return page.evaluate(() => {
    const changes: boolean[] = []
    window.auth.addEventListener('authentication-change', event => changes.push(event.detail.authenticated))
    Object.assign(window, { changes })
  })
}

const changesOf = (page: Tab) => page.evaluate<boolean[]>('changes')

/** Puts another version of the worker into the place of the one that runs. */
async function replaceWorker(page: Tab) {
  const response = await fetch(`${scene.origin}/sw.js`)
  scene.files['/sw.js'] = { type: 'text/javascript', body: `${await response.text()} // 2` }
  await page.evaluate(async () => {
    const isReplaced = new Promise(resolve => navigator.serviceWorker.addEventListener('controllerchange', resolve))
    const registration = await navigator.serviceWorker.ready
    await registration.update()
    await isReplaced
  })
}

describe('what a script in the page finds', () => {
  it('in IndexedDB, unless told otherwise: every token, as the documentation says (R1, G11)', async () => {
    scene = await Scene.open(browser)
    const { given } = listen(scene)
    const page = await scene.tab()
    await work(page)
    const found = await readAll(page)
    expect([...given.access, ...given.refresh].filter(token => found.includes(token))).toHaveLength(2)
  })

  it.each([
    ['memory', MEMORY],
    ['memory and cookie', BOTH],
  ])('with %s: no token, nor a part of one, in any storage, nor in what it is told (R2, H17)', async (_, options) => {
    scene = await Scene.open(browser, options)
    const { given } = listen(scene)
    const page = await scene.tab()
    const body = await work(page)
    const found = (await readAll(page)) + body
    expect(given.access.size).toBe(3)
    expect(given.refresh.size).toBe(3)
    expect([...partsOf(given.access), ...partsOf(given.refresh)].filter(part => found.includes(part))).toEqual([])
    // It is the record that was read, and the session is in it; but one that a page keeps for itself has none.
    const { sessionId } = (await stateOf(page)) as { sessionId: string }
    const record = `"generation":3,"status":"authenticated","id":"${sessionId}","accessToken":null`
    expect(found.includes(record)).toBe(host === 'worker' || options === BOTH)
    expect(await page.evaluate(async () => (await window.auth.inspect()).worker.storage)).toBe('memory')
  })

  it('with cookie alone: no refresh token, neither in a record nor in document.cookie (H17)', async () => {
    scene = await Scene.open(browser, { cookie: true })
    const { given, requests } = listen(scene)
    const page = await scene.tab()
    const body = await work(page)
    const found = (await readAll(page)) + body
    expect(given.refresh.size).toBe(3)
    expect(partsOf(given.refresh).filter(part => found.includes(part))).toEqual([])
    expect(found).toContain('"refreshToken":null')
    // Nor does it go anywhere but to the token endpoint, and there in the cookie alone.
    for (const { path, body, headers } of requests) {
      expect([...given.refresh].filter(token => body.includes(token))).toEqual([])
      if (!path.startsWith('/auth/')) expect(headers.cookie ?? '').not.toContain('refresh_token')
    }
    const refreshes = requests.filter(({ body }) => body.includes('grant_type'))
    expect(refreshes.map(({ headers }) => headers['x-requested-with'])).toEqual(['refresh-worker', 'refresh-worker'])
  })
})

describe("storage: 'memory'", () => {
  it.runIf(host === 'worker')('logs out in all tabs, and leaves nothing (R2)', async () => {
    scene = await Scene.open(browser, MEMORY)
    const page = await scene.tab()
    const other = await scene.tab()
    await logIn(page)
    await untilStatus(other, 'authenticated')
    await page.evaluate(() => window.auth.logout())
    await untilStatus(other, 'anonymous')
    expect(await stateOf(other)).toEqual({ status: 'anonymous', reason: 'logout' })
    expect(await get(other, '/api/me')).toBe(401)
    expect(await readAll(page)).not.toContain('"status":"authenticated"')
  })

  it.runIf(host === 'worker')('lets one tab after another close, while the worker lives', async () => {
    scene = await Scene.open(browser, MEMORY)
    const page = await scene.tab()
    await logIn(page)
    await page.reload()
    await page.evaluate(() => window.auth.ready)
    const other = await scene.tab()
    await page.close()
    expect(await get(other, '/api/me')).toBe(200)
  })

  it.runIf(engine.can.stopWorkers)('ends with the worker: lost, told to every tab once', async () => {
    scene = await Scene.open(browser, MEMORY)
    const page = await scene.tab()
    const other = await scene.tab()
    await logIn(page)
    await untilStatus(page, 'authenticated')
    await untilStatus(other, 'authenticated')
    for (const tab of [page, other]) await countChanges(tab)
    await scene.stopWorkers(page)

    expect(await get(page, '/api/me')).toBe(401)
    for (const tab of [page, other]) {
      await untilStatus(tab, 'anonymous')
      expect(await stateOf(tab)).toEqual({ status: 'anonymous', reason: 'lost' })
      expect(await changesOf(tab)).toEqual([false])
    }
    expect(scene.demo.stats.refreshes + scene.demo.stats.refreshFailures).toBe(0)
    await logIn(other)
    expect(await get(page, '/api/me')).toBe(200)
  })

  it.runIf(host === 'worker')('ends with a new version of the worker: lost, told to every tab once', async () => {
    scene = await Scene.open(browser, MEMORY)
    const page = await scene.tab()
    const other = await scene.tab()
    await logIn(page)
    await untilStatus(page, 'authenticated')
    await untilStatus(other, 'authenticated')
    for (const tab of [page, other]) await countChanges(tab)
    await replaceWorker(page)

    expect(await get(page, '/api/me')).toBe(401)
    for (const tab of [page, other]) {
      await untilStatus(tab, 'anonymous')
      expect(await stateOf(tab)).toEqual({ status: 'anonymous', reason: 'lost' })
      expect(await changesOf(tab)).toEqual([false])
    }
    await logIn(page)
    expect(await get(other, '/api/me')).toBe(200)
  })
})

describe("storage: 'memory' with refreshTokenIn: 'cookie'", () => {
  it('sends one refresh for forty requests of two tabs (G1, N2)', async () => {
    scene = await Scene.open(browser, BOTH)
    const page = await scene.tab()
    const other = await scene.tab()
    const expiresAt = await logInFor(scene, 1, page)
    await untilStatus(other, 'authenticated')
    await expect.poll(() => Date.now()).toBeGreaterThan(expiresAt)
    const statuses = await Promise.all([page.evaluate(callTwenty), other.evaluate(callTwenty)])
    expect(statuses.flat()).toEqual(Array.from({ length: 40 }, () => 200))
    // Each page that keeps its own tokens needs one; and no more, though the other's is the newer one.
    for (const tab of [page, other, page]) expect(await get(tab, '/api/me')).toBe(200)
    const refreshes = host === 'page' ? 2 : 1
    expect(scene.demo.stats).toMatchObject({ refreshes, refreshFailures: 0, unauthorized: 0 })
  })

  it.runIf(engine.can.stopWorkers)(
    'goes on after the worker was stopped: one refresh, the same session (G1, C6)',
    async () => {
      scene = await Scene.open(browser, BOTH)
      const page = await scene.tab()
      const other = await scene.tab()
      await logIn(page)
      for (const tab of [page, other]) await untilStatus(tab, 'authenticated')
      const before = await stateOf(page)
      for (const tab of [page, other]) await countChanges(tab)
      await scene.stopWorkers(page)

      const statuses = await Promise.all([page.evaluate(callTwenty), other.evaluate(callTwenty)])
      expect(statuses.flat()).toEqual(Array.from({ length: 40 }, () => 200))
      expect(scene.demo.stats).toMatchObject({ refreshes: 1, refreshFailures: 0, unauthorized: 0 })
      for (const tab of [page, other]) {
        const { sessionId, claims } = before as { sessionId: string; claims: object }
        await expect
          .poll(() => stateOf(tab))
          .toMatchObject({ status: 'authenticated', sessionId, generation: 2, claims })
        expect(await changesOf(tab)).toEqual([])
      }
    },
  )

  it.runIf(engine.can.stopWorkers)('gets a token for the page that comes first, and the claims with it', async () => {
    scene = await Scene.open(browser, BOTH)
    const page = await scene.tab()
    await logIn(page)
    const { sessionId } = (await page.evaluate(() => window.auth.updateToken())) as { sessionId: string }
    await scene.stopWorkers(page)
    await page.reload()
    await page.evaluate(() => window.auth.ready)
    await expect.poll(() => stateOf(page)).toMatchObject({ sessionId, generation: 3, claims: { sub: 'ada' } })
    expect(await get(page, '/api/me')).toBe(200)
    expect(scene.demo.stats).toMatchObject({ refreshes: 2, refreshFailures: 0, unauthorized: 0 })
  })

  it.runIf(host === 'worker')('goes on in a new version of the worker: one refresh, the same session', async () => {
    scene = await Scene.open(browser, BOTH)
    const page = await scene.tab()
    const other = await scene.tab()
    await logIn(page)
    for (const tab of [page, other]) await untilStatus(tab, 'authenticated')
    const { sessionId } = (await stateOf(page)) as { sessionId: string }
    for (const tab of [page, other]) await countChanges(tab)
    await replaceWorker(page)

    expect(await get(page, '/api/me')).toBe(200)
    expect(await get(other, '/api/me')).toBe(200)
    for (const tab of [page, other]) {
      await expect.poll(() => stateOf(tab)).toMatchObject({ status: 'authenticated', sessionId, generation: 2 })
      expect(await changesOf(tab)).toEqual([])
    }
    expect(scene.demo.stats).toMatchObject({ refreshes: 1, refreshFailures: 0, unauthorized: 0 })
  })

  it('logs out: the session has ended, and the cookie is gone', async () => {
    scene = await Scene.open(browser, BOTH)
    const { requests } = listen(scene)
    const page = await scene.tab()
    await logIn(page)
    await page.evaluate(() => window.auth.logout())
    expect(await get(page, '/api/me')).toBe(401)
    await expect.poll(() => scene.demo.stats.logouts).toBe(1)
    expect(requests.find(({ path }) => path === '/auth/logout')?.headers.cookie).toContain('refresh_token=')
    await page.evaluate(() => fetch('/auth/logout'))
    expect(requests.filter(({ path }) => path === '/auth/logout').at(-1)?.headers.cookie).toBeUndefined()
  })
})
