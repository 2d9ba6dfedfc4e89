/** How long (milliseconds) a request is held at most. */
const LIMIT = 10_000

const isSafe = (method: string) => /^(get|head|options)$/i.test(method)

/**
 * Holds what the page sends with an unsafe method until a worker can see it: a login that passes the worker by gives
 * the page real tokens, and nobody is logged in. The page's `fetch` and XMLHttpRequest are as before once it is over.
 * @returns a function that sends what is held, and ends it
 */
export function holdUnsafeRequests(): () => void {
  let release = () => {}
  const released = new Promise<void>(resolve => {
    release = resolve
  })
  const timer = setTimeout(end, LIMIT)
  const restoreFetch = holdFetch(released)
  const restoreXhr = holdXhr(released)
  function end() {
    clearTimeout(timer)
    restoreFetch()
    restoreXhr()
    release()
  }
  return end
}

function holdFetch(released: Promise<void>): () => void {
  const { fetch } = globalThis
  const held: typeof fetch = async (input, init) => {
    if (isSafe(init?.method ?? (input instanceof Request ? input.method : 'GET'))) return fetch(input, init)
    // Made now, since the caller may change the body after the call.
    const request = new Request(input, init)
    await Promise.race([released, new Promise(aborted => request.signal.addEventListener('abort', aborted))])
    return fetch(request)
  }
  globalThis.fetch = held
  return () => {
    // Not that of somebody who has wrapped ours meanwhile.
    if (globalThis.fetch === held) globalThis.fetch = fetch
  }
}

type Open = [method: string, url: string | URL, isAsync?: boolean, user?: string | null, password?: string | null]

/** A request that is not sent yet. */
interface Opened {
  readonly open: Open
  readonly headers: [name: string, value: string][]
  isWaiting: boolean
}

function holdXhr(released: Promise<void>): () => void {
  const { prototype } = XMLHttpRequest
  const { open, setRequestHeader, send, abort } = prototype
  const unsafe = new WeakMap<XMLHttpRequest, Opened>()
  const held = {
    open(this: XMLHttpRequest, ...args: Open) {
      const [method, , isAsync = true] = args
      if (isAsync && !isSafe(method)) unsafe.set(this, { open: args, headers: [], isWaiting: false })
      else unsafe.delete(this)
      open.apply(this, args as Parameters<typeof open>)
    },
    setRequestHeader(this: XMLHttpRequest, name: string, value: string) {
      setRequestHeader.call(this, name, value)
      unsafe.get(this)?.headers.push([name, value])
    },
    send(this: XMLHttpRequest, body?: Document | XMLHttpRequestBodyInit | null) {
      const opened = unsafe.get(this)
      if (!opened) return send.call(this, body)
      opened.isWaiting = true
      released.then(() => {
        if (unsafe.get(this) !== opened) return
        unsafe.delete(this)
        // Firefox decides when it is opened whether a worker is to see it.
        open.apply(this, opened.open as Parameters<typeof open>)
        for (const header of opened.headers) setRequestHeader.apply(this, header)
        send.call(this, body)
      })
    },
    abort(this: XMLHttpRequest) {
      const isWaiting = unsafe.get(this)?.isWaiting
      unsafe.delete(this)
      if (isWaiting) for (const type of ['abort', 'loadend']) this.dispatchEvent(new ProgressEvent(type))
      abort.call(this)
    },
  }
  Object.assign(prototype, held)
  return () => {
    // Not that of somebody who has wrapped ours meanwhile.
    for (const [name, original] of Object.entries({ open, setRequestHeader, send, abort }))
      if (prototype[name as keyof typeof held] === held[name as keyof typeof held])
        Object.assign(prototype, { [name]: original })
  }
}
