import { afterEach, describe, expect, it } from 'vitest'
import { ACCESS_TOKEN_PLACEHOLDER, REFRESH_TOKEN_PLACEHOLDER } from '../../src/protocol.ts'
import type { Tab } from './engines/engine.ts'
import { barrier, engine, get, logIn, logInFor, Scene, stateOf, untilStatus, useBrowser } from './harness.ts'

const browser = useBrowser()
let scene: Scene
afterEach(() => scene.close())

describe('a page that only calls fetch', () => {
  it('logs in and sees placeholders where the tokens were', async () => {
    scene = await Scene.open(browser)
    const page = await scene.tab()
    expect(await stateOf(page)).toEqual({ status: 'anonymous', reason: 'none' })

    const { status, body, headers } = await logIn(page)

    expect(status).toBe(200)
    expect(body).toEqual({
      access_token: expect.stringContaining(ACCESS_TOKEN_PLACEHOLDER),
      refresh_token: expect.stringContaining(REFRESH_TOKEN_PLACEHOLDER),
      token_type: 'Bearer',
      expires_in: 60,
    })
    expect(headers['cache-control']).toBe('no-store')
    await untilStatus(page, 'authenticated')
    expect(await stateOf(page)).toMatchObject({
      claims: { sub: expect.any(String), name: expect.stringMatching(/Ada/) },
    })
  })

  it('reaches the API authorized, with no token in page code', async () => {
    scene = await Scene.open(browser)
    const page = await scene.tab()
    expect(await get(page, '/api/me')).toBe(401)
    await logIn(page)
    const answer = await page.evaluate(async () => {
      const me = await (await fetch('/api/me')).json()
      const echo = await fetch('/api/echo', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ hello: 'wörld' }),
      })
      return { me, echo: await echo.json(), url: echo.url }
    })
    expect(answer.me).toMatchObject({ name: expect.stringMatching(/Ada/) })
    expect(JSON.stringify(answer.echo)).toContain('wörld')
    expect(answer.url).toBe(`${scene.origin}/api/echo`)
  })
})

/** Does the work in each tab at the same moment, just after `expiresAt` (milliseconds since the epoch). */
function justAfter(expiresAt: number, tabs: readonly Tab[], work: () => Promise<number[]>): Promise<number[][]> {
  return Promise.all(
    tabs.map(tab =>
      tab.evaluate(
        async ([time, code]) => {
          await new Promise(resolve => setTimeout(resolve, time - Date.now() + 1))
          // biome-ignore lint/security/noGlobalEval: a function of this very file
          return eval(code) as Promise<number[]>
        },
        [expiresAt, `(${work})()`] as const,
      ),
    ),
  )
}

const callTwentyTimes = async () => {
  const calls = Array.from({ length: 20 }, async (_, n) => (await fetch(`/api/orders/${n + 1}`)).status)
  return Promise.all(calls)
}

