/** Pages that keep the session themselves: where there is no worker, and until the first one has come. */
import { afterEach, describe, expect, it } from 'vitest'
import type { Tab } from './engines/engine.ts'
import { barrier, engine, get, inPageScript, logIn, Scene, stateOf, untilStatus, useBrowser } from './harness.ts'

const browser = useBrowser()
let scene: Scene
afterEach(() => scene.close())

const script = (body: string) => ({ type: 'text/javascript', body })
const SETUP = `importScripts('/refresh-worker.js')
RefreshWorker.setup({
  apiUrls: ['/api/'],
  loginUrl: '/auth/login',
  logoutUrl: '/auth/logout',
  useRefreshToken: true,
})`
const MEMORY = SETUP.replace('apiUrls', "storage: 'memory',\n  apiUrls")
const FORBID = `<meta http-equiv="Content-Security-Policy" content="worker-src 'none'">`

/** A page that can do without a worker; `before` is a script that runs first. */
const pageOf = ({ head = '', before = '', src = '', options = '' } = {}) => ({
  type: 'text/html',
  body: `<!doctype html>${head}<meta charset="utf-8"><title>test</title><link rel="icon" href="data:,">
<script>${before}</script>${src ? `<script src="${src}"></script>` : ''}
<script type="module">
  import { register } from '/refresh-worker/index.js'
  window.auth = register('/sw.js', { withoutWorker: () => import('/in-page.js')${options} })
  ${src ? 'window.early()' : ''}
</script>`,
})

async function open(files: Scene['files'] = {}, options: Parameters<typeof Scene.open>[1] = {}) {
  scene = await Scene.open(browser, {
    lifetime: 600,
    ...options,
    files: {
      '/sw.js': script(SETUP),
      '/in-page.js': script(inPageScript(SETUP)),
      '/with.html': pageOf(),
      '/without.html': pageOf({ head: FORBID }),
      ...files,
    },
  })
}

const hostOf = (tab: Tab) => tab.evaluate(async () => (await window.auth.inspect()).worker.host)
const callTwenty = (tab: Tab) =>
  tab.evaluate(async () =>
    Promise.all(Array.from({ length: 20 }, async (_, n) => (await fetch(`/api/orders/${n + 1}`)).status)),
  )

