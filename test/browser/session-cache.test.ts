import { afterEach, describe, expect, it } from 'vitest'
import { buildPlugins, buildSerwist, buildStrategies, buildWorkbox, type Files } from '../composition/build.ts'
import type { Tab } from './engines/engine.ts'
import { barrier, engine, get, logIn, Scene, untilStatus, useBrowser } from './harness.ts'

const browser = useBrowser()
let scene: Scene
afterEach(() => scene.close())

async function open(build: (version: number) => Promise<Files>, files: Files = {}): Promise<Tab> {
  scene = await Scene.open(browser, { files: { ...(await build(1)), ...files } })
  return scene.tab()
}

/** Whose order it is by the answer, or how the request failed. */
function customerOf(page: Tab, n: number, api = '/api'): Promise<string> {
  return page.evaluate(
    url =>
      fetch(url).then(
        async response => (response.ok ? (await response.json()).customer : String(response.status)),
        error => error.name,
      ),
    `${api}/orders/${n}`,
  )
}

/** What there is of answers of the API in caches: paths, and names of the stored requests' headers. */
function cachedAnswers(page: Tab): Promise<string[]> {
  return page.evaluate(async () => {
    const found: string[] = []
    for (const name of await caches.keys())
      for (const { url, headers } of await (await caches.open(name)).keys()) {
        const path = /\/api\/.*/.exec(url)?.[0]
        if (path) found.push(`${path} ${headers.has('Authorization') ? 'with' : 'without'} a token`)
      }
    return found.sort()
  })
}

/** Asks for orders, and settles once the answers are in the cache. */
async function fill(page: Tab, ...orders: number[]) {
  for (const n of orders) expect(await get(page, `/api/orders/${n}`)).toBe(200)
  await expect.poll(() => cachedAnswers(page)).toEqual(orders.map(n => `/api/orders/${n} without a token`))
}

async function isOffline() {
  await scene.demo.close()
}

async function isOnline() {
  await scene.demo.listen(Number(new URL(scene.origin).port))
}

