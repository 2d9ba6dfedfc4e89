type Handler = ((event: Event) => void) | null

const CONNECTING = 0
const OPEN = 1
const CLOSED = 2

/** An EventSource that asks by a `fetch` that is given. What reads the stream is loaded when a page opens the first one. */
export class FetchEventSource extends EventTarget {
  static readonly CONNECTING = CONNECTING
  static readonly OPEN = OPEN
  static readonly CLOSED = CLOSED
  readonly CONNECTING = CONNECTING
  readonly OPEN = OPEN
  readonly CLOSED = CLOSED
  onopen: Handler = null
  onmessage: Handler = null
  onerror: Handler = null
  readonly url: string
  readonly withCredentials: boolean
  #isClosed = false
  #source: Pick<EventSource, 'readyState' | 'close'> | undefined

  constructor(url: string, withCredentials: boolean, fetch: typeof globalThis.fetch) {
    super()
    this.url = url
    this.withCredentials = withCredentials
    for (const type of ['open', 'message', 'error'] as const)
      this.addEventListener(type, event => {
        this[`on${type}`]?.(event)
      })
    this.#connect(fetch).catch(() => {
      // As after an answer that is no stream: whoever wants it opens another one.
      this.close()
      this.dispatchEvent(new Event('error'))
    })
  }

  get readyState(): number {
    return this.#isClosed ? CLOSED : (this.#source?.readyState ?? CONNECTING)
  }

  close(): void {
    this.#isClosed = true
    this.#source?.close()
  }

  async #connect(fetch: typeof globalThis.fetch) {
    const { EventSource } = await import('eventsource')
    if (this.#isClosed) return
    const target = this
    class Source extends EventSource {
      override dispatchEvent(event: Event): boolean {
        return target.dispatchEvent(event)
      }
    }
    this.#source = new Source(this.url, { withCredentials: this.withCredentials, fetch })
  }
}
