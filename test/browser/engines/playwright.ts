import {
  type BrowserContext,
  chromium as chromiumType,
  firefox as firefoxType,
  type Page,
  type Browser as PlaywrightBrowser,
} from 'playwright-core'
import { CHROMIUM_FLAGS } from '../../../scripts/browsers.mjs'
import type { Browser, Emulated, Engine, Held, Profile, Tab, Work } from './engine.ts'

export const chromium: Engine = {
  name: 'chromium',
  can: {
    stopWorkers: true,
    hardReload: true,
    seeWorkerConsole: true,
    goOffline: true,
    clearCookies: true,
    freeze: true,
    emulate: true,
    // Only by a profile on disk.
    blockCookies: false,
  },
  async launch(executablePath) {
    const args = [...CHROMIUM_FLAGS]
    const hardReload = async (page: Page) => {
      const session = await page.context().newCDPSession(page)
      await session.send('Page.reload', { ignoreCache: true })
    }
    // Playwright turns off what people have.
    const ignoreDefaultArgs = ['--disable-back-forward-cache']
    return browserOf(await chromiumType.launch({ executablePath, args, ignoreDefaultArgs }), hardReload)
  },
}

/** Stock Firefox over WebDriver BiDi, which knows nothing of service workers. */
export const firefox: Engine = {
  name: 'firefox',
  // Its workers do not go offline with their pages.
  can: {
    stopWorkers: false,
    hardReload: true,
    seeWorkerConsole: false,
    goOffline: false,
    clearCookies: true,
    freeze: false,
    emulate: false,
    blockCookies: true,
  },
  async launch(executablePath, { cookies } = {}) {
    // Firefox alone takes the argument, which other engines ignore. Not at once: the page is gone then.
    const hardReload = (page: Page) => page.evaluate('void setTimeout(() => location.reload(true))')
    const firefoxUserPrefs = cookies === 'blocked' ? { 'network.cookie.cookieBehavior': 2 } : {}
    return browserOf(await firefoxType.launch({ channel: 'moz-firefox', executablePath, firefoxUserPrefs }), hardReload)
  },
}

/** What Firefox tells of as it does of an error that nobody caught: what it could not, or would not, load or keep. */
const LOAD_ERROR =
  /^(Failed to load ‘|Cross-Origin Request Blocked: |Content-Security-Policy: |Cookie “|downloadable font: |Firefox can’t establish a connection |Failed to read data from the ReadableStream: |Failed to get service worker registration|Failed to register\/update a ServiceWorker )/

type HardReload = (page: Page) => Promise<unknown>

function browserOf(browser: PlaywrightBrowser, hardReload: HardReload): Browser {
  return {
    newProfile: async () => new PlaywrightProfile(await browser.newContext(), browser.version(), hardReload),
    isRunning: () => browser.isConnected(),
    close: () => browser.close(),
  }
}

class PlaywrightProfile implements Profile {
  readonly failures: string[] = []
  readonly console: string[] = []
  readonly version: string
  readonly tabs = new Set<Tab>()
  readonly #context: BrowserContext
  readonly #hardReload: HardReload

  constructor(context: BrowserContext, version: string, hardReload: HardReload) {
    this.version = version
    this.#context = context
    this.#hardReload = hardReload
    context.on('weberror', error => {
      const message = String(error.error())
      if (LOAD_ERROR.test(message)) this.console.push(message)
      else this.failures.push(message)
    })
    context.on('console', message => this.console.push(message.text()))
  }

  async newTab(): Promise<Tab> {
    const page = await this.#context.newPage()
    const tab = new PlaywrightTab(page, this.#hardReload)
    this.tabs.add(tab)
    page.once('close', () => this.tabs.delete(tab))
    return tab
  }

  setOffline(isOffline: boolean) {
    return this.#context.setOffline(isOffline)
  }

  clearCookies() {
    return this.#context.clearCookies()
  }

  close() {
    return this.#context.close()
  }
}

class PlaywrightTab implements Tab {
  readonly #page: Page
  readonly #hardReload: HardReload

  constructor(page: Page, hardReload: HardReload) {
    this.#page = page
    this.#hardReload = hardReload
  }

  async goto(url: string) {
    await this.#page.goto(url)
  }

  async reload() {
    await this.#page.reload()
  }

  async hardReload() {
    const loaded = this.#page.waitForEvent('load')
    await this.#hardReload(this.#page)
    await loaded
  }

  evaluate<Result, Arg>(work: Work<Arg, Result>, arg?: Arg): Promise<Result> {
    return this.#page.evaluate(work as Work<unknown, Result>, arg)
  }

  evaluateHandle<Value, Arg>(work: Work<Arg, Value>, arg?: Arg): Promise<Held<Value>> {
    return this.#page.evaluateHandle(work as Work<unknown, Value>, arg) as Promise<Held<Value>>
  }

  async stopWorkers(scriptUrl?: string) {
    const session = await this.#page.context().newCDPSession(this.#page)
    const versionId = new Promise<string>(resolve => {
      session.on('ServiceWorker.workerVersionUpdated', ({ versions }) => {
        for (const version of versions) if (version.scriptURL === scriptUrl) resolve(version.versionId)
      })
    })
    await session.send('ServiceWorker.enable')
    if (scriptUrl === undefined) await session.send('ServiceWorker.stopAllWorkers')
    else await session.send('ServiceWorker.stopWorker', { versionId: await versionId })
    await session.detach()
  }

  async freeze(isFrozen: boolean) {
    const session = await this.#page.context().newCDPSession(this.#page)
    await session.send('Page.setWebLifecycleState', { state: isFrozen ? 'frozen' : 'active' })
    await session.detach()
  }

  async emulate({ width, scheme }: Emulated) {
    if (width) await this.#page.setViewportSize({ width, height: 844 })
    if (scheme) await this.#page.emulateMedia({ colorScheme: scheme })
  }

  close() {
    return this.#page.close()
  }
}
