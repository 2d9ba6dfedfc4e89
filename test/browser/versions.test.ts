/**
 * docs/versioning.md: tabs that were open before a deployment, a worker's script that is still cached, and a version that
 * is taken back. The other version is 0.1, as it was built (test/fixtures/0.1).
 */
import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import type { DemoOptions } from '../../examples/demo/app.mjs'
import { IN_COOKIE } from '../../src/core/tokens/tokens.ts'
import type { Tab } from './engines/engine.ts'
import { barrier, get, logIn, PAGE, Scene, stateOf, untilStatus, useBrowser } from './harness.ts'

const browser = useBrowser()
let scene: Scene
afterEach(() => scene.close())

type Version = 'old' | 'new'

const FIXTURES = 'test/fixtures/0.1'
const script = (body: string) => ({ type: 'text/javascript', body })
const OLD_FILES = {
  '/0.1/refresh-worker.js': script(readFileSync(`${FIXTURES}/refresh-worker.js`, 'utf8')),
  '/0.1/index.js': script(readFileSync(`${FIXTURES}/index.js`, 'utf8')),
}
const LIBRARY = { old: '/0.1/refresh-worker.js', new: '/refresh-worker/refresh-worker.js' }
const PATHS = { old: '/old.html', new: '/test.html' }
const OLD_PAGE = { type: 'text/html', body: PAGE.replace('/refresh-worker/index.js', '/0.1/index.js') }

/** As a server is configured, and the worker for it. */
interface Mode {
  readonly name: string
  readonly server: DemoOptions
  readonly options: string
}

const BODY: Mode = { name: 'the refresh token in the body', server: {}, options: '' }
const MODES: readonly Mode[] = [
  BODY,
  { name: 'the refresh token in a cookie', server: { cookie: true }, options: "refreshTokenIn: 'cookie'," },
  {
    name: 'the refresh token in a cookie, the access token in memory',
    server: { cookie: true },
    options: "refreshTokenIn: 'cookie', storage: 'memory',",
  },
]

const workerOf = (version: Version, { options }: Mode = BODY) =>
  script(`importScripts('${LIBRARY[version]}')
    RefreshWorker.setup({
      ${options}
      apiUrls: ['/api/'],
      loginUrl: '/auth/login',
      logoutUrl: '/auth/logout',
      useRefreshToken: true,
    })`)

async function open(worker: Version, mode = BODY, options: DemoOptions = {}) {
  const files = { ...OLD_FILES, '/old.html': OLD_PAGE, '/sw.js': workerOf(worker, mode) }
  scene = await Scene.open(browser, { lifetime: 600, ...mode.server, ...options, files })
}

/** One after the other: the first one installs the worker. */
async function openTabs(versions: readonly [Version, Version]): Promise<readonly [Tab, Tab]> {
  return [await scene.tab(PATHS[versions[0]]), await scene.tab(PATHS[versions[1]])]
}

/** Puts another version of the worker in the place of the one there is, and waits until it controls the page. */
async function deploy(page: Tab, version: Version, mode = BODY) {
  await startDeploying(page, version, mode)
  await page.evaluate('isReplaced')
}

async function startDeploying(page: Tab, version: Version, mode = BODY) {
  scene.files['/sw.js'] = workerOf(version, mode)
  await page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready
    Object.assign(window, {
      isReplaced: new Promise(resolve =>
        navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }),
      ),
    })
    await registration.update()
  })
}

/** By what 0.1 does not say of itself: both have the number that package.json has. */
const workerThatAnswers = (page: Tab): Promise<Version> =>
  page.evaluate(async () => ('host' in (await window.auth.inspect()).worker ? 'new' : 'old'))

/** The statuses of some requests of each tab, all at the same time. */
async function callFrom(tabs: readonly Tab[]): Promise<number[]> {
  const call = () =>
    Promise.all(Array.from({ length: 5 }, async (_, n) => (await fetch(`/api/orders/${n + 1}`)).status))
  return (await Promise.all(tabs.map(tab => tab.evaluate(call)))).flat()
}

/** A tab of the site in which no worker has been registered yet, with a record in its storage. */
async function tabWith(record: object): Promise<Tab> {
  const page = await scene.tab('/refresh-worker/index.js', { ready: false })
  await page.evaluate(
    stored =>
      new Promise<void>((resolve, reject) => {
        const request = indexedDB.open('refresh-worker')
        request.onupgradeneeded = () => request.result.createObjectStore('sessions')
        request.onerror = () => reject(request.error)
        request.onsuccess = () => {
          const transaction = request.result.transaction('sessions', 'readwrite')
          transaction.objectStore('sessions').put(stored, 'refresh-worker')
          transaction.oncomplete = () => {
            request.result.close()
            resolve()
          }
        }
      }),
    record,
  )
  return page
}

