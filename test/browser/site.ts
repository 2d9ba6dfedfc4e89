import type { AuthServer } from '../servers/app.ts'
import type { Browser, Profile, Tab } from './engines/engine.ts'
import { searchAndClose } from './harness.ts'

/** An authorization server with its application, and one browser profile that uses it. */
export class Site<Server extends AuthServer = AuthServer> {
  readonly server: Server
  readonly #profile: Profile

  private constructor(server: Server, profile: Profile) {
    this.server = server
    this.#profile = profile
  }

  /** @param files by URL path: the worker's script and the pages */
  static async open<Server extends AuthServer>(
    browser: Pick<Browser, 'newProfile'>,
    server: Server,
    files: Readonly<Record<string, { type: string; body: string }>>,
  ): Promise<Site<Server>> {
    for (const [path, file] of Object.entries(files)) server.files.set(path, file)
    return new Site(server, await browser.newProfile())
  }

  /** Opens a tab, and waits until the worker controls it. */
  async tab(path: string): Promise<Tab> {
    const tab = await this.#profile.newTab()
    await tab.goto(this.server.origin + path)
    await tab.evaluate(() => window.auth.ready)
    return tab
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
