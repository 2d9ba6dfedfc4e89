import type { OpenArguments, Senders, XhrBody } from '../page/hold-requests.ts'
import type { Send } from './send.ts'
import { createXhrAnswer, type XhrAnswer } from './xhr-answer.ts'

/** What is needed to send a request otherwise than its XMLHttpRequest would. */
interface Opened {
  readonly method: string
  readonly url: string
  readonly headers: Headers
}

/**
 * XMLHttpRequest's methods, of which `send` has requests that are ours answered here, as a worker would answer them: by
 * `fetch`, so that there is no progress of an upload. All others are the browser's own, and so are synchronous ones, which
 * no worker sees either (but Firefox's).
 */
export function createXhrSenders(send: Send, own: Senders): Omit<Senders, 'fetch'> {
  const opened = new WeakMap<XMLHttpRequest, Opened>()
  const answers = new WeakMap<XMLHttpRequest, XhrAnswer>()
  patchAnswers(answers)

  return {
    open(...args) {
      answers.get(this)?.end()
      answers.delete(this)
      opened.delete(this)
      own.open.apply(this, args)
      const found = read(args)
      if (found) opened.set(this, found)
    },
    setRequestHeader(name, value) {
      if (answers.has(this)) throw notOpened('setRequestHeader')
      own.setRequestHeader.call(this, name, value)
      opened.get(this)?.headers.append(name, value)
    },
    send(body) {
      if (answers.has(this)) throw notOpened('send')
      const found = opened.get(this)
      const aborter = new AbortController()
      const request = found && requestOf(found, this, body, aborter.signal)
      const take = request && send.take(request)
      if (!take) return own.send.call(this, body)
      const hasBody = request.method !== 'GET' && request.method !== 'HEAD' && body != null
      const answer = createXhrAnswer({ xhr: this, sent: hasBody ? sizeOf(body) : null, aborter })
      answers.set(this, answer)
      answer.begin(take)
    },
    abort() {
      const answer = answers.get(this)
      if (!answer) return own.abort.call(this)
      answer.abort()
    },
  }
}

/** Null for what is the browser's own. */
function read([method, url, isAsync = true, user, password]: OpenArguments): Opened | null {
  const given = String(url)
  if (!isAsync || user || password || !URL.canParse(given, document.baseURI)) return null
  const { href, username } = new URL(given, document.baseURI)
  return username ? null : { method, url: href, headers: new Headers() }
}

/** Null where `fetch` cannot send what XMLHttpRequest can. */
function requestOf(
  { method, url, headers }: Opened,
  xhr: XMLHttpRequest,
  body: XhrBody | undefined,
  signal: AbortSignal,
) {
  if (body instanceof Document) return null
  try {
    return new Request(url, {
      method,
      headers,
      body: /^(get|head)$/i.test(method) ? null : (body ?? null),
      credentials: xhr.withCredentials ? 'include' : 'same-origin',
      signal,
    })
  } catch {
    return null
  }
}

/** In bytes; 0 where that is not known. */
function sizeOf(body: XhrBody): number {
  if (typeof body === 'string' || body instanceof URLSearchParams) return new Blob([String(body)]).size
  if (body instanceof Blob) return body.size
  return body instanceof ArrayBuffer || ArrayBuffer.isView(body) ? body.byteLength : 0
}

function notOpened(name: string): DOMException {
  return new DOMException(
    `Failed to execute '${name}' on 'XMLHttpRequest': The object's state must be OPENED.`,
    'InvalidStateError',
  )
}

const ATTRIBUTES = [
  'readyState',
  'status',
  'statusText',
  'responseURL',
  'response',
  'responseText',
  'responseXML',
] as const
const METHODS = ['getResponseHeader', 'getAllResponseHeaders', 'overrideMimeType'] as const

/** Has what reads an answer read ours, where there is one. */
function patchAnswers(answers: WeakMap<XMLHttpRequest, XhrAnswer>) {
  const { prototype } = XMLHttpRequest
  for (const name of ATTRIBUTES) {
    const described = Object.getOwnPropertyDescriptor(prototype, name)
    if (!described?.get) continue
    const { get } = described
    Object.defineProperty(prototype, name, {
      ...described,
      get(this: XMLHttpRequest) {
        const answer = answers.get(this)
        return answer ? answer[name] : get.call(this)
      },
    })
  }
  for (const name of METHODS) {
    const method = prototype[name] as (...args: unknown[]) => unknown
    Object.assign(prototype, {
      [name](this: XMLHttpRequest, ...args: unknown[]) {
        const answer = answers.get(this)
        return answer ? (answer[name] as (...args: unknown[]) => unknown)(...args) : method.apply(this, args)
      },
    })
  }
}
