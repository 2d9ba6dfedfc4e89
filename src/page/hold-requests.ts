/** How long (milliseconds) a request is held at most. */
const LIMIT = 10_000

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
}

const METHODS = ['open', 'setRequestHeader', 'send', 'abort'] as const

export const isUnsafe = (method: string) => !/^(get|head|options)$/i.test(method)

/**
 * Holds what the page sends until it is known who answers: a login that passes the worker by gives the page real tokens,
 * and nobody is logged in.
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
  const held: Senders = {
    fetch: heldFetch(
      () => isHolding,
      isHeld,
      released,
      () => senders,
    ),
    ...heldXhr(
      () => isHolding,
      isHeld,
      released,
      () => senders,
    ),
  }
  const release = (by = own) => {
    clearTimeout(timer)
    isHolding = false
    senders = by
    if (by === own) replace(held, own)
    else replace(own, held)
    settle()
  }
  const timer = setTimeout(release, LIMIT)
  replace(own, held)
  return { own, release }
}

/** Puts senders in the place of others; not of those of somebody who has wrapped them meanwhile. */
function replace(before: Senders, after: Senders) {
  if (globalThis.fetch === before.fetch) globalThis.fetch = after.fetch
  const { prototype } = XMLHttpRequest
  for (const method of METHODS)
    if (prototype[method] === before[method]) Object.assign(prototype, { [method]: after[method] })
}

type IsHolding = () => boolean
type IsHeld = (method: string) => boolean

function heldFetch(
  isHolding: IsHolding,
  isHeld: IsHeld,
  released: Promise<void>,
  senders: () => Senders,
): typeof fetch {
  return async (input, init) => {
    if (!isHolding() || !isHeld(init?.method ?? (input instanceof Request ? input.method : 'GET'))) {
      const { fetch } = senders()
      return fetch(input, init)
    }
    // Made now, since the caller may change the body after the call.
    const request = new Request(input, init)
    await Promise.race([released, new Promise(aborted => request.signal.addEventListener('abort', aborted))])
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

function heldXhr(
  isHolding: IsHolding,
  isHeld: IsHeld,
  released: Promise<void>,
  senders: () => Senders,
): Omit<Senders, 'fetch'> {
  const waiting = new WeakMap<XMLHttpRequest, Opened>()
  return {
    open(...args) {
      const [method, , isAsync = true] = args
      if (isHolding() && isAsync && isHeld(method)) waiting.set(this, { open: args, headers: [], isWaiting: false })
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
      released.then(() => {
        if (waiting.get(this) !== opened) return
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
