import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { DemoOptions } from '../../examples/demo/app.mjs'
import { FAULTS, type FaultServer, openFaultServer } from '../servers/fault-server.ts'
import type { Tab } from './engines/engine.ts'
import { engine, get, logIn, logInFor, Scene, stateOf, untilStatus, useBrowser } from './harness.ts'

const browser = useBrowser()
let scene: Scene
let faults: FaultServer
beforeAll(async () => {
  faults = await openFaultServer()
})
afterAll(() => faults.close())
afterEach(() => scene.close())

/** Between a failure and the next attempt, at least (milliseconds); the clocks of two processes may round apart. */
const SHORTEST_PAUSE = 500 - 2

const UNAVAILABLE = '503 refresh_unavailable'
const UNREACHED = 'TypeError'
/** WebKitGTK takes a chunked body that breaks off for one that is over, and what came of it for the answer. */
const BROKEN_OFF = engine.name === 'webkit' ? UNAVAILABLE : UNREACHED

describe('G5: a token endpoint of another origin that', () => {
  type Row = readonly [name: keyof typeof FAULTS, failure: typeof UNAVAILABLE | typeof UNREACHED]
  const fact = '%s signs nobody out: who waits gets %s, and the first request after it is well refreshes once'

  it.each<Row>([
    ['hangs (B1)', UNAVAILABLE],
    ['sends headers and hangs (B1)', UNAVAILABLE],
    ['resets the connection (B5)', UNREACHED],
    ['resets the connection in the middle of its answer (B5)', UNREACHED],
    ['closes the connection in the middle of its answer (A4)', BROKEN_OFF],
    ['redirects (B6)', UNAVAILABLE],
    ['does not allow the origin (B7)', UNREACHED],
  ])(fact, signsNobodyOut)

  // What a status and a body mean is the worker's own doing, in any engine.
  it.runIf(engine.name === 'chromium').each<Row>([
    ['answers half of the JSON (A4)', UNAVAILABLE],
    ['answers 200 in HTML (A2)', UNAVAILABLE],
    ['answers 204 (A3)', UNAVAILABLE],
    ['answers 500 (B3)', UNAVAILABLE],
    ['answers 502 in HTML (B3)', UNAVAILABLE],
    ['answers 503 with Retry-After (B3)', UNAVAILABLE],
    ['answers 429 with Retry-After (B4)', UNAVAILABLE],
    ['answers 404 (B11)', UNAVAILABLE],
  ])(fact, signsNobodyOut)

  async function signsNobodyOut(...[name, failure]: Row) {
    const setup = JSON.stringify({
      apiUrls: ['/api/'],
      useRefreshToken: true,
      refreshTokenUrl: faults.tokenUrl,
      timeout: 2,
    })
    const body = `importScripts('/refresh-worker.js'); RefreshWorker.setup(${setup})`
    scene = await Scene.open(browser, { files: { '/sw.js': { type: 'text/javascript', body } } })
    faults.target = `${scene.origin}/auth/login`
    const tabs = [await scene.tab(), await scene.tab()] as const
    await logIn(tabs[0])
    for (const tab of tabs) await untilStatus(tab, 'authenticated')
    scene.demo.expireAccessTokens()
    const before = faults.requests.length
    faults.fault = FAULTS[name]

    const answers = await Promise.all(
      tabs.map(tab =>
        tab.evaluate(() => {
          const call = async () => {
            const response = await fetch('/api/me')
            const { code } = await response.json()
            return `${response.status} ${code}`
          }
          return Promise.all(Array.from({ length: 10 }, () => call().catch(error => error.name)))
        }),
      ),
    )

    expect(new Set(answers.flat())).toEqual(new Set([failure]))
    for (const tab of tabs) expect(await stateOf(tab)).toMatchObject({ status: 'authenticated' })

    faults.fault = null
    const status = () => tabs[1].evaluate(() => fetch('/api/me').then(response => response.status, String))
    await expect.poll(status).toBe(200)
    const requests = faults.requests.slice(before)
    expect(new Set(requests.map(({ line }) => line))).toEqual(new Set(['POST /token']))
    // Nothing was tried during the pause, however often a page has asked.
    const pauses = requests.slice(1).map(({ at }, n) => at - (requests[n]?.at ?? 0))
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(SHORTEST_PAUSE)
    expect(scene.demo.stats).toMatchObject({ logins: 1, refreshes: 1, refreshFailures: 0 })
  }
})

// What is made of a clock is the worker's own doing, in any engine.
describe.runIf(engine.name === 'chromium')('R22: a clock of the machine', () => {
  /** In the worker and in its pages: `shift` is what is added to the time. */
  const SHIFT = `
    var shift = 0
    const { now } = Date
    Date.now = () => now() + shift
    addEventListener('message', ({ data }) => { shift = data.shift ?? shift })`

  async function open(shift: number, options: DemoOptions = {}): Promise<Tab> {
    const setup =
      "importScripts('/refresh-worker.js'); RefreshWorker.setup({ apiUrls: ['/api/'], useRefreshToken: true })"
    scene = await Scene.open(browser, {
      ...options,
      files: { '/sw.js': { type: 'text/javascript', body: `${SHIFT}; shift = ${shift}; ${setup}` } },
    })
    scene.files['/test.html'] = {
      type: 'text/html',
      body: `<script>${SHIFT}; shift = ${shift}</script>${scene.files['/test.html']?.body}`,
    }
    return scene.tab()
  }

  it.each([-600, 600])(
    'that is off by %i s does no harm: one refresh for each expiry, and no request fails (B23)',
    async seconds => {
      let refreshes = 0
      const page = await open(seconds * 1000, {
        // The third one is the last, however long the machine takes to look at it.
        beforeRefresh: () => scene.demo.setLifetime(++refreshes < 3 ? 2 : 600),
      })
      await logInFor(scene, 2, page)
      const statuses = new Set<number>()
      const call = async () => {
        statuses.add(await get(page, '/api/me'))
        return scene.demo.stats.refreshes
      }
      await expect.poll(call).toBe(3)
      expect([...statuses]).toEqual([200])
      expect(scene.demo.stats).toMatchObject({ refreshes: 3, refreshFailures: 0 })
    },
  )

  it.each([-3_600, 86_400])('that jumps by %i s costs one refresh (C14)', async seconds => {
    const page = await open(0)
    await logIn(page)
    await untilStatus(page, 'authenticated')
    await page.evaluate(shift => {
      postMessage({ shift })
      navigator.serviceWorker.controller?.postMessage({ shift })
    }, seconds * 1000)
    for (let n = 0; n < 20; n++) expect(await get(page, '/api/me')).toBe(200)
    await expect.poll(() => scene.demo.stats.refreshes).toBe(1)
    for (let n = 0; n < 20; n++) expect(await get(page, '/api/me')).toBe(200)
    expect(scene.demo.stats).toMatchObject({ refreshes: 1, refreshFailures: 0, unauthorized: 0 })
  })
})