const ALL_GOOD = Array.from({ length: 10 }, () => 200)

const watchEvents = (page: Tab) =>
  page.evaluate(() => {
    const events: boolean[] = []
    window.auth.addEventListener('authentication-change', ({ detail }) => events.push(detail.authenticated))
    Object.assign(window, { events })
  })

describe('a page and a worker of two versions', () => {
  it.each<[Version, Version, Version]>([
    ['old', 'old', 'new'],
    ['old', 'new', 'new'],
    ['new', 'new', 'old'],
    ['old', 'new', 'old'],
  ])('%s and %s tab, %s worker: login, API, one refresh for both, logout, states and events', async (...versions) => {
    const [first, second, worker] = versions
    await open(worker)
    const tabs = await openTabs([first, second])
    const [one, other] = tabs
    expect(await workerThatAnswers(one)).toBe(worker)
    await Promise.all(tabs.map(watchEvents))

    expect(await logIn(one)).toMatchObject({ status: 200 })
    for (const tab of tabs) await untilStatus(tab, 'authenticated')
    expect(await callFrom(tabs)).toEqual(ALL_GOOD)
    expect(scene.demo.stats).toMatchObject({ refreshes: 0, unauthorized: 0 })

    scene.demo.expireAccessTokens()
    expect(await callFrom(tabs)).toEqual(ALL_GOOD)
    expect(scene.demo.stats).toMatchObject({ refreshes: 1, refreshFailures: 0 })
    const refreshed = await other.evaluate(() => window.auth.updateToken())
    expect(refreshed).toMatchObject({ status: 'authenticated' })
    expect(scene.demo.stats).toMatchObject({ refreshes: 2, refreshFailures: 0 })
    await expect.poll(() => stateOf(one)).toEqual(refreshed)

    expect(await other.evaluate(() => window.auth.logout())).toEqual({ status: 'anonymous', reason: 'logout' })
    await untilStatus(one, 'anonymous')
    expect(await stateOf(one)).toEqual({ status: 'anonymous', reason: 'logout' })
    expect(await get(one, '/api/me')).toBe(401)
    for (const tab of tabs) expect(await tab.evaluate('events')).toEqual([true, false])
  })

  it('an old page passes on a reason that is newer than it', async () => {
    await open('new')
    const page = await tabWith({ version: 1, status: 'anonymous', generation: 7, reason: 'unavailable' })
    await page.goto(scene.origin + PATHS.old)
    await untilStatus(page, 'anonymous')
    expect(await stateOf(page)).toEqual({ status: 'anonymous', reason: 'unavailable' })
  })

  it('a new page asks an old worker for what that does not know: it is told so, and the rest goes on', async () => {
    await open('old')
    const page = await scene.tab(PATHS.new)
    await logIn(page)
    const failure = await page.evaluate(() =>
      window.auth.adopt({ accessToken: 'x' }).catch(({ code, message }) => ({ code, message })),
    )
    expect(failure).toEqual({ code: 'worker_timeout', message: expect.stringContaining('in this version?') })
    expect(await page.evaluate(() => window.auth.updateToken())).toMatchObject({ status: 'authenticated' })
    expect(await get(page, '/api/me')).toBe(200)
  })
})

describe.each<[string, Version, Version]>([
  ['an upgrade', 'old', 'new'],
  ['a rollback', 'new', 'old'],
])('%s', (_, before, after) => {
  it.each(MODES)('keeps the session, and the one after it too: $name', async mode => {
    await open(before, mode)
    const tabs = await openTabs([before, before])
    const [page, other] = tabs
    await logIn(page)
    // So that the record has what a refresh leaves there.
    const session = await page.evaluate(() => window.auth.updateToken())
    await untilStatus(other, 'authenticated')
    for (const [times, version] of [after, before].entries()) {
      await deploy(page, version, mode)
      expect(await workerThatAnswers(page)).toBe(version)
      expect(await callFrom(tabs)).toEqual(ALL_GOOD)
      const refreshes = scene.demo.stats.refreshes
      // A new worker has no memory of the access token.
      expect(refreshes).toBe(mode.options.includes('memory') ? 2 + 2 * times : 1 + times)
      scene.demo.expireAccessTokens()
      expect(await callFrom(tabs)).toEqual(ALL_GOOD)
      expect(scene.demo.stats).toMatchObject({ refreshes: refreshes + 1, refreshFailures: 0, logins: 1 })
      const { sessionId } = session as Extract<typeof session, { status: 'authenticated' }>
      for (const tab of tabs) await expect.poll(() => stateOf(tab)).toMatchObject({ sessionId })
    }
    await other.evaluate(() => window.auth.logout())
    await untilStatus(page, 'anonymous')
  })

  it('in the middle of a refresh neither repeats nor loses it', async () => {
    const refresh = barrier()
    await open(before, BODY, { beforeRefresh: refresh.pass })
    const [page, other] = await openTabs([before, after])
    await logIn(page)
    await untilStatus(page, 'authenticated')
    const update = page.evaluate(() => window.auth.updateToken())
    await refresh.reached
    await startDeploying(page, after)
    refresh.open()
    expect(await update).toMatchObject({ status: 'authenticated' })
    await page.evaluate('isReplaced')
    expect(await workerThatAnswers(page)).toBe(after)
    expect(await callFrom([page, other])).toEqual(ALL_GOOD)
    expect(scene.demo.stats).toMatchObject({ refreshes: 1, refreshFailures: 0, unauthorized: 0 })
  })

  it('after a logout brings nobody back', async () => {
    await open(before)
    const page = await scene.tab(PATHS[before])
    await logIn(page)
    await page.evaluate(() => window.auth.logout())
    await deploy(page, after)
    expect(await get(page, '/api/me')).toBe(401)
    const reopened = await scene.tab(PATHS[after])
    await untilStatus(reopened, 'anonymous')
    await logIn(reopened)
    await untilStatus(page, 'authenticated')
    expect(await get(page, '/api/me')).toBe(200)
  })
})