describe('G1: one refresh per expiry', () => {
  // A tab costs most in the other engines.
  const TABS = engine.name === 'chromium' || process.env.EVERYWHERE ? 10 : 4

  it(`sends one refresh for ${TABS} tabs with 20 requests each, and none of them fails (N1, N2)`, async () => {
    scene = await Scene.open(browser)
    // WebKitGTK leaves a page for good without control, once in some 100, that loads while the first worker activates:
    // the worker's claim() settles and does nothing, until the page is reloaded.
    const first = await scene.tab()
    const tabs = [first, ...(await Promise.all(Array.from({ length: TABS - 1 }, () => scene.tab())))]
    const expiresAt = await logInFor(scene, 3, first)

    const statuses = await justAfter(expiresAt, tabs, callTwentyTimes)

    expect(statuses.flat()).toEqual(Array.from({ length: 20 * TABS }, () => 200))
    expect(scene.demo.stats).toMatchObject({ refreshes: 1, refreshFailures: 0, requests: 20 * TABS, unauthorized: 0 })
  })

  it('sends one refresh for requests that come before, during and after it, however slow it is (N3, B2)', async () => {
    const refresh = barrier()
    scene = await Scene.open(browser, { beforeRefresh: refresh.pass })
    const page = await scene.tab()
    const expiresAt = await logInFor(scene, 2, page)

    const early = justAfter(expiresAt, [page], callTwentyTimes)
    await refresh.reached
    const late = page.evaluate(callTwentyTimes)
    refresh.open()

    expect([...(await early).flat(), ...(await late)]).toEqual(Array.from({ length: 40 }, () => 200))
    expect(await page.evaluate(callTwentyTimes)).toEqual(Array.from({ length: 20 }, () => 200))
    expect(scene.demo.stats).toMatchObject({ refreshes: 1, refreshFailures: 0, unauthorized: 0 })
  })

  it('holds nobody else up: other requests go on, and one that is aborted ends alone (N19, C26)', async () => {
    const refresh = barrier()
    scene = await Scene.open(browser, { beforeRefresh: refresh.pass })
    const page = await scene.tab()
    await logIn(page)
    scene.demo.expireAccessTokens()
    const waiting = page.evaluate(callTwentyTimes)
    await refresh.reached

    const meanwhile = await page.evaluate(async () => {
      const abort = new AbortController()
      const aborted = fetch('/api/me', { signal: abort.signal }).catch(error => error.name)
      const other = (await fetch('/demo.json')).status
      abort.abort()
      return [other, await aborted]
    })
    expect(meanwhile).toEqual([200, 'AbortError'])
    refresh.open()
    expect(await waiting).toEqual(Array.from({ length: 20 }, () => 200))
    expect(scene.demo.stats).toMatchObject({ refreshes: 1, refreshFailures: 0 })
  })

  it('makes one request of updateToken() from three tabs at once, and no login of it (B18)', async () => {
    const refresh = barrier()
    scene = await Scene.open(browser, { beforeRefresh: refresh.pass })
    const tabs = [await scene.tab(), await scene.tab(), await scene.tab()] as const
    await logIn(tabs[0])
    for (const tab of tabs) await untilStatus(tab, 'authenticated')
    const before = await stateOf(tabs[0])

    // Started in every tab before the refresh may end.
    for (const tab of tabs) await tab.evaluate(() => void Object.assign(window, { update: window.auth.updateToken() }))
    await refresh.reached
    refresh.open()
    const after = await Promise.all(tabs.map(tab => tab.evaluate('update')))

    expect(scene.demo.stats).toMatchObject({ refreshes: 1, refreshFailures: 0 })
    expect(after[0]).not.toEqual(before)
    expect(after[0]).toMatchObject({ sessionId: before.status === 'authenticated' && before.sessionId })
    expect(after).toEqual([after[0], after[0], after[0]])
  })

  it('refreshes once for an API that takes no token issued so far, and replays what it refused (B13)', async () => {
    scene = await Scene.open(browser)
    const page = await scene.tab()
    await logIn(page)
    scene.demo.expireAccessTokens()
    const statuses = await page.evaluate(async () => {
      const post = (n: number) =>
        fetch('/api/echo', {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({ n }),
        }).then(async response => [response.status, JSON.stringify(await response.json()).includes(`"n":${n}`)])
      return Promise.all(Array.from({ length: 20 }, (_, n) => post(n)))
    })
    expect(statuses).toEqual(Array.from({ length: 20 }, () => [200, true]))
    expect(scene.demo.stats).toMatchObject({ refreshes: 1, refreshFailures: 0 })
  })
})

it('a 401 that comes while a large body is still on its way has one outcome (B25)', async () => {
  scene = await Scene.open(browser)
  const page = await scene.tab()
  await logIn(page)
  scene.demo.expireAccessTokens()
  const upload = () => fetch('/api/no-such-thing', { method: 'PUT', body: new Blob([new Uint8Array(5_000_000)]) })
  const status = await page.evaluate(`(${upload})().then(response => response.status, error => error.name)`)
  // The replay's answer, or what the browser makes of a connection that the server closed under it.
  expect([404, 'TypeError']).toContain(status)
  expect(scene.demo.stats.refreshes).toBeLessThanOrEqual(1)
  expect(scene.demo.stats.requests).toBeLessThanOrEqual(2)
  expect(await get(page, '/api/me')).toBe(200)
})