describe('a page without a worker', () => {
  it.each([
    ['that its policy forbids', '/without.html'],
    ['where the browser has none', '/none.html'],
    ['whose script is not there', '/broken.html'],
    ['outside the scope of the worker', '/outside.html'],
    ['that was not wanted', '/page.html'],
  ])('%s keeps the session, and says so', async (_, path) => {
    await open({
      '/none.html': pageOf({ before: 'delete Navigator.prototype.serviceWorker' }),
      '/broken.html': {
        ...pageOf(),
        body: pageOf().body.replace('/sw.js', '/no-such-sw.js'),
      },
      '/app/sw.js': script(SETUP),
      '/outside.html': { ...pageOf(), body: pageOf().body.replace('/sw.js', '/app/sw.js') },
      '/page.html': pageOf({ options: ", host: 'page'" }),
    })
    const tab = await scene.tab(path)
    expect(await hostOf(tab)).toBe('page')
    expect(await stateOf(tab)).toEqual({ status: 'anonymous', reason: 'none' })
    const { body } = await logIn(tab)
    expect(JSON.stringify(body)).toContain('refresh-worker-access-token')
    expect(await get(tab, '/api/me')).toBe(200)
    scene.demo.expireAccessTokens()
    expect(await get(tab, '/api/me')).toBe(200)
    expect(await tab.evaluate(() => window.auth.updateToken())).toMatchObject({ status: 'authenticated' })
    await tab.reload()
    await tab.evaluate(() => window.auth.ready)
    await untilStatus(tab, 'authenticated')
    expect(await tab.evaluate(() => window.auth.logout())).toEqual({ status: 'anonymous', reason: 'logout' })
    expect(await get(tab, '/api/me')).toBe(401)
    expect(scene.demo.stats.refreshFailures).toBe(0)
  })

  it("that was not wanted leaves another script's worker alone", async () => {
    const other = `addEventListener('install', () => skipWaiting())
addEventListener('activate', event => event.waitUntil(clients.claim()))`
    await open({ '/other.js': script(other), '/page.html': pageOf({ options: ", host: 'page'" }) })
    const tab = await scene.tab('/page.html')
    await tab.evaluate(async () => {
      const controlled = new Promise(resolve =>
        navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }),
      )
      await navigator.serviceWorker.register('/other.js')
      await controlled
    })
    await tab.reload()
    await tab.evaluate(() => window.auth.ready)
    expect(await hostOf(tab)).toBe('page')
    await logIn(tab)
    expect(await get(tab, '/api/me')).toBe(200)
    const controller = await tab.evaluate(() => navigator.serviceWorker.controller?.scriptURL)
    expect(controller).toBe(`${scene.origin}/other.js`)
  })

  it('has one host, however often the worker is registered', async () => {
    const body = pageOf({ head: FORBID }).body.replace(
      'window.auth =',
      "window.other = register('/sw.js', { withoutWorker: () => import('/in-page.js') })\n  window.auth =",
    )
    await open({ '/twice.html': { type: 'text/html', body } })
    const tab = await scene.tab('/twice.html')
    await logIn(tab)
    scene.demo.expireAccessTokens()
    expect(await callTwenty(tab)).toEqual(Array.from({ length: 20 }, () => 200))
    expect(scene.demo.stats.refreshes).toBe(1)
    const other = () => tab.evaluate(() => (window as unknown as { other: typeof window.auth }).other.getSnapshot())
    await expect.poll(other).toMatchObject({ status: 'authenticated' })
    await tab.evaluate(() => window.auth.logout())
    await expect.poll(other).toEqual({ status: 'anonymous', reason: 'logout' })
  })

  it('hides nothing from a script that was there first', async () => {
    const before = `const own = window.fetch
      window.seen = []
      window.fetch = (input, init) => {
        const request = new Request(input, init)
        window.seen.push(request.headers.get('Authorization'))
        return own(request)
      }`
    await open({ '/watched.html': pageOf({ head: FORBID, before }) })
    const tab = await scene.tab('/watched.html')
    await logIn(tab)
    await get(tab, '/api/me')
    const kinds = await tab.evaluate(() =>
      (window as unknown as { seen: (string | null)[] }).seen.map(seen => seen?.startsWith('Bearer ey') ?? null),
    )
    expect(kinds).toContain(true)
  })

  it('serves code that kept XMLHttpRequest before it came, and leaves a fetch kept so alone (P7)', async () => {
    const before = 'Object.assign(window, { keptFetch: fetch, KeptRequest: XMLHttpRequest })'
    await open({ '/kept.html': pageOf({ head: FORBID, before }) })
    const tab = await scene.tab('/kept.html')
    await logIn(tab)
    const statuses = await tab.evaluate(async () => {
      const { keptFetch, KeptRequest } = window as unknown as {
        keptFetch: typeof fetch
        KeptRequest: typeof XMLHttpRequest
      }
      const request = new KeptRequest()
      const ended = new Promise(resolve => request.addEventListener('loadend', resolve))
      request.open('GET', '/api/me')
      request.send()
      await ended
      return [request.status, (await keptFetch('/api/me')).status]
    })
    expect(statuses).toEqual([200, 401])
    expect(await get(tab, '/api/me')).toBe(200)
    expect(await stateOf(tab)).toMatchObject({ status: 'authenticated' })
  })

  it('loads its host only where it needs it (P9)', async () => {
    await open()
    const tab = await scene.tab('/with.html')
    await tab.reload()
    await tab.evaluate(() => window.auth.ready)
    expect(await hostOf(tab)).toBe('worker')
    const loaded = await tab.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => name))
    expect(loaded.filter(name => name.includes('in-page'))).toEqual([])
  })

  it('without IndexedDB, channels, locks and secure context goes on in memory, and says so (C7, P8)', async () => {
    const before = `
      indexedDB.open = () => { throw new DOMException('', 'SecurityError') }
      window.BroadcastChannel = class { constructor() { throw new DOMException('', 'SecurityError') } }
      delete Navigator.prototype.locks
      delete Crypto.prototype.randomUUID`
    await open({ '/bare.html': pageOf({ head: FORBID, before }) })
    const tab = await scene.tab('/bare.html')
    await logIn(tab)
    scene.demo.expireAccessTokens()
    expect(await callTwenty(tab)).toEqual(Array.from({ length: 20 }, () => 200))
    expect(scene.demo.stats.refreshes).toBe(1)
    expect(await tab.evaluate(async () => (await window.auth.inspect()).worker.storage)).toBe('memory')
  })

  it("with storage: 'memory' knows its own login alone, and ends nobody else's", async () => {
    await open({ '/in-page.js': script(inPageScript(MEMORY)) })
    const [tab, other] = [await scene.tab('/without.html'), await scene.tab('/without.html')]
    await logIn(tab)
    expect(await get(other, '/api/me')).toBe(401)
    expect(await stateOf(other)).toEqual({ status: 'anonymous', reason: 'none' })
    expect(await get(tab, '/api/me')).toBe(200)
    await logIn(other, 'grace', 'hopper')
    scene.demo.expireAccessTokens()
    for (const each of [tab, other]) expect(await callTwenty(each)).toEqual(Array.from({ length: 20 }, () => 200))
    expect(scene.demo.stats).toMatchObject({ refreshes: 2, refreshFailures: 0 })
    await other.evaluate(() => window.auth.logout())
    expect(await get(tab, '/api/me')).toBe(200)
  })

  it('says what is wrong with its options, by a code', async () => {
    await open({ '/in-page.js': script(inPageScript('RefreshWorker.setup({ apiUrl: [] })')) })
    const tab = await scene.tab('/without.html', { ready: false })
    const codeOf = () => tab.evaluate(() => window.auth.ready.catch(({ code }) => code))
    expect(await codeOf()).toBe('config_error')
    expect(await stateOf(tab)).toEqual({ status: 'unsupported', code: 'config_error' })
    expect(await get(tab, '/api/me')).toBe(401)
  })

  it('whose host cannot be loaded is as one that has none', async () => {
    await open({ '/in-page.js': script('throw new Error("not today")') })
    const tab = await scene.tab('/without.html', { ready: false })
    expect(await tab.evaluate(() => window.auth.ready.catch(({ code }) => code))).toBe('script_error')
    expect(await get(tab, '/api/me')).toBe(401)
  })
})