it('an old library with a new option is not installed: the new worker stays in charge', async () => {
  await open('new')
  const page = await scene.tab(PATHS.new)
  await logIn(page)
  scene.files['/sw.js'] = workerOf('old', { ...BODY, options: "whenEnded: 'hold'," })
  const updated = await page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready
    return registration.update().then(
      () =>
        new Promise(resolve => {
          const { installing } = registration
          if (!installing) resolve('redundant')
          installing?.addEventListener('statechange', () => resolve(installing.state))
        }),
      () => 'redundant',
    )
  })
  expect(updated).toBe('redundant')
  expect(await workerThatAnswers(page)).toBe('new')
  expect(await get(page, '/api/me')).toBe(200)
})

const HELD = {
  ...{ version: 1, status: 'authenticated', generation: 7, id: 'of-another-version' },
  ...{ accessToken: IN_COOKIE, refreshToken: null, idToken: null, expiresAt: null, receivedAt: 1 },
  ...{ startedAt: 1, usedAt: 1, begun: 0, isDoubtful: false },
}

describe('a session without a refresh token, of a newer version, under 0.1', () => {
  async function openWith(record: object) {
    await open('old')
    const page = await tabWith({ ...HELD, accessToken: 'opaque', ...record })
    await page.goto(scene.origin + PATHS.old)
    await page.evaluate(() => window.auth.ready)
    return page
  }

  it('ends when its access token has expired', async () => {
    const page = await openWith({ expiresAt: 2 })
    expect(await get(page, '/api/me')).toBe(401)
    await untilStatus(page, 'anonymous')
    expect(await stateOf(page)).toEqual({ status: 'anonymous', reason: 'expired' })
  })

  it('ends with a logout, where nothing tells when that is', async () => {
    const page = await openWith({})
    expect(await get(page, '/api/me')).toBe(401)
    expect(await stateOf(page)).toMatchObject({ status: 'authenticated' })
    expect(await page.evaluate(() => window.auth.logout())).toEqual({ status: 'anonymous', reason: 'logout' })
  })
})

describe('a record that the worker cannot use', () => {
  it.each<[string, Version, object]>([
    ['0.1 finds a session in cookies', 'old', HELD],
    ['a session in cookies, and the configuration has none any more', 'new', HELD],
    [
      '0.1 finds a reason that it does not know',
      'old',
      { version: 1, status: 'anonymous', generation: 7, reason: 'unavailable' },
    ],
    ['a format to come', 'new', { ...HELD, version: 2, accessToken: 'a' }],
    ['a format to come, in 0.1', 'old', { ...HELD, version: 2, accessToken: 'a' }],
  ])('ends in one new login: %s', async (_, worker, record) => {
    await open(worker)
    const [page, other] = [await tabWith(record), await scene.profile.newTab()]
    await page.goto(scene.origin + PATHS[worker])
    await page.evaluate(() => window.auth.ready)
    expect(await get(page, '/api/me')).toBe(401)
    await untilStatus(page, 'anonymous')
    await logIn(page)
    await untilStatus(page, 'authenticated')
    await other.goto(scene.origin + PATHS[worker])
    await other.evaluate(() => window.auth.ready)
    scene.demo.expireAccessTokens()
    expect(await callFrom([page, other])).toEqual(ALL_GOOD)
    expect(scene.demo.stats).toMatchObject({ logins: 1, refreshes: 1, refreshFailures: 0 })
  })
})
