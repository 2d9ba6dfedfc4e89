import { afterEach } from 'vitest'
import type { AuthServer } from '../servers/app.ts'
import type { Browser, Profile, Tab } from './engines/engine.ts'
import { searchAndClose } from './harness.ts'

/** Of access tokens that are not to expire by themselves (seconds). */
const LIFETIME = 600

/** In a worker: a clock that is set by a message. */
const CLOCK = `
  let ahead = 0
  const { now } = Date
  Date.now = () => now() + ahead
  addEventListener('message', ({ data, ports: [port] }) => {
    if (data.ahead === undefined) return
    ahead = data.ahead
    port.postMessage('set')
  })`

/** By URL path: the worker's script, `/sw.js`, and the pages. */
type SiteFiles = Readonly<Record<string, { type: string; body: string }>>

/** As much of it as a site has to know. */
type SiteServer = Pick<AuthServer, 'origin' | 'files' | 'secrets' | 'forgetAccessTokens' | 'close'>

/**
 * Makes what opens a site for a test, which is closed after it.
 * @param onClosed called then
 */
export function useSites<Server extends SiteServer>(
  browser: Pick<Browser, 'newProfile'>,
  onClosed: (server: Server) => void = () => undefined,
) {
  let last: Site<Server> | undefined
  afterEach(async () => {
    const site = last
    last = undefined
    await site?.close()
    if (site) onClosed(site.server)
  })
  return async (server: Server, files: SiteFiles): Promise<Site<Server>> => {
    last = await Site.open(browser, server, files)
    return last
  }
}

/** An authorization server with its application, and one browser profile that uses it. */
export class Site<Server extends SiteServer = AuthServer> {
  readonly server: Server
  readonly #profile: Profile
  #ahead = 0

  private constructor(server: Server, profile: Profile) {
    this.server = server
    this.#profile = profile
  }

  static async open<Server extends SiteServer>(
    browser: Pick<Browser, 'newProfile'>,
    server: Server,
    files: SiteFiles,
  ): Promise<Site<Server>> {
    for (const [path, { type, body }] of Object.entries(files))
      server.files.set(path, { type, body: path === '/sw.js' ? `{${CLOCK}}\n${body}` : body })
    return new Site(server, await browser.newProfile())
  }

  /** Opens a tab, and waits until the worker controls it. */
  async tab(path: string): Promise<Tab> {
    const tab = await this.#profile.newTab()
    await tab.goto(this.server.origin + path)
    await tab.evaluate(() => window.auth.ready)
    return tab
  }

  /** The first one alone: WebKit may leave a page without the worker that is loaded while the first one is activated. */
  async tabs(count: number, path: string): Promise<[Tab, ...Tab[]]> {
    const first = await this.tab(path)
    return [first, ...(await Promise.all(Array.from({ length: count - 1 }, () => this.tab(path))))]
  }

  /** How far the worker's clock is ahead of everyone else's (milliseconds). */
  get ahead(): number {
    return this.#ahead
  }

  /**
   * Has the token expire that the worker has, which lives for ten minutes: by the worker's clock, and for the server,
   * which forgets it. Pages keep their clock, so that none asks for a refresh of its own.
   */
  async expireTokens(tab: Tab) {
    this.server.forgetAccessTokens()
    await this.advance(tab, LIFETIME + 1)
  }

  /** Sets the worker's clock forward. One that is stopped forgets it. */
  async advance(tab: Tab, seconds: number) {
    this.#ahead += 1000 * seconds
    await tab.evaluate(ahead => {
      const { port1, port2 } = new MessageChannel()
      return new Promise<void>(resolve => {
        port1.onmessage = () => resolve()
        navigator.serviceWorker.controller?.postMessage({ ahead }, [port2])
      })
    }, this.#ahead)
  }

  /** Removes every cookie, as the browser's user can. */
  clearCookies() {
    return this.#profile.clearCookies()
  }

  close() {
    const { server } = this
    return searchAndClose({
      profile: this.#profile,
      server,
      isSecret: text => [...server.secrets].some(secret => text.includes(secret)),
    })
  }
}
