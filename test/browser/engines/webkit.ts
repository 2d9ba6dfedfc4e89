import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser, Engine, Held, Profile, Tab, Work } from './engine.ts'
import { start, stop } from './processes.ts'
import { WebDriver } from './web-driver.ts'

/** How often a page is asked whether its work is done, at most and at least (milliseconds). */
const SOONEST = 4
const LATEST = 40

/** When a page that is still at it is said to hang (milliseconds): before the test's own limit, which names no page. */
const HANGS = 100_000

/** WebKitGTK, which stands in for Safari's engine: its MiniBrowser, on a display that nobody sees. */
export const webkit: Engine = {
  name: 'webkit',
  can: {
    stopWorkers: false,
    hardReload: false,
    seeWorkerConsole: false,
    goOffline: false,
    clearCookies: false,
    freeze: false,
    emulate: false,
    blockCookies: false,
  },
  async launch(executable) {
    const xvfb = start('Xvfb', ['-displayfd', '1', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp'])
    const [display] = await once(xvfb.stdout as NonNullable<typeof xvfb.stdout>, 'data')
    const env = {
      DISPLAY: `:${String(display).trim()}`,
      GDK_BACKEND: 'x11',
      GSETTINGS_BACKEND: 'memory',
      LIBGL_ALWAYS_SOFTWARE: '1',
      NO_AT_BRIDGE: '1',
      WEBKIT_DISABLE_COMPOSITING_MODE: '1',
    }
    return {
      newProfile: () => WebKitProfile.open(executable, env),
      isRunning: () => xvfb.exitCode === null && xvfb.signalCode === null,
      close: () => stop(xvfb),
    } satisfies Browser
  },
}

/** A session is a profile; a driver has one session at a time. */
class WebKitProfile implements Profile {
  readonly failures: string[] = []
  readonly console: string[] = []
  readonly version: string
  readonly tabs = new Set<WebKitTab>()
  readonly #process: ChildProcess
  readonly #driver: WebDriver
  /** Never closed: the browser would go with its last window. */
  readonly #keeper: string

  private constructor(process: ChildProcess, driver: WebDriver, keeper: string) {
    this.#process = process
    this.#driver = driver
    this.version = driver.version
    this.#keeper = keeper
  }

  static async open(binary: string, env: NodeJS.ProcessEnv): Promise<WebKitProfile> {
    const port = await freePort()
    const process = start('WebKitWebDriver', ['-p', String(port)], env)
    try {
      const options = { 'webkitgtk:browserOptions': { binary, args: ['--automation'] } }
      const driver = await WebDriver.connect(port, options)
      return new WebKitProfile(process, driver, await driver.firstWindow())
    } catch (error) {
      await stop(process)
      throw error
    }
  }

  setOffline(): Promise<void> {
    return Promise.reject(new Error('WebKitGTK has no way to take the network away'))
  }

  clearCookies(): Promise<void> {
    return Promise.reject(new Error('WebKitGTK removes only the cookies that a page is sent with'))
  }

  async newTab(): Promise<Tab> {
    const tab = new WebKitTab(this.#driver, await this.#driver.openWindow(this.#keeper), this, () =>
      this.tabs.delete(tab),
    )
    this.tabs.add(tab)
    return tab
  }

  async close() {
    try {
      for (const tab of this.tabs) await tab.collect()
      await this.#driver.end()
    } finally {
      await stop(this.#process)
    }
  }
}

const LEAVE = 'window.__isLeft = true'
const IS_LOADED = `return location.href !== 'about:blank' && !window.__isLeft && document.readyState === 'complete'`

/** Notes, from the end of its load on, what a page logs and fails to catch: the driver tells nothing of either. */
const OBSERVE = `
  const seen = (window.__seen = { failures: [], console: [] })
  addEventListener('error', ({ message }) => seen.failures.push(message))
  addEventListener('unhandledrejection', ({ reason }) => seen.failures.push(String(reason)))
  for (const level of ['debug', 'log', 'info', 'warn', 'error']) {
    const write = console[level]
    console[level] = (...args) => {
      seen.console.push(args.join(' '))
      write.apply(console, args)
    }
  }`

interface Seen {
  readonly failures: readonly string[]
  readonly console: readonly string[]
}

class WebKitTab implements Tab {
  readonly #driver: WebDriver
  readonly #window: string
  readonly #log: Pick<WebKitProfile, 'failures' | 'console'>
  readonly #closed: () => void
  #count = 0

  constructor(driver: WebDriver, window: string, log: Pick<WebKitProfile, 'failures' | 'console'>, closed: () => void) {
    this.#driver = driver
    this.#window = window
    this.#log = log
    this.#closed = closed
  }

  goto(url: string) {
    return this.#load('/url', { url })
  }

  async reload() {
    await this.collect()
    await this.#load('/refresh')
  }

  hardReload(): Promise<void> {
    return Promise.reject(new Error('WebKitGTK has no reload around the worker'))
  }

  stopWorkers(): Promise<void> {
    return Promise.reject(new Error('WebKitGTK has no way to stop a worker'))
  }

  emulate(): Promise<void> {
    return Promise.reject(new Error('WebKitGTK has no way to emulate what a user prefers'))
  }

  freeze(): Promise<void> {
    return Promise.reject(new Error('WebKitGTK has no way to freeze a page'))
  }

  async evaluate<Result, Arg>(work: Work<Arg, Result>, arg?: Arg): Promise<Result> {
    const key = await this.#run(work, arg)
    const script = `const { value } = window.__work[${key}]; delete window.__work[${key}]; return JSON.stringify(value)`
    const json = (await this.#driver.execute(this.#window, script)) as string | null
    return (json === null ? undefined : JSON.parse(json)) as Result
  }

  async evaluateHandle<Value, Arg>(work: Work<Arg, Value>, arg?: Arg): Promise<Held<Value>> {
    const key = await this.#run(work, arg)
    return { evaluate: next => this.evaluate(`(${next})(window.__work[${key}].value)`) }
  }

  /** What the driver takes for the end of the load may be that of another page: a new window's blank one, or the one before. */
  async #load(path: string, body?: object) {
    await this.#driver.execute(this.#window, LEAVE)
    await this.#driver.command(this.#window, 'POST', path, body)
    const begun = Date.now()
    while (!(await this.#driver.execute(this.#window, IS_LOADED))) {
      await this.#mustGoOn(begun, path)
      await sleep(SOONEST)
    }
    await this.#driver.execute(this.#window, OBSERVE)
  }

  /** To be called before what the page has noted is gone with it. */
  async collect() {
    const seen = (await this.#driver.execute(this.#window, 'return window.__seen ?? null')) as Seen | null
    this.#log.failures.push(...(seen?.failures ?? []))
    this.#log.console.push(...(seen?.console ?? []))
  }

  async close() {
    await this.collect()
    this.#closed()
    await this.#driver.command(this.#window, 'DELETE', '/window')
  }

  /**
   * Starts work, and settles when it is done with the key of its result. The driver would do nothing else while it
   * waits for a script, so it is asked again and again.
   */
  async #run<Result, Arg>(work: Work<Arg, Result>, arg?: Arg): Promise<number> {
    const key = ++this.#count
    const expression = typeof work === 'string' ? work : `(${work})(...args)`
    const begin = `
      const args = [...arguments]
      const entry = ((window.__work ??= {})[${key}] = {})
      const begun = (async () => (${expression}))()
      begun.then(value => Object.assign(entry, { isDone: true, value }), error => (entry.error = String(error)))`
    await this.#driver.execute(this.#window, begin, ...(arg === undefined ? [] : [arg]))
    const ask = `
      const entry = window.__work?.[${key}]
      return entry ? [entry.isDone ?? false, entry.error ?? null] : [false, 'the page has gone to another']`
    const begun = Date.now()
    for (let delay = SOONEST; ; delay = Math.min(2 * delay, LATEST)) {
      const [isDone, error] = (await this.#driver.execute(this.#window, ask)) as [boolean, string | null]
      if (error !== null) throw new Error(error)
      if (isDone) return key
      await this.#mustGoOn(begun, expression)
      await sleep(delay)
    }
  }

  async #mustGoOn(begun: number, what: string): Promise<void> {
    if (Date.now() - begun <= HANGS) return
    const ask = `return [location.pathname, document.readyState, document.visibilityState,
      navigator.serviceWorker?.controller?.state, window.auth?.getSnapshot().status, window.__isLeft]`
    throw new Error(`hangs: ${what} ${JSON.stringify(await this.#driver.execute(this.#window, ask))}`)
  }
}

/** A port that was free a moment ago: the driver cannot be told to look for one. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
