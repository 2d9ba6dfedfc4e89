/** What sends requests besides `fetch` and XMLHttpRequest, and is needed at once: no request of it can be held. */
import { typeOf } from '../core/http/body.ts'
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

/** Has a beacon that is ours, or carries a placeholder, sent by `fetch`, in the mode that a worker would see. */
export function patchBeacon(send: Send) {
  const { sendBeacon } = navigator
  if (!sendBeacon) return
  navigator.sendBeacon = (url, body = null) => {
    const own = () => sendBeacon.call(navigator, url, body)
    try {
      const init: RequestInit = { method: 'POST', body, credentials: 'include', keepalive: true }
      const request = new Request(url, init)
      // Without a type, or with one that a form may have, its mode is one in which nothing is attached.
      const isSimple = /^($|text\/plain|multipart\/form-data|application\/x-www-form-urlencoded)/i.test(typeOf(request))
      const take = send.take(isSimple ? new Request(url, { ...init, mode: 'no-cors' }) : request)
      if (!take) return own()
      take().catch(() => undefined)
      return true
    } catch {
      return own()
    }
  }
}
