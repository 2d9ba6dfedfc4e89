import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { beforeAll, inject } from 'vitest'
import { createDemo, type Demo, type DemoOptions } from '../../examples/demo/app.mjs'
import { oneFileOf } from '../../scripts/one-file.mjs'
import type { AuthClient } from '../../src/page/auth-client.ts'
import { deferred } from '../unit/kit.ts'
import type { Browser, Engine, Profile, Settings, Tab } from './engines/engine.ts'
import { chromium, firefox } from './engines/playwright.ts'
import { webkit } from './engines/webkit.ts'

declare global {
  interface Window {
    auth: AuthClient
    /** All that workers have said to this page, by itself or in answer. */
    received: unknown[]
  }
}

/** Who keeps the session in this run: the worker, or each page itself, since workers are forbidden. */
export const host = inject('host')

/** The page of the tests: registers the worker, notes what workers say, and does nothing else of its own. */
export const PAGE = `<!doctype html>${host === 'page' ? `<meta http-equiv="Content-Security-Policy" content="worker-src 'none'">` : ''}<meta charset="utf-8"><title>test</title><link rel="icon" href="data:,"><script type="module">
import { register } from '/refresh-worker/index.js'
window.received = []
const note = ({ data }) => window.received.push(data)
navigator.serviceWorker?.addEventListener('message', note)
window.MessageChannel = class extends MessageChannel {
  constructor() {
    super()
    this.port1.addEventListener('message', note)
  }
}
window.auth = register(new URLSearchParams(location.search).get('worker') ?? '/sw.js'${host === 'page' ? ", { withoutWorker: () => import('/in-page.js') }" : ''})
</script>`

/**
 * A page that may have no worker, by its policy, and keeps the session by the very script that would have been the worker's.
 */
async function withoutWorkers(origin: string, files: Scene['files']) {
  const usual = await (await fetch(`${origin}/sw.js`)).text()
  Object.defineProperty(files, '/in-page.js', {
    enumerable: true,
    get: () => ({ type: 'text/javascript', body: inPageScript(String(files['/sw.js']?.body ?? usual)) }),
  })
}

/** The same worker as one script, as `refresh-worker build` makes it of the very options. */
async function asOneFile(origin: string, files: Scene['files']) {
  const script = String(files['/sw.js']?.body ?? (await (await fetch(`${origin}/sw.js`)).text()))
  files['/sw.js'] = { type: 'text/javascript', body: await oneFileOf(optionsOf(script)) }
}

/** A module that has the options, which a worker's script gives to `setup()`, as its default export. */
function optionsOf(script: string): string {
  return `let options
const importScripts = () => {}
const RefreshWorker = { setup: given => { options = given } }
{
${script}
}
export default options`
}

/** Has a worker's script make what keeps the session in a page. */
export function inPageScript(script: string): string {
  return `import { inPage } from '/refresh-worker/refresh-worker.in-page.js'
${optionsOf(script).replace('export default options', 'export default inPage(options)')}`
}

/** The beginning of every JWT that is no placeholder, and the passwords. */
export const SECRETS = /eyJ(?!(?:[\w-]*\.){1,2}refresh-worker-)[\w-]{8}|lovelace|hopper/

/** The engine that this run of the tests is about. */
export const engine = engineOf({ chromium, firefox, webkit }[inject('engine')])

/** Where there are no workers, none can be stopped, or tells anything. */
function engineOf(engine: Engine): Engine {
  if (inject('host') === 'worker') return engine
  return { ...engine, can: { ...engine.can, stopWorkers: false, seeWorkerConsole: false } }
}

/** Starts its browser. */
export function launch(settings?: Settings): Promise<Browser> {
  return engine.launch(inject('executable'), settings)
}

type Program = 'executable' | 'quickest'

/** Those that run, until this process ends, which takes one file after another: starting one takes longer than a test. */
const running = new Map<Program, Browser>()

/**
 * A browser for all tests of a file, each of which takes a profile of its own.
 * @param program `executable` where what people have around the engine is part of the test
 */