describe('tabs with a worker, and tabs without one', () => {
  it('whose policy forbids a worker, but which one controls, have that one', async () => {
    await open()
    await scene.tab('/with.html')
    const tab = await scene.tab('/without.html')
    expect(await hostOf(tab)).toBe('worker')
    await logIn(tab)
    expect(await get(tab, '/api/me')).toBe(200)
  })

  it('refresh once between them, and share logins and logouts (P2)', async () => {
    const page = { ...pageOf(), body: pageOf().body.replace('/sw.js', '/app/sw.js') }
    await open({ '/app/sw.js': script(SETUP), '/app/with.html': page, '/outside.html': page })
    // The first one alone: WebKit may leave a page without the worker that is loaded while the first one is activated.
    const first = await scene.tab('/app/with.html')
    const withWorker = [first, ...(await Promise.all(Array.from({ length: 4 }, () => scene.tab('/app/with.html'))))]
    const without = await Promise.all(Array.from({ length: 5 }, () => scene.tab('/outside.html')))
    expect(await hostOf(first)).toBe('worker')
    expect(await hostOf(without[0] as Tab)).toBe('page')
    await logIn(without[0] as Tab)
    for (const tab of [...withWorker, ...without]) await untilStatus(tab, 'authenticated')
    scene.demo.expireAccessTokens()
    const statuses = await Promise.all([...withWorker, ...without].map(callTwenty))
    expect(statuses.map(each => each.filter(status => status !== 200))).toEqual(statuses.map(() => []))
    expect(scene.demo.stats).toMatchObject({ refreshes: 1, refreshFailures: 0 })
    await first.evaluate(() => window.auth.logout())
    for (const tab of [...withWorker, ...without]) await untilStatus(tab, 'anonymous')
  })
})

describe('a page whose worker goes for good in mid-session', () => {
  const OTHER = `
    addEventListener('install', () => skipWaiting())
    addEventListener('activate', event => event.waitUntil(clients.claim()))`

  it.each([
    ['as another script takes its scope', "navigator.serviceWorker.register('/other.js')"],
    [
      'as a version takes its place that never calls setup()',
      'navigator.serviceWorker.getRegistration().then(registration => registration.update())',
    ],
  ])('%s: goes on with the session by itself (P4)', async (_, change) => {
    await open({ '/other.js': script(OTHER) })
    const tab = await scene.tab('/with.html')
    await logIn(tab)
    expect(await hostOf(tab)).toBe('worker')
    scene.files['/sw.js'] = script(OTHER)
    // Not by questions to the worker: they keep Chromium's old one at work, so that the new one waits.
    await tab.evaluate<void>(`new Promise(resolve => {
      navigator.serviceWorker.addEventListener('controllerchange', () => resolve())
      ${change}
    })`)
    await expect.poll(() => hostOf(tab), { timeout: 30_000 }).toBe('page')
    scene.demo.expireAccessTokens()
    expect(await callTwenty(tab)).toEqual(Array.from({ length: 20 }, () => 200))
    expect(await stateOf(tab)).toMatchObject({ status: 'authenticated' })
    expect(scene.demo.stats).toMatchObject({ refreshes: 1, refreshFailures: 0 })
  })
})