describe('the refresh request', () => {
  it('comes from the worker with the old tokens, and names no referrer (R19)', async () => {
    const seen: unknown[] = []
    scene = await Scene.open(browser, {
      beforeRefresh: request => {
        const { referer, origin, authorization } = request.headers
        seen.push({ referer, origin, scheme: authorization?.split(' ')[0], body: Object.keys(request.body) })
      },
    })
    const page = await scene.tab()
    await logIn(page)
    await page.evaluate(() => window.auth.updateToken())
    expect(seen).toEqual([
      { referer: undefined, origin: scene.origin, scheme: 'Bearer', body: ['grant_type', 'refresh_token'] },
    ])
  })
})

describe('a session', () => {
  it('is over when logout() settles, whatever is still on its way (N20)', async () => {
    scene = await Scene.open(browser)
    const page = await scene.tab()
    for (let n = 0; n < 20; n++) {
      await logIn(page)
      const statuses = await page.evaluate(async () => {
        const { status: updated } = await window.auth.updateToken()
        const { status: ended } = await window.auth.logout()
        return { updated, ended, now: window.auth.getSnapshot().status }
      })
      expect(statuses).toEqual({ updated: 'authenticated', ended: 'anonymous', now: 'anonymous' })
    }
  })

  it('ends in all tabs when one logs out', async () => {
    scene = await Scene.open(browser)
    const tabs = [await scene.tab(), await scene.tab(), await scene.tab()] as const
    await logIn(tabs[0])
    for (const tab of tabs) await untilStatus(tab, 'authenticated')

    const state = await tabs[1].evaluate(() => window.auth.logout())

    expect(state).toEqual({ status: 'anonymous', reason: 'logout' })
    for (const tab of tabs) {
      await untilStatus(tab, 'anonymous')
      expect(await stateOf(tab)).toEqual({ status: 'anonymous', reason: 'logout' })
      expect(await get(tab, '/api/me')).toBe(401)
    }
    await expect.poll(() => scene.demo.stats.logouts).toBe(1)
  })

  it("ends with a page's own request to the logout URL", async () => {
    scene = await Scene.open(browser)
    const page = await scene.tab()
    const other = await scene.tab()
    await logIn(page)
    expect(await get(page, '/auth/logout')).toBe(204)
    await untilStatus(other, 'anonymous')
    expect(scene.demo.stats.logouts).toBe(1)
    expect(await get(other, '/api/me')).toBe(401)
  })

  it('survives the closing of every tab', async () => {
    scene = await Scene.open(browser)
    const page = await scene.tab()
    await logIn(page)
    await untilStatus(page, 'authenticated')
    const before = await stateOf(page)
    await page.close()

    const again = await scene.tab()
    expect(await stateOf(again)).toEqual(before)
    expect(await get(again, '/api/me')).toBe(200)
    expect(scene.demo.stats.logins).toBe(1)
  })

  it.runIf(engine.can.stopWorkers)('survives a worker that was stopped (G6, C6)', async () => {
    scene = await Scene.open(browser)
    const page = await scene.tab()
    await logIn(page)
    await page.evaluate(() => window.auth.updateToken())
    const lastRefresh = () => page.evaluate(async () => (await window.auth.inspect()).worker.lastRefresh)
    expect(await lastRefresh()).toMatchObject({ outcome: 'refreshed' })

    await scene.stopWorkers(page)
    expect(await page.evaluate(callTwentyTimes)).toEqual(Array.from({ length: 20 }, () => 200))

    // Kept in the worker's memory only: it was indeed another one that answered.
    expect(await lastRefresh()).toBeNull()
    expect(scene.demo.stats).toMatchObject({ refreshes: 1, unauthorized: 0 })
  })

  it('is refreshed by a visible page at its expiry, without a request', async () => {
    scene = await Scene.open(browser)
    const page = await scene.tab()
    await logInFor(scene, 1, page)
    await expect.poll(() => scene.demo.stats.refreshes).toBe(1)
    expect(scene.demo.stats.requests).toBe(0)
  })
})