export function useBrowser(program: Program = 'quickest'): Pick<Browser, 'newProfile'> {
  let browser: Browser
  beforeAll(async () => {
    const known = running.get(program)
    // One that has crashed is not to fail what comes after it.
    browser = known?.isRunning() ? known : await engine.launch(inject(program))
    running.set(program, browser)
  })
  return { newProfile: () => browser.newProfile() }
}

/** A demo server and one browser profile that uses it: its tabs share the worker. */
export class Scene {
  readonly demo: Demo
  readonly origin: string
  readonly profile: Profile
  /** Files that the server has besides its own; they may be changed while it runs. */
  readonly files: NonNullable<DemoOptions['files']>
  readonly #urls: string[] = []
  readonly #served = new Map<string, RequestListener>()
  readonly #exposed = new Map<PlaceName, string>()

  private constructor(demo: Demo, origin: string, profile: Profile, files: Scene['files']) {
    this.demo = demo
    this.origin = origin
    this.profile = profile
    this.files = files
    demo.server.off('request', demo.app).on('request', (request, response) => {
      const { url = '' } = request
      this.#urls.push(url)
      const listener = this.#served.get(url) ?? demo.app
      listener(request, response)
    })
  }

  static async open(browser: Pick<Browser, 'newProfile'>, options: DemoOptions = {}): Promise<Scene> {
    const files = { '/test.html': { type: 'text/html', body: PAGE }, ...options.files }
    const demo = createDemo({ lifetime: 60, latency: 0, ...options, files })
    const origin = await demo.listen(0)
    if (host === 'page') await withoutWorkers(origin, files)
    if (inject('isOneFile')) await asOneFile(origin, files)
    return new Scene(demo, origin, await browser.newProfile(), files)
  }

  /** What pages and workers have written to the console; workers only where `engine.can.seeWorkerConsole`. */
  get console(): readonly string[] {
    return this.profile.console
  }

  /** Opens a tab, and waits until the worker controls it unless told otherwise. */
  async tab(path = '/test.html', { ready = true } = {}): Promise<Tab> {
    const page = await this.profile.newTab()
    await page.goto(this.origin + path)
    if (ready) await page.evaluate(() => window.auth.ready)
    return page
  }

  /** Stops every worker, as a browser does with one that is idle; it is started again by the next event. */
  stopWorkers(page: Tab): Promise<void> {
    return page.stopWorkers()
  }

  /** Stops the one worker of a script. */
  stopWorker(page: Tab, path: string): Promise<void> {
    return page.stopWorkers(this.origin + path)
  }

  /** Answers the requests of one URL in place of the demo. */
  serve(url: string, listener: RequestListener) {
    this.#served.set(url, listener)
  }

  /** Takes it for right that there are secrets in a place; the reason is for whoever reads the test. */
  expose(place: PlaceName, reason: string) {
    this.#exposed.set(place, reason)
  }