describe('a page that never lets go of the lock', () => {
  it('delays the others, and none of their requests fails (P11)', async () => {
    const setup = SETUP.replace('apiUrls', 'timeout: 1,\n  apiUrls')
    await open({ '/in-page.js': script(inPageScript(setup)) })
    const [tab, other] = [await scene.tab('/without.html'), await scene.tab('/without.html')]
    await logIn(tab)
    await other.evaluate(() => {
      const forever = new Promise(() => undefined)
      return new Promise<void>(resolve => {
        navigator.locks.request('refresh-worker:refresh', () => {
          resolve()
          return forever
        })
      })
    })
    scene.demo.expireAccessTokens()
    expect(await callTwenty(tab)).toEqual(Array.from({ length: 20 }, () => 200))
    expect(scene.demo.stats).toMatchObject({ refreshes: 1, refreshFailures: 0 })
    const { held } = await tab.evaluate(() => navigator.locks.query())
    expect(held?.map(({ name }) => name)).toContain('refresh-worker:refresh')
  })
})

it.runIf(engine.can.freeze)('a page that is frozen in the middle of a refresh stops nobody (P11)', async () => {
  const gate = barrier()
  let count = 0
  const setup = SETUP.replace('apiUrls', 'timeout: 1,\n  apiUrls')
  await open(
    { '/in-page.js': script(inPageScript(setup)) },
    { beforeRefresh: () => (++count === 1 ? gate.pass() : undefined) },
  )
  const [tab, other] = [await scene.tab('/without.html'), await scene.tab('/without.html')]
  await logIn(tab)
  await untilStatus(other, 'authenticated')
  scene.demo.expireAccessTokens()
  await tab.evaluate(() => Object.assign(window, { late: fetch('/api/me').then(({ status }) => status) }))
  await gate.reached
  await tab.freeze(true)
  const { held } = await other.evaluate(() => navigator.locks.query())
  expect(held?.map(({ name }) => name)).toContain('refresh-worker:refresh')
  await expect.poll(() => get(other, '/api/me')).toBe(200)
  await tab.freeze(false)
  // Its own refresh never gets an answer.
  expect(await tab.evaluate(() => (window as unknown as { late: Promise<number> }).late)).toBeOneOf([200, 503])
  for (const each of [tab, other]) expect(await callTwenty(each)).toEqual(Array.from({ length: 20 }, () => 200))
  expect(await stateOf(tab)).toMatchObject({ status: 'authenticated' })
})

describe('a page that is closed in the middle of a refresh', () => {
  /** It has a request that waits for the refresh, and another tab is open. */
  async function leave(point: 'beforeRefresh' | 'afterRefresh') {
    const gate = barrier()
    let count = 0
    await open({}, { [point]: () => (++count === 1 ? gate.pass() : undefined) })
    const [tab, other] = [await scene.tab('/without.html'), await scene.tab('/without.html')]
    await logIn(tab)
    await untilStatus(other, 'authenticated')
    scene.demo.expireAccessTokens()
    await tab.evaluate(() => void fetch('/api/me').catch(() => undefined))
    await gate.reached
    await tab.close()
    // What has not reached the server never does.
    if (point === 'afterRefresh') gate.open()
    return other
  }

  it('that had not reached the server leaves it to the next one, which makes it good (C2, P10)', async () => {
    const other = await leave('beforeRefresh')
    await expect.poll(() => get(other, '/api/me')).toBe(200)
    expect(await stateOf(other)).toMatchObject({ status: 'authenticated' })
  })

  it('that had spent the refresh token ends the session once, and nobody is stuck (C3, P10)', async () => {
    const other = await leave('afterRefresh')
    await expect.poll(() => get(other, '/api/me')).toBe(401)
    await untilStatus(other, 'anonymous')
    expect(await stateOf(other)).toEqual({ status: 'anonymous', reason: 'lost' })
    await logIn(other)
    expect(await get(other, '/api/me')).toBe(200)
  })
})

