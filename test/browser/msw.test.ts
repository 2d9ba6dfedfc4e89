/** MSW and this library in one page, which can have one worker: every order of the two, and those that work. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { DemoOptions } from '../../examples/demo/app.mjs'
import type { Tab } from './engines/engine.ts'
import { Example, submitLogin } from './example.ts'
import { engine, get, logIn, Scene, stateOf, useBrowser } from './harness.ts'

const example = new Example('testing/msw')
const browser = useBrowser()
let scene: Scene
afterEach(() => scene.close())

type Files = NonNullable<DemoOptions['files']>
const script = (body: string) => ({ type: 'text/javascript', body })
const read = (path: string) => script(readFileSync(path, 'utf8'))

const OPTIONS = `{ apiUrls: ['/api/'], loginUrl: '/auth/login', logoutUrl: '/auth/logout', useRefreshToken: true, claims: ['name'] }`
const SETUP = `RefreshWorker.setup(${OPTIONS})`

/** A page that does as its query says, one thing after the other, and then has what it needs for the tests. */
const PAGE = `
import { http } from 'msw'
import { setupWorker } from 'msw/browser'
import { register } from 'refresh-worker'
import { fakeServer } from 'refresh-worker/testing'

// Engines differ in what they tell a driver of an error.
window.said = []
console.error = error => window.said.push(String(error))
const server = window.server = fakeServer({ api: () => Response.json('mocked') })
const worker = setupWorker(...['/auth/*', '/api/*'].map(path => http.all(path, ({ request }) => server.fetch(request))))
const { order, sw = '/sw.js', msw = '/mockServiceWorker.js', host } = Object.fromEntries(new URLSearchParams(location.search))
const withoutWorker = async () => (await import('refresh-worker/in-page')).inPage(${OPTIONS})
const steps = {
  msw: () => worker.start({ quiet: true, onUnhandledRequest: 'bypass', serviceWorker: { url: msw } }),
  register: () => void (window.auth = register(sw, host ? { withoutWorker, host } : {})),
  ready: () => auth.ready.catch(({ code, message }) => void (window.problem = { code, message })),
}
for (const step of order.split(',')) await steps[step]()
window.isDone = true
`

let files: Files
beforeAll(async () => {
  await example.install()
  const built = await build({
    stdin: { contents: PAGE, resolveDir: example.folder },
    bundle: true,
    splitting: true,
    format: 'esm',
    write: false,
    outdir: '/out',
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"' },
  })
  files = {
    '/msw.html': {
      type: 'text/html',
      body: '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/stdin.js"></script>',
    },
    ...Object.fromEntries(built.outputFiles.map(({ path, text }) => [path.replace(/^.*\/out/, ''), script(text)])),
    '/mockServiceWorker.js': read(join(example.folder, 'node_modules/msw/lib/mockServiceWorker.js')),
    '/refresh-worker.js': read('dist/refresh-worker.js'),
    '/sw.js': script(`importScripts('refresh-worker.js'); ${SETUP}`),
    '/ours-first.js': script(`importScripts('refresh-worker.js'); ${SETUP}; importScripts('mockServiceWorker.js')`),
    '/msw-first.js': script(`importScripts('mockServiceWorker.js', 'refresh-worker.js'); ${SETUP}`),
  }
})

async function open(query: Readonly<Record<string, string>>) {
  scene = await Scene.open(browser, { lifetime: 600, files })
  const page = await scene.tab(`/msw.html?${new URLSearchParams(query)}`, { ready: false })
  const isDone = () => page.evaluate(() => 'isDone' in window)
  await expect.poll(isDone).toBe(true)
  return page
}

const controller = (page: Tab) =>
  page.evaluate(() => navigator.serviceWorker.controller?.scriptURL.replace(location.origin, ''))
const problem = (page: Tab) => page.evaluate('window.problem')
const mocked = (page: Tab) => page.evaluate('server.calls')

const WORDS = /to use MSW, start it first.*withoutWorker/

describe('two scripts of one scope, of which the later one replaces the other', () => {
  it('MSW started later takes the page: the state says so, and the console what to do', async () => {
    const page = await open({ order: 'register,ready,msw' })
    await expect.poll(() => stateOf(page)).toEqual({ status: 'unsupported', code: 'foreign_controller' })
    expect(await page.evaluate('said')).toEqual([expect.stringMatching(WORDS)])
    expect(await controller(page)).toBe('/mockServiceWorker.js')
    // What happened before, and happens: nobody adds a token.
    expect(await get(page, '/api/me')).toBe(401)
  })

  it('MSW started first is not replaced any more: `ready` rejects, with what to do', async () => {
    const page = await open({ order: 'msw,register,ready' })
    expect(await problem(page)).toEqual({ code: 'foreign_controller', message: expect.stringMatching(WORDS) })
    expect(await stateOf(page)).toEqual({ status: 'unsupported', code: 'foreign_controller' })
    expect(await controller(page)).toBe('/mockServiceWorker.js')
  })
})