describe.each([
  { name: 'Workbox', build: buildWorkbox },
  { name: 'Serwist', build: buildSerwist },
])("a strategy of $name's for some of the API", ({ build }) => {
  it('sends with the token, refreshes after a 401, and answers offline out of the cache (G1, G10)', async () => {
    const page = await open(build)
    await logIn(page)
    await fill(page, 1, 2)
    scene.demo.expireAccessTokens()
    expect(await customerOf(page, 1)).toBe('ada')
    expect(scene.demo.stats).toMatchObject({ requests: 4, unauthorized: 1, refreshes: 1, refreshFailures: 0 })

    await isOffline()
    expect([await customerOf(page, 1), await customerOf(page, 2)]).toEqual(['ada', 'ada'])
    expect(await customerOf(page, 3)).toBe('TypeError')
  })

  it('answers out of the cache where the token has expired and the token endpoint cannot be reached (G5)', async () => {
    const page = await open(build)
    scene.demo.setLifetime(2)
    await logIn(page)
    await fill(page, 1)
    await isOffline()
    const isExpired = async () => {
      const state = window.auth.getSnapshot()
      if (state.status !== 'authenticated') throw new Error('nobody is logged in')
      await new Promise(resolve => setTimeout(resolve, Number(state.expiresAt) - Date.now() + 1))
    }
    await page.evaluate(isExpired)
    expect(await customerOf(page, 1)).toBe('ada')
    expect(await customerOf(page, 2)).toBe('TypeError')
  })

  it("has nothing of a user's who has logged out, neither for nobody nor for the next one (N12, R35)", async () => {
    const page = await open(build)
    await logIn(page)
    await fill(page, 1)
    await page.evaluate(() => window.auth.logout())
    expect(await cachedAnswers(page)).toEqual([])

    await isOffline()
    expect(await customerOf(page, 1)).toBe('TypeError')
    await isOnline()
    await logIn(page, 'grace', 'hopper')
    await isOffline()
    expect(await customerOf(page, 1)).toBe('TypeError')
    await isOnline()
    await fill(page, 1)
    await isOffline()
    expect(await customerOf(page, 1)).toBe('grace')
  })

  it('has nothing of a user whose session another login, or the server, has ended', async () => {
    const page = await open(build)
    await logIn(page)
    await fill(page, 1, 2)
    await logIn(page, 'grace', 'hopper')
    expect(await cachedAnswers(page)).toEqual([])
    await fill(page, 2)

    scene.serve('/auth/login', (_request, response) => {
      response.writeHead(400, { 'Content-Type': 'application/json' }).end('{"error":"invalid_grant"}')
    })
    expect(await page.evaluate(() => window.auth.updateToken().catch(({ code }) => code))).toBe('refresh_rejected')
    expect(await cachedAnswers(page)).toEqual([])
    await isOffline()
    expect(await customerOf(page, 2)).toBe('TypeError')
  })

  it('keeps no answer that comes once its user has gone (N12)', async () => {
    const page = await open(build)
    const order = barrier()
    scene.serve('/api/orders/1', async (_request, response) => {
      await order.pass()
      response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"customer":"ada"}')
    })
    await logIn(page)
    const customer = customerOf(page, 1)
    await order.reached
    const other = await scene.tab()
    await logIn(other, 'grace', 'hopper')
    order.open()
    expect(await customer).toBe('ada')
    // Written later than that one would be.
    await fill(other, 2)
    await isOffline()
    expect(await customerOf(other, 1)).toBe('TypeError')
  })

  it.runIf(engine.can.stopWorkers)(
    'deletes, before it answers, what a worker has left behind that was stopped too early (C2)',
    async () => {
      const page = await open(build)
      await logIn(page)
      await untilStatus(page, 'authenticated')
      const left = (storageKey: string) =>
        `/.refresh-worker:${storageKey}:f5b7d3c0-0000-4000-8000-000000000000/api/orders/1`
      await page.evaluate(
        async urls => {
          const cache = await caches.open('orders')
          for (const url of urls) await cache.put(url, new Response('{"customer":"eve"}'))
        },
        [left('refresh-worker'), left('another')],
      )
      await scene.stopWorkers(page)
      expect(await customerOf(page, 1)).toBe('ada')
      const keys = () =>
        page.evaluate(async () => {
          const state = window.auth.getSnapshot()
          if (state.status !== 'authenticated') throw new Error('nobody is logged in')
          const paths = (await (await caches.open('orders')).keys()).map(({ url }) => new URL(url).pathname)
          return paths.map(path => path.replace(state.sessionId, 'own')).sort()
        })
      await expect.poll(keys).toEqual([left('another'), '/.refresh-worker:refresh-worker:own/api/orders/1'])
    },
  )

  it('answers nobody, and requests that bring their own Authorization, by the network alone', async () => {
    const page = await open(build)
    expect(await customerOf(page, 1)).toBe('401')
    await logIn(page)
    await fill(page, 1)
    const ask = () =>
      fetch('/api/orders/1', { headers: { Authorization: 'Bearer of-the-page' } }).then(
        ({ status }) => status,
        error => error.name,
      )
    expect(await page.evaluate(ask)).toBe(401)
    await isOffline()
    expect(await page.evaluate(ask)).toBe('TypeError')
    expect(await customerOf(page, 1)).toBe('ada')
  })
})

describe('plugins of a strategy', () => {
  const seen = (page: Tab) =>
    page.evaluate(
      () =>
        new Promise(resolve => {
          const { port1, port2 } = new MessageChannel()
          port1.onmessage = ({ data }) => resolve(data)
          navigator.serviceWorker.controller?.postMessage('seen', [port2])
        }),
    )

  it('are called as ever, and never see a token: one may store what it gets (R35, G7)', async () => {
    const page = await open(buildPlugins)
    await logIn(page)
    await untilStatus(page, 'authenticated')
    expect(await customerOf(page, 1)).toBe('ada')
    await expect.poll(() => seen(page)).toContain('cacheDidUpdate without a token')
    await isOffline()
    expect(await customerOf(page, 2)).toBe('TypeError')
    expect(await seen(page)).toEqual(
      ['cacheDidUpdate', 'fetchDidFail', 'fetchDidSucceed', 'requestWillFetch'].map(name => `${name} without a token`),
    )
  })

  it("cannot mix up two users' answers by their cache keys", async () => {
    const page = await open(buildPlugins)
    await logIn(page)
    await page.evaluate(async () => (await fetch('/api/orders/1?of=ada')).text())
    await expect.poll(() => cachedAnswers(page)).toEqual(['/api/orders/1 without a token'])
    await logIn(page, 'grace', 'hopper')
    await isOffline()
    expect(await customerOf(page, 1)).toBe('TypeError')
  })

  it('that lead a request elsewhere take no token along (G7)', async () => {
    const page = await open(buildPlugins)
    scene.serve('/echo', (request, response) => {
      response.end(request.headers.authorization ? 'with a token' : 'without a token')
    })
    await logIn(page)
    expect(await page.evaluate(async () => (await fetch('/api/astray')).text())).toBe('without a token')
  })

  it("find a strategy as it was that a route of the application's uses too", async () => {
    const page = await open(buildPlugins, { '/public.json': { type: 'application/json', body: '"public"' } })
    const text = () => page.evaluate(async () => (await fetch('/public.json')).text())
    expect(await text()).toBe('"public"')
    await expect
      .poll(() => page.evaluate(async () => (await (await caches.open('lenient')).keys()).map(({ url }) => url)))
      .toEqual([`${scene.origin}/public.json`])
    await logIn(page)
    await page.evaluate(() => window.auth.logout())
    await isOffline()
    expect(await text()).toBe('"public"')
  })
})

