import { setTimeout as sleep } from 'node:timers/promises'

/** How long the driver may take to answer for the first time (milliseconds). */
const START_LIMIT = 20_000

interface NewSession {
  readonly sessionId: string
  readonly capabilities: { readonly browserVersion: string }
}

/** A session of a W3C WebDriver that takes one command at a time, whichever window it is for. */
export class WebDriver {
  /** The browser's. */
  readonly version: string
  readonly #url: string
  #window = ''
  #queue: Promise<unknown> = Promise.resolve()

  private constructor(url: string, version: string) {
    this.#url = url
    this.version = version
  }

  /** Waits for a driver that was just started, and begins a session. */
  static async connect(port: number, capabilities: object): Promise<WebDriver> {
    const url = `http://127.0.0.1:${port}`
    const deadline = Date.now() + START_LIMIT
    const isUp = () =>
      send('GET', `${url}/status`).then(
        () => true,
        () => false,
      )
    while (!(await isUp())) {
      if (Date.now() > deadline) throw new Error('the driver does not answer')
      await sleep(10)
    }
    const begun = await send('POST', `${url}/session`, { capabilities: { alwaysMatch: capabilities } })
    const { sessionId, capabilities: granted } = begun as NewSession
    return new WebDriver(`${url}/session/${sessionId}`, granted.browserVersion)
  }

  /** The window that the session has begun with. */
  firstWindow(): Promise<string> {
    return this.#next(() => this.#send('GET', '/window')) as Promise<string>
  }

  /** Opens a window, from one that is open. */
  openWindow(from: string): Promise<string> {
    return this.#next(async () => {
      await this.#switchTo(from)
      // A window, since the tabs behind the first one of a window are hidden, and their timers slow.
      const { handle } = (await this.#send('POST', '/window/new', { type: 'window' })) as { handle: string }
      return handle
    })
  }

  /** Sends a command for a window. */
  command(window: string, method: string, path: string, body: object = {}): Promise<unknown> {
    return this.#next(async () => {
      await this.#switchTo(window)
      return this.#send(method, path, body)
    })
  }

  execute(window: string, script: string, ...args: readonly unknown[]): Promise<unknown> {
    return this.command(window, 'POST', '/execute/sync', { script, args })
  }

  end(): Promise<unknown> {
    return this.#next(() => this.#send('DELETE', ''))
  }

  async #switchTo(handle: string) {
    if (this.#window !== handle) await this.#send('POST', '/window', { handle })
    this.#window = handle
  }

  #send(method: string, path: string, body: object = {}): Promise<unknown> {
    return send(method, this.#url + path, body)
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work)
    this.#queue = result.catch(() => undefined)
    return result
  }
}

async function send(method: string, url: string, body: object = {}): Promise<unknown> {
  const response = await fetch(url, { method, ...(method === 'POST' && { body: JSON.stringify(body) }) })
  const { value } = (await response.json()) as { value: { error?: string; message?: string } | null }
  if (!response.ok) throw new Error(`${method} ${new URL(url).pathname}: ${value?.error}: ${value?.message}`)
  return value
}
