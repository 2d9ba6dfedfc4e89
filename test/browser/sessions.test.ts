import type { RequestListener } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createDemo, type Demo } from '../../examples/demo/app.mjs'
import type { Tab } from './engines/engine.ts'
import { engine, get, Scene, stateOf, useBrowser } from './harness.ts'

const browser = useBrowser()
/** The shop is of the page's own origin, mail of another one: two servers, two secrets, two logins. */
let scene: Scene
let mail: Demo
let mailOrigin: string

beforeEach(async () => {
  mail = createDemo({ lifetime: 60, latency: 0 })
  mail.server.off('request', mail.app).on('request', withCors(mail.app))
  mailOrigin = await mail.listen(0)
  scene = await Scene.open(browser, { files: { '/sw.js': workerOf([shopOptions(), mailOptions()]) } })
})
afterEach(async () => {
  await scene.close()
  await mail.close()
})

const shopOptions = () => ({ storageKey: 'shop', apiUrls: ['/api/'], loginUrl: '/auth/login', useRefreshToken: true })
const mailOptions = () => ({ ...shopOptions(), storageKey: 'mail', baseUrl: mailOrigin })

function workerOf(options: readonly object[], more = '') {
  const body = `importScripts('/refresh-worker.js'); RefreshWorker.setup(${JSON.stringify(options)}${more})`
  return { type: 'text/javascript', body }
}

function withCors(app: RequestListener): RequestListener {
  return (request, response) => {
    response.setHeader('Access-Control-Allow-Origin', scene.origin)
    response.setHeader('Access-Control-Allow-Headers', 'Authorization, Content-Type')
    if (request.method === 'OPTIONS') response.writeHead(204).end()
    else app(request, response)
  }
}

const logInTo = (page: Tab, origin: string, username: string, password: string) =>
  page.evaluate(
    async ([origin, username, password]) => {
      const body = JSON.stringify({ username, password })
      const headers = { 'Content-Type': 'application/json' }
      return (await fetch(`${origin}/auth/login`, { method: 'POST', headers, body })).status
    },
    [origin, username, password] as const,
  )

const statesOf = (page: Tab) =>
  page.evaluate(async () => {
    const mail = window.auth.session('mail')
    await mail.ready
    const name = ({ status }: ReturnType<typeof mail.getSnapshot>) => status
    return { shop: name(window.auth.getSnapshot()), mail: name(mail.getSnapshot()) }
  })

const whoAmI = (page: Tab, origin: string) =>
  page.evaluate(async url => (await (await fetch(url)).json()).sub, `${origin}/api/me`)

describe('two sessions in one worker', () => {
  it('are two logins: each API gets its own token, and a logout ends one', async () => {
    const page = await scene.tab()
    const other = await scene.tab()
    expect(await logInTo(page, scene.origin, 'ada', 'lovelace')).toBe(200)
    expect(await statesOf(page)).toEqual({ shop: 'authenticated', mail: 'anonymous' })
    expect(await get(page, `${mailOrigin}/api/me`)).toBe(401)
    expect(await logInTo(other, mailOrigin, 'grace', 'hopper')).toBe(200)
    expect(await whoAmI(page, scene.origin)).toBe('ada')
    expect(await whoAmI(page, mailOrigin)).toBe('grace')

    await page.evaluate(() => window.auth.session('mail').logout())
    await expect.poll(() => statesOf(other)).toEqual({ shop: 'authenticated', mail: 'anonymous' })
    expect(await get(other, `${mailOrigin}/api/me`)).toBe(401)
    expect(await whoAmI(other, scene.origin)).toBe('ada')
  })

  it('are refreshed apart, each once for all tabs (G1)', async () => {
    const tabs = [await scene.tab(), await scene.tab()]
    const [page] = tabs as [Tab, Tab]
    await logInTo(page, scene.origin, 'ada', 'lovelace')
    await logInTo(page, mailOrigin, 'grace', 'hopper')
    scene.demo.expireAccessTokens()
    mail.expireAccessTokens()
    const statuses = await Promise.all(
      tabs.map(tab =>
        tab.evaluate(
          origins =>
            Promise.all(
              origins.flatMap(origin =>
                Array.from({ length: 10 }, async (_, n) => (await fetch(`${origin}/api/orders/${n + 1}`)).status),
              ),
            ),
          [scene.origin, mailOrigin],
        ),
      ),
    )
    expect(statuses.flat()).toEqual(Array.from({ length: 40 }, () => 200))
    expect(scene.demo.stats).toMatchObject({ refreshes: 1, refreshFailures: 0 })
    expect(mail.stats).toMatchObject({ refreshes: 1, refreshFailures: 0 })
  })

  it.runIf(engine.can.stopWorkers)('survive the worker, both (G6)', async () => {
    const page = await scene.tab()
    await logInTo(page, scene.origin, 'ada', 'lovelace')
    await logInTo(page, mailOrigin, 'grace', 'hopper')
    await scene.stopWorkers(page)
    expect(await whoAmI(page, mailOrigin)).toBe('grace')
    expect(await whoAmI(page, scene.origin)).toBe('ada')
  })
})

it('the first configuration is the one that a page sees which names none; of others it hears by their keys', async () => {
  const page = await scene.tab()
  await page.evaluate(() => window.auth.session('mail').ready)
  await logInTo(page, mailOrigin, 'grace', 'hopper')
  expect(await stateOf(page)).toEqual({ status: 'anonymous', reason: 'none' })
  const report = await page.evaluate(() => window.auth.session('mail').inspect())
  expect(report.worker).toMatchObject({
    storageKey: 'mail',
    storageKeys: ['shop', 'mail'],
    state: { status: 'authenticated' },
  })
  const failure = await page.evaluate(() =>
    window.auth.session('nobody').ready.then(
      () => null,
      ({ code, message }) => ({ code, message }),
    ),
  )
  expect(failure).toMatchObject({ code: 'unknown_session', message: expect.stringContaining('shop, mail') })
})

it('a URL that the predicates of two configurations claim gets no token, and no answer', async () => {
  const both = '.map(options => ({ ...options, apiUrls: [...options.apiUrls, url => url.pathname === "/both"] }))'
  scene.files['/sw.js'] = workerOf([shopOptions(), mailOptions()], both)
  const page = await scene.tab()
  await logInTo(page, scene.origin, 'ada', 'lovelace')
  let asked = 0
  scene.serve('/both', (_request, response) => {
    asked++
    response.end()
  })
  expect(await page.evaluate(() => fetch('/both').catch(({ name }) => name))).toBe('TypeError')
  expect(asked).toBe(0)
  if (engine.can.seeWorkerConsole)
    expect(scene.console.join()).toContain(
      'a request was refused, since the configurations shop and mail both claim it',
    )
})

it('a URL that two configurations claim is a config_error, which names both', async () => {
  scene.files['/sw.js'] = workerOf([shopOptions(), { ...shopOptions(), storageKey: 'mail' }])
  const page = await scene.tab('/test.html', { ready: false })
  const { code, message } = await page.evaluate(() =>
    window.auth.ready.then(
      () => ({ code: null, message: '' }),
      ({ code, message }) => ({ code, message }),
    ),
  )
  expect(code).toBe('config_error')
  expect(message).toContain('shop')
  expect(message).toContain('mail')
})