describe('strategies of other kinds', () => {
  const NUMBERS = [1, 2, 3]
  const [STALE, FIRST, NETWORK_ONLY, CACHE_ONLY] = [1, 2, 3, 4]

  const customersOf = (page: Tab) => Promise.all(NUMBERS.map(n => customerOf(page, n)))

  const filled = (page: Tab) =>
    expect.poll(() => cachedAnswers(page)).toEqual([STALE, FIRST].map(n => `/api/orders/${n} without a token`))

  it('send with the token, and answer offline as far as they keep anything (G10)', async () => {
    const page = await open(buildStrategies)
    await logIn(page)
    expect(await customersOf(page)).toEqual(['ada', 'ada', 'ada'])
    expect(await customerOf(page, CACHE_ONLY)).toBe('TypeError')
    await filled(page)
    await isOffline()
    expect(await customersOf(page)).toEqual(['ada', 'ada', 'TypeError'])
  })

  it("have nothing of another user's, though they ask the cache first (N12, R35)", async () => {
    const page = await open(buildStrategies)
    await logIn(page)
    await customersOf(page)
    await filled(page)
    await logIn(page, 'grace', 'hopper')
    expect(await customersOf(page)).toEqual(['grace', 'grace', 'grace'])
    await filled(page)
    await page.evaluate(() => window.auth.logout())
    expect(await cachedAnswers(page)).toEqual([])
    expect(await customersOf(page)).toEqual(['401', '401', '401'])
  })

  it('refresh what they have answered out of the cache behind the answer, with the token', async () => {
    const page = await open(buildStrategies)
    let count = 0
    scene.serve('/api/orders/1', ({ headers }, response) => {
      response.writeHead(headers.authorization ? 200 : 401, { 'Content-Type': 'application/json' })
      response.end(JSON.stringify({ customer: `number ${++count}` }))
    })
    await logIn(page)
    expect(await customerOf(page, STALE)).toBe('number 1')
    await expect.poll(() => cachedAnswers(page)).toHaveLength(1)
    expect(await customerOf(page, STALE)).toBe('number 1')
    await expect.poll(() => count).toBe(2)
    await expect.poll(() => customerOf(page, STALE)).not.toBe('number 1')
  })

  it('keep apart what two sessions of one worker have, and the end of one leaves the other its own', async () => {
    const page = await open(buildStrategies)
    scene.serve('/shop/login', (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"access_token":"of-the-shop"}')
    })
    scene.serve(`/shop/api/orders/${FIRST}`, ({ headers }, response) => {
      const isEve = headers.authorization === 'Bearer of-the-shop'
      response.writeHead(isEve ? 200 : 401, { 'Content-Type': 'application/json' }).end('{"customer":"eve"}')
    })
    const shopper = () => customerOf(page, FIRST, '/shop/api')
    await logIn(page)
    await page.evaluate(() => fetch('/shop/login', { method: 'POST' }))
    expect([await customerOf(page, FIRST), await shopper()]).toEqual(['ada', 'eve'])
    await expect
      .poll(() => cachedAnswers(page))
      .toEqual(Array.from({ length: 2 }, () => `/api/orders/${FIRST} without a token`))
    await page.evaluate(() => window.auth.logout())
    await isOffline()
    expect([await customerOf(page, FIRST), await shopper()]).toEqual(['TypeError', 'eve'])
  })

  it('of whom one is not to keep, NetworkOnly, keeps nothing', async () => {
    const page = await open(buildStrategies)
    await logIn(page)
    expect(await customerOf(page, NETWORK_ONLY)).toBe('ada')
    expect(await cachedAnswers(page)).toEqual([])
  })
})
