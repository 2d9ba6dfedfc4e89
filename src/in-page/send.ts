import type { Answer, Dispatch } from '../core/dispatch.ts'
import type { Senders } from '../page/hold-requests.ts'

/** Sends requests as the worker answers them. */
export interface Send {
  readonly fetch: typeof globalThis.fetch
  /** Who answers a request; null: nobody, it is to be sent as it is. */
  readonly take: (request: Request) => (() => Promise<Response>) | null
}

interface Needs {
  readonly dispatch: Dispatch
  readonly own: Pick<Senders, 'fetch'>
  readonly mayRetire: () => boolean
  readonly isRetired: () => boolean
}

const EVENT = { waitUntil: () => undefined }

export function createSend({ dispatch, own, mayRetire, isRetired }: Needs): Send {
  const sendOwn = (input: RequestInfo | URL, init?: RequestInit) => {
    const { fetch } = own
    return fetch(input, init)
  }

  const answered = async (request: Request, answer: Answer): Promise<Response> => {
    const copy = mayRetire() ? request.clone() : null
    try {
      const response = await answer(EVENT)
      // The worker has come meanwhile, and refreshes in our place.
      if (copy && isRetired() && isUnrefreshed(response)) return await sendOwn(copy)
      return asReceived(response, request.url)
    } catch (error) {
      // As the browser puts it where a worker rejects; what it was, the console has from the core.
      throw error instanceof DOMException || error instanceof TypeError
        ? error
        : new TypeError('Failed to fetch', { cause: error })
    }
  }

  const take: Send['take'] = request => {
    const answer = isRetired() ? null : dispatch(request)
    return answer && (() => untilAborted(answered(request, answer), request.signal))
  }

  return {
    take,
    fetch: async (input, init) => {
      const request = new Request(input, init)
      const answer = take(request)
      if (answer) return answer()
      // A stream or the body of a request has been taken by then.
      const isTaken = init?.body instanceof ReadableStream || (input instanceof Request && input.bodyUsed)
      return isTaken ? sendOwn(request) : sendOwn(input, init)
    },
  }
}

/** Whether it is an answer of our own to a request that needs a refresh. */
function isUnrefreshed({ type, status }: Response): boolean {
  return type === 'default' && status === 503
}

/** As the page would get it from a worker: a network error is an error, and what we have built has its URL. */
function asReceived(response: Response, url: string): Response {
  if (response.type === 'error') throw new TypeError('Failed to fetch')
  return response.url === '' && response.type === 'default'
    ? Object.defineProperty(response, 'url', { value: url.replace(/#.*/s, '') })
    : response
}

/** A page that has aborted does not wait for a refresh. */
function untilAborted(answer: Promise<Response>, signal: AbortSignal): Promise<Response> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