  close() {
    return searchAndClose({
      profile: this.profile,
      server: this.demo,
      isSecret: (text, place) => !this.#exposed.has(place) && SECRETS.test(text),
      more: () => [
        ['log of the server', JSON.stringify(this.demo.log)],
        ['URLs of requests', this.#urls.join(' ')],
      ],
    })
  }
}

interface Ending {
  readonly profile: Profile
  readonly server: { close(): Promise<void> }
  readonly isSecret: (text: string, place: PlaceName) => boolean
  /** What else to search than what the browser has. */
  readonly more?: () => Place[]
}

/** Looks for secrets wherever they must not be (R35, H17), and ends it all. */
export async function searchAndClose({ profile, server, isSecret, more = () => [] }: Ending) {
  const places: Place[] = []
  try {
    for (const tab of profile.tabs) places.push(...(await tab.evaluate(look)))
  } finally {
    await profile.close()
    await server.close()
  }
  const { failures, console } = profile
  if (failures.length > 0) throw new Error(`pages threw: ${failures.join('; ')}`)
  places.push(...more(), ...console.map(line => ['console', line] as const))
  const where = places
    .filter(([place, text]) => isSecret(text, place))
    .map(([place, text]) => (place === 'console' ? `console, in a line that begins with ${text.slice(0, 20)}` : place))
  if (where.length > 0) throw new Error(`there are secrets in: ${where.join(', ')}`)
}

type PlaceName =
  | 'console'
  | 'performance entries'
  | 'caches'
  | 'localStorage'
  | 'sessionStorage'
  | 'cookies'
  | 'document'
  | 'messages of the worker'
  | 'log of the server'
  | 'URLs of requests'
export type Place = readonly [name: PlaceName, text: string]

/** In a page: all places that scripts and people can look into, and where no secret belongs. */
export async function look(): Promise<Place[]> {
  // A blank page or a browser's own has none of them.
  if (!location.protocol.startsWith('http')) return []
  // Where cookies are blocked, it may look into nothing, and there is nothing.
  const storageOf = (name: 'localStorage' | 'sessionStorage') => {
    try {
      return JSON.stringify(window[name])
    } catch {
      return ''
    }
  }
  const cached: unknown[] = []
  for (const name of 'caches' in globalThis ? await caches.keys().catch(() => []) : []) {
    const cache = await caches.open(name)
    for (const request of await cache.keys()) {
      const response = await cache.match(request, { ignoreVary: true })
      cached.push(name, request.url, [...request.headers], [...(response?.headers ?? [])], await response?.text())
    }
  }
  return [
    [
      'performance entries',
      performance
        .getEntries()
        .map(({ name }) => name)
        .join(' '),
    ],
    ['caches', JSON.stringify(cached)],
    ['localStorage', storageOf('localStorage')],
    ['sessionStorage', storageOf('sessionStorage')],
    ['cookies', document.cookie],
    ['document', document.documentElement.outerHTML],
    ['messages of the worker', JSON.stringify(window.received ?? [])],
  ]
}

/** Logs in as an application does: by a plain fetch. Settles with what the page sees of the response. */
export function logIn(page: Tab, username = 'ada', password = 'lovelace') {
  return page.evaluate(
    async credentials => {
      const response = await fetch('/auth/login', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(credentials),
      })
      return { status: response.status, body: await response.json(), headers: Object.fromEntries(response.headers) }
    },
    { username, password },
  )
}

/** Logs in with a token of so many seconds, and has the next one live long. Settles with when the first expires. */
export async function logInFor(scene: Scene, lifetime: number, page: Tab): Promise<number> {
  const expiresAt = page.evaluate(
    () =>
      new Promise<number>(resolve => {
        window.auth.subscribe(state => state.status === 'authenticated' && resolve(state.expiresAt ?? Number.NaN))
      }),
  )
  // Once it is issued, and not when the page has it: a busy machine may have asked for the next one by then.
  const lengthen = ({ url }: IncomingMessage, response: ServerResponse) => {
    if (url === '/auth/login') response.once('finish', () => scene.demo.setLifetime(600))
  }
  scene.demo.setLifetime(lifetime)
  scene.demo.server.prependListener('request', lengthen)
  await logIn(page)
  scene.demo.server.off('request', lengthen)
  return expiresAt
}

/** The status of a plain GET by the page. */
export function get(page: Tab, path: string): Promise<number> {
  return page.evaluate(async url => (await fetch(url)).status, path)
}

export function stateOf(page: Tab) {
  return page.evaluate(() => window.auth.getSnapshot())
}

/** Settles once the page's state has the status. */
export async function untilStatus(page: Tab, status: string) {
  await page.evaluate(
    wanted =>
      new Promise<void>(resolve => {
        const end = window.auth.subscribe(state => {
          if (state.status !== wanted) return
          resolve()
          queueMicrotask(() => end())
        })
      }),
    status,
  )
}

/** A gate that whoever passes waits at until it is opened; `reached` settles with the first to come. */
export function barrier() {
  const { promise: reached, resolve: reach } = deferred<void>()
  const { promise: opened, resolve: open } = deferred<void>()
  const pass = () => {
    reach()
    return opened
  }
  return { pass, reached, open }
}
