/** What sends requests besides `fetch` and XMLHttpRequest, and is needed at once: no request of it can be held. */
import { FetchEventSource } from './event-source.ts'
import type { Send } from './send.ts'

/** Has an EventSource whose URL is ours ask by `fetch`. The browser's own can carry no token. */
export function patchEventSource(send: Send) {
  const { EventSource } = globalThis
  if (!EventSource) return
  globalThis.EventSource = new Proxy(EventSource, {
    construct: (target, args: [url: string | URL, init?: EventSourceInit], newTarget) => {
      const [url, init] = args
      const request = requestOf(url, init)
      if (!request || !send.take(request)) return Reflect.construct(target, args, newTarget)
      return new FetchEventSource(request.url, init?.withCredentials === true, send.fetch)
    },
  })
}

function requestOf(url: string | URL, init: EventSourceInit | undefined): Request | null {
  if (!URL.canParse(String(url), document.baseURI)) return null
  const { href } = new URL(String(url), document.baseURI)
  return new Request(href, {
    cache: 'no-store',
    credentials: init?.withCredentials ? 'include' : 'same-origin',
    headers: { Accept: 'text/event-stream' },
  })
}

/** Has a beacon that is ours sent by `fetch`, in the mode that a worker would see. */
export function patchBeacon(send: Send) {
  const { sendBeacon } = navigator
  if (!sendBeacon) return
  navigator.sendBeacon = (url, body) => {
    const own = () => sendBeacon.call(navigator, url, body)
    // Without a body, or with one of another type, its mode is one in which nothing is attached.
    if (!(body instanceof Blob) || !/json/i.test(body.type)) return own()
    try {
      const request = new Request(url, { method: 'POST', body, credentials: 'include', keepalive: true })
      const take = send.take(request)
      if (!take) return own()
      take().catch(() => undefined)
      return true
    } catch {
      return own()
    }
  }
}