describe('one script with both, in which one fetch listener answers, and the worker warns', () => {
  const warned = async () => {
    if (engine.can.seeWorkerConsole)
      await expect.poll(() => scene.profile.console.join('\n')).toContain('MSW is part of this script')
  }

  it.each(['msw,register,ready', 'register,ready,msw'])('ours first: nothing is mocked (%s)', async order => {
    const page = await open({ order, sw: '/ours-first.js', msw: '/ours-first.js' })
    await logIn(page)
    expect(await get(page, '/api/me')).toBe(200)
    expect(await mocked(page)).toEqual([])
    expect(scene.demo.stats).toMatchObject({ logins: 1, requests: 1 })
    await warned()
  })

  it.each(['msw,register,ready', 'register,ready,msw'])('MSW first: nobody is logged in (%s)', async order => {
    const page = await open({ order, sw: '/msw-first.js', msw: '/msw-first.js' })
    const { status } = await page.evaluate(async () => {
      const body = JSON.stringify({ username: 'ada' })
      return fetch('/auth/login', { method: 'POST', body }).then(({ status }) => ({ status }))
    })
    expect(status).toBe(200)
    expect(await mocked(page)).toEqual(['login'])
    expect(await stateOf(page)).toEqual({ status: 'anonymous', reason: 'none' })
    expect(await get(page, '/api/me')).toBe(401)
    await warned()
  })
})

describe('the page keeps the session itself, and MSW has the worker', () => {
  it.each(['worker', 'page'])("MSW first, host: '%s'", async host => {
    const page = await open({ order: 'msw,register,ready', host })
    await logIn(page)
    expect(await get(page, '/api/me')).toBe(200)
    await page.evaluate('server.expire()')
    expect(await get(page, '/api/me')).toBe(200)
    expect(await mocked(page)).toEqual(['login', 'refresh'])
    expect(await stateOf(page)).toMatchObject({ status: 'authenticated', claims: { name: 'ada' } })
    expect(await page.evaluate(async () => (await window.auth.inspect()).worker.host)).toBe('page')
    expect(await controller(page)).toBe('/mockServiceWorker.js')
    expect(scene.demo.stats).toMatchObject({ logins: 0, requests: 0 })
  })

  it("MSW later, host: 'worker': the page takes over once it has seen that its worker was replaced", async () => {
    const page = await open({ order: 'register,ready,msw', host: 'worker' })
    const host = () => page.evaluate(async () => (await window.auth.inspect()).worker.host)
    await expect.poll(host).toBe('page')
    await logIn(page)
    expect(await get(page, '/api/me')).toBe(200)
    expect(await mocked(page)).toEqual(['login'])
    expect(await page.evaluate('said')).toEqual([expect.stringMatching(WORDS)])
  })

  it("MSW later, host: 'page': no worker of ours is there to be replaced", async () => {
    const page = await open({ order: 'register,ready,msw', host: 'page' })
    await logIn(page)
    expect(await get(page, '/api/me')).toBe(200)
    expect(await mocked(page)).toEqual(['login'])
  })

  it('as the example does', async () => {
    await example.run('npm', 'run', 'build', '--', '--mode', 'mock')
    scene = await Scene.open(browser, { files: example.files() })
    scene.expose('console', 'MSW logs what it is asked, and what it answers')
    const page = await scene.tab('/index.html', { ready: false })
    await submitLogin(page)
    const text = (id: string) => page.evaluate(id => document.getElementById(id)?.textContent, id)
    await expect.poll(() => text('account')).toBe('Logged in as ada')
    await page.evaluate(() => document.getElementById('orders')?.click())
    await expect.poll(() => text('answer')).toBe('200 {"orders":[1,2],"of":"ada"}')
    expect(scene.demo.stats).toMatchObject({ logins: 0, requests: 0 })
  })

  it('and where the example is built for use, the worker is there, and MSW is not', async () => {
    await example.run('npm', 'run', 'build')
    scene = await Scene.open(browser, { files: example.files() })
    const page = await scene.tab('/index.html', { ready: false })
    await submitLogin(page)
    await expect.poll(() => page.evaluate(() => document.body.innerText)).toContain('Logged in as Ada Lovelace')
    expect(await controller(page)).toBe('/sw.js')
    expect(scene.demo.stats).toMatchObject({ logins: 1 })
  })
})

it('in a unit test, as the example does', async () => {
  scene = await Scene.open(browser, {})
  await example.run('npm', 'test')
})