describe('a first visit', () => {
  /** Sends a login, and requests after it, at once. */
  const EARLY = `window.early = () => {
    const headers = { 'Content-Type': 'application/json' }
    const body = JSON.stringify({ username: 'ada', password: 'lovelace' })
    window.login = fetch('/auth/login', { method: 'POST', headers, body }).then(response => response.json())
    window.calls = window.login.then(() => Promise.all([
      fetch('/api/me').then(({ status }) => status),
      new Promise(resolve => {
        const request = new XMLHttpRequest()
        request.open('GET', '/api/me')
        request.onloadend = () => resolve(request.status)
        request.send()
      }),
    ]))
  }`

  it('is served by the page until the worker has come, which goes on with the session (P3)', async () => {
    const install = barrier()
    await open({ '/early.js': script(EARLY), '/early.html': pageOf({ src: '/early.js' }) })
    scene.serve('/sw.js', async (_, response) => {
      await install.pass()
      response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(SETUP)
    })
    const tab = await scene.tab('/early.html', { ready: false })
    await install.reached
    const { login, calls } = await tab.evaluate(async () => {
      const { login, calls } = window as unknown as { login: Promise<object>; calls: Promise<number[]> }
      return { login: await login, calls: await calls }
    })
    expect(JSON.stringify(login)).toContain('refresh-worker-access-token')
    expect(calls).toEqual([200, 200])
    expect(await stateOf(tab)).toEqual({ status: 'unknown' })
    install.open()
    await tab.evaluate(() => window.auth.ready)
    expect(await hostOf(tab)).toBe('worker')
    expect(await stateOf(tab)).toMatchObject({ status: 'authenticated', generation: 1 })
    expect(await get(tab, '/api/me')).toBe(200)
    expect(scene.demo.stats).toMatchObject({ refreshes: 0, unauthorized: 0 })
  })

  it("with storage: 'memory' waits for the worker, whose session it is", async () => {
    const install = barrier()
    await open({
      '/in-page.js': script(inPageScript(MEMORY)),
      '/early.js': script(EARLY),
      '/early.html': pageOf({ src: '/early.js' }),
    })
    scene.serve('/sw.js', async (_, response) => {
      await install.pass()
      response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(MEMORY)
    })
    const tab = await scene.tab('/early.html', { ready: false })
    await install.reached
    const isLoaded = () => performance.getEntriesByType('resource').some(({ name }) => name.endsWith('/in-page.js'))
    await expect.poll(() => tab.evaluate(isLoaded)).toBe(true)
    expect(scene.demo.stats.logins).toBe(0)
    install.open()
    expect(await tab.evaluate(() => (window as unknown as { calls: Promise<number[]> }).calls)).toEqual([200, 200])
    expect(await hostOf(tab)).toBe('worker')
    expect(await get(await scene.tab('/with.html'), '/api/me')).toBe(200)
    expect(scene.demo.stats).toMatchObject({ logins: 1, refreshes: 0, unauthorized: 0 })
  })

  it('has a request whose answer comes after the worker refreshed by that', async () => {
    const answer = barrier()
    await open({ '/early.js': script(EARLY), '/early.html': pageOf({ src: '/early.js' }) })
    const install = barrier()
    scene.serve('/sw.js', async (_, response) => {
      await install.pass()
      response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(SETUP)
    })
    let count = 0
    scene.serve('/api/late', async (request, response) => {
      if (++count === 1) await answer.pass()
      request.url = '/api/me'
      scene.demo.app(request, response)
    })
    const tab = await scene.tab('/early.html', { ready: false })
    await tab.evaluate(async () => {
      await (window as unknown as { calls: Promise<unknown> }).calls
      Object.assign(window, { late: fetch('/api/late').then(({ status }) => status) })
    })
    await answer.reached
    install.open()
    await tab.evaluate(() => window.auth.ready)
    scene.demo.expireAccessTokens()
    answer.open()
    expect(await tab.evaluate(() => (window as unknown as { late: Promise<number> }).late)).toBe(200)
    expect(scene.demo.stats).toMatchObject({ refreshes: 1, refreshFailures: 0 })
  })
})
