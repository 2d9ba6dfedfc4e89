import { RefreshWorkerError } from '../errors.ts'
import { complain } from './complain.ts'

export type OpenArguments = [
  method: string,
  url: string | URL,
  isAsync?: boolean,
  user?: string | null,
  password?: string | null,
]

export type XhrBody = Document | XMLHttpRequestBodyInit | null

/** What a page sends requests by: `fetch`, and methods of XMLHttpRequest. */
export interface Senders {
  readonly fetch: typeof globalThis.fetch
  readonly open: (this: XMLHttpRequest, ...args: OpenArguments) => void
  readonly setRequestHeader: (this: XMLHttpRequest, name: string, value: string) => void
  readonly send: (this: XMLHttpRequest, body?: XhrBody) => void
  readonly abort: (this: XMLHttpRequest) => void
}

/** Requests that wait. */
export interface Held {
  /** The page's own senders, as they were. */
  readonly own: Senders
  /**
   * Sends what is held, and all that comes, by these senders; without them, by the page's own, which are in their old
   * place then. May be called again.
   */
  readonly release: (senders?: Senders) => void
  /** Sends it all by the page's own, since nobody else answers, and says so where anything has waited. */
  readonly letGo: (error: RefreshWorkerError) => void
}

const METHODS = ['open', 'setRequestHeader', 'send', 'abort'] as const

export const isUnsafe = (method: string) => !/^(get|head|options)$/i.test(method)

/**
 * Holds what the page sends until it is known who answers: a login that passes the worker by gives the page real tokens,
 * and nobody is logged in. Whoever holds requests has a limit, and lets them go then.
 * @param isHeld by its method; unless given, what is unsafe is held
 */
export function holdRequests(isHeld: (method: string) => boolean = isUnsafe): Held {
  const { prototype } = XMLHttpRequest
  const { open, setRequestHeader, send, abort } = prototype
  const own = { fetch: globalThis.fetch, open, setRequestHeader, send, abort } as Senders
  let isHolding = true
  let senders = own
  let settle = () => {}
  const released = new Promise<void>(resolve => {
    settle = resolve
  })
  const waiting = new Set<Waiting>()
  const queue: Queue = {
    takes: method => isHolding && isHeld(method),
    wait: request => {
      waiting.add(request)
      return released
    },
    senders: () => senders,
  }
  const held: Senders = { fetch: heldFetch(queue), ...heldXhr(queue) }
  const release = (by = own) => {
    isHolding = false
    senders = by
    if (by === own) replace(held, own)
    else replace(own, held)
    settle()
  }
  const letGo = ({ code }: RefreshWorkerError) => {
    // Without a query, which may hold secrets.
    const sent = [...waiting]
      .filter(({ isOver }) => !isOver())
      .map(({ method, url }) => `${method.toUpperCase()} ${new URL(url, document.baseURI).pathname}`)
      .join(', ')
    if (isHolding && sent)
      complain(
        new RefreshWorkerError(
          code,
          `${sent}: sent without a worker, since there is none (${code}, see \`ready\`). After a login, the page has its tokens and nobody is logged in: reload the page and log in again, or give register() the option withoutWorker`,
        ),
      )
    release()
  }
  replace(own, held)
  return { own, release, letGo }
}

interface Waiting {
  readonly method: string
  readonly url: string | URL
  /** Whether it is not to be sent any more. */
  readonly isOver: () => boolean
}

interface Queue {
  /** Whether a request of this method has to wait now. */
  readonly takes: (method: string) => boolean
  /** Settles once it need not wait any more. */
  readonly wait: (request: Waiting) => Promise<void>
  /** Those that send then. */
  readonly senders: () => Senders
}

/** Puts senders in the place of others; not of those of somebody who has wrapped them meanwhile. */
function replace(before: Senders, after: Senders) {
  if (globalThis.fetch === before.fetch) globalThis.fetch = after.fetch
  const { prototype } = XMLHttpRequest
  for (const method of METHODS)
    if (prototype[method] === before[method]) Object.assign(prototype, { [method]: after[method] })
}

function heldFetch({ takes, wait, senders }: Queue): typeof fetch {
  return async (input, init) => {
    if (!takes(init?.method ?? (input instanceof Request ? input.method : 'GET'))) {
      const { fetch } = senders()
      return fetch(input, init)
    }
    // Made now, since the caller may change the body after the call.
    const request = new Request(input, init)
    const { method, url, signal } = request
    const released = wait({ method, url, isOver: () => signal.aborted })
    await Promise.race([released, new Promise(aborted => signal.addEventListener('abort', aborted))])
    const { fetch } = senders()
    return fetch(request)
  }
}

/** A request that is not sent yet. */
interface Opened {
  readonly open: OpenArguments
  readonly headers: [name: string, value: string][]
  isWaiting: boolean
}

function heldXhr({ takes, wait, senders }: Queue): Omit<Senders, 'fetch'> {
  const waiting = new WeakMap<XMLHttpRequest, Opened>()
  return {
    open(...args) {
      const [method, , isAsync = true] = args
      if (isAsync && takes(method)) waiting.set(this, { open: args, headers: [], isWaiting: false })
      else waiting.delete(this)
      senders().open.apply(this, args)
    },
    setRequestHeader(name, value) {
      senders().setRequestHeader.call(this, name, value)
      waiting.get(this)?.headers.push([name, value])
    },
    send(body) {
      const opened = waiting.get(this)
      if (!opened) return senders().send.call(this, body)
      opened.isWaiting = true
      const [method, url] = opened.open
      const isOver = () => waiting.get(this) !== opened
      wait({ method, url, isOver }).then(() => {
        if (isOver()) return
        waiting.delete(this)
        const { open, setRequestHeader, send } = senders()
        // Firefox decides when it is opened whether a worker is to see it.
        open.apply(this, opened.open)
        for (const header of opened.headers) setRequestHeader.apply(this, header)
        send.call(this, body)
      })
    },
    abort() {
      const isWaiting = waiting.get(this)?.isWaiting
      waiting.delete(this)
      if (isWaiting) for (const type of ['abort', 'loadend']) this.dispatchEvent(new ProgressEvent(type))
      senders().abort.call(this)
    },
  }
}
