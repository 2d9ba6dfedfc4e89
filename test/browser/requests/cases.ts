import { type At, bytesOf, type Case, get, MEDIA_PAGE, nameOf, next, note, sum } from './at.ts'

type Run = Case['run']
type Options = Omit<Case, 'row' | 'name' | 'run'>

/** Cases of one row, by name. */
function row(title: string, cases: Readonly<Record<string, Run | readonly [Options, Run]>>): readonly Case[] {
  return Object.entries(cases).map(([name, entry]) => {
    const [options, run] = typeof entry === 'function' ? [{}, entry] : entry
    return { row: title, name, ...options, run }
  })
}

/** A case for each of the values. */
function each<Value>(
  values: readonly Value[],
  title: (value: Value) => string,
  entry: (value: Value) => Run | readonly [Options, Run],
): Record<string, Run | readonly [Options, Run]> {
  return Object.fromEntries(values.map(value => [title(value), entry(value)]))
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']

function form(): FormData {
  const data = new FormData()
  data.append('name', 'wörld "quoted"')
  data.append('file', new File([bytesOf(3_000)], 'fïle.bin', { type: 'application/x-bytes' }))
  data.append('file', new File(['second'], 'empty name.txt', { type: 'text/plain' }))
  return data
}

/** Bodies of every type; made anew for each request. */
export const BODIES: Readonly<Record<string, () => RequestInit>> = {
  JSON: () => ({ body: JSON.stringify({ wörld: 1 }), headers: { 'Content-Type': 'application/json' } }),
  text: () => ({ body: 'wörld' }),
  FormData: () => ({ body: form() }),
  Blob: () => ({ body: new Blob([bytesOf(70_000)], { type: 'image/x-own' }) }),
  'Blob without a type': () => ({ body: new Blob([bytesOf(700)]) }),
  ArrayBuffer: () => ({ body: bytesOf(70_000).buffer }),
  'typed array': () => ({ body: bytesOf(70_000).subarray(100, 200) }),
  URLSearchParams: () => ({ body: new URLSearchParams({ a: 'b c', ü: '&' }) }),
  'empty string': () => ({ body: '' }),
  'empty Blob': () => ({ body: new Blob([]) }),
  none: () => ({}),
}

const MB = 1_048_576

function large(megabytes: number): Blob {
  const part = bytesOf(MB)
  return new Blob(Array.from({ length: megabytes }, () => part))
}

const POLICIES: readonly ReferrerPolicy[] = [
  '',
  'no-referrer',
  'no-referrer-when-downgrade',
  'origin',
  'origin-when-cross-origin',
  'same-origin',
  'strict-origin',
  'strict-origin-when-cross-origin',
  'unsafe-url',
]

const CREDENTIALS: readonly RequestCredentials[] = ['omit', 'same-origin', 'include']

/** Whether a mode takes a cookie, and whether it sends one. */
const cookies =
  (url: (at: At) => At['url'], credentials: RequestCredentials): Run =>
  async at => {
    const of = url(at)
    await fetch(of('cookie', { set: 'a=taken' }), { credentials })
    await fetch(of('answer', { text: 'is it there?' }), { credentials: 'include' })
    await fetch(of('cookie', { set: 'b=there' }), { credentials: 'include' })
    return get(of('answer', { text: 'is it sent?' }), { credentials })
  }

const own = (at: At): At['url'] => at.url.bind(at)
const elsewhere = (at: At): At['url'] => at.elsewhere.bind(at)

const REDIRECTS = [301, 302, 303, 307, 308]

/** A read that has to succeed before the server sends the rest. */
async function firstChunk(response: Response) {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const { value } = await reader.read()
  return { reader, first: new TextDecoder().decode(value) }
}

interface XhrInit {
  readonly method?: string
  readonly body?: XMLHttpRequestBodyInit
  readonly set?: (xhr: XMLHttpRequest) => void
}

/** All that a page can tell of an XMLHttpRequest, its body aside. */
async function xhr(url: string, { method = 'GET', body, set }: XhrInit = {}) {
  const request = new XMLHttpRequest()
  request.open(method, url)
  set?.(request)
  const events = note(request, 'loadstart', 'progress', 'load', 'error', 'abort', 'timeout', 'loadend')
  const states: number[] = []
  request.addEventListener('readystatechange', () => {
    if (states.at(-1) !== request.readyState) states.push(request.readyState)
  })
  let progress: readonly unknown[] = []
  request.addEventListener('progress', ({ lengthComputable, loaded, total }) => {
    progress = [lengthComputable, loaded, total]
  })
  const ended = next(request, 'loadend')
  request.send(body)
  await ended
  const { status, statusText, responseURL } = request
  const lines = [
    ...request
      .getAllResponseHeaders()
      .toLowerCase()
      .matchAll(/^(.*?): (.*?)\r?$/gm),
  ]
  const headers = Object.fromEntries(lines.map(([, name, value]) => [name, value]))
  return { request, seen: { status, statusText, responseURL, headers, events, states, progress } }
}

/** A request that a worker of some kind sends. */
function ask(port: MessagePort | Worker, url: string): Promise<unknown> {
  return new Promise(resolve => {
    port.onmessage = ({ data }) => resolve(data)
    port.postMessage(url)
  })
}

function load<Tag extends 'img' | 'audio' | 'video'>(tag: Tag, src: string, crossOrigin: string | null = null) {
  const element = document.createElement(tag)
  element.crossOrigin = crossOrigin
  if (element instanceof HTMLMediaElement) {
    element.preload = 'auto'
    element.muted = true
  }
  element.src = src
  document.body.append(element)
  return element
}

const image =
  (url: (at: At) => At['url'], crossOrigin: string | null = null): Run =>
  async at => {
    const element = load('img', url(at)('image'), crossOrigin)
    const { type } = await next(element, 'load', 'error')
    return { type, width: (element as HTMLImageElement).naturalWidth }
  }

/** Plays from near the end, which takes a request of its own. */
const seek =
  (tag: 'audio' | 'video', url: (at: At) => At['url'], crossOrigin: string | null = null): Run =>
  async at => {
    const element = load(tag, url(at)('sound'), crossOrigin) as HTMLMediaElement
    const { type } = await next(element, 'loadedmetadata', 'error')
    if (type === 'error') return type
    const seeked = next(element, 'seeked', 'error')
    element.currentTime = 580
    const seen = { duration: Math.round(element.duration), seeked: (await seeked).type }
    element.removeAttribute('src')
    element.load()
    return seen
  }

const media: Options = { page: MEDIA_PAGE }

export const CASES: readonly Case[] = [
  ...row('Methods, custom ones too', {
    ...each(METHODS, String, method => at => get(at.url('echo'), { method })),
    ...each(
      METHODS,
      method => `${method} to another origin`,
      method => at => get(at.elsewhere('echo'), { method }),
    ),
    'a Request object': async at => {
      const request = new Request(at.url('echo'), { method: 'POST', body: 'x', headers: { 'X-A': 'b' } })
      return [await get(request as unknown as string), request.bodyUsed]
    },
  }),

  ...row('URLs', {
    query: at => get(at.url('echo', { q: ['a b', 'ü&=%'] })),
    fragment: at => get(`${at.url('echo')}#fragment`),
    escapes: at => get(at.url("echo;v=1/%C3%BC/a%2Fb/'(x)/")),
  }),

  ...row('Request bodies: JSON, text, forms with files, blobs, buffers, none', {
    ...each(
      Object.entries(BODIES),
      ([name]) => name,
      ([, init]) =>
        at =>
          get(at.url('echo'), { method: 'POST', ...init() }),
    ),
    'FormData to another origin': at => get(at.elsewhere('echo'), { method: 'PUT', body: form() }),
    'a Blob by DELETE': at => get(at.url('echo'), { method: 'DELETE', body: new Blob(['x']) }),
  }),

  ...row('A body in a stream, over HTTP/1.1: an error, or text', {
    'of a Blob': at => {
      const init = { method: 'POST', body: new Blob(['in a stream']).stream(), duplex: 'half' }
      return get(at.url('echo'), init)
    },
  }),

  ...row('An upload of 100 MB', {
    'of a Blob': at => get(at.url('echo'), { method: 'POST', body: large(100) }),
  }),

  ...row('An answer of 50 MB', {
    'read at once': async at => sum(await (await fetch(at.url('big', { bytes: 50 * MB }))).arrayBuffer()),
  }),

  ...row('Request headers', {
    accept: at => get(at.url('echo'), { headers: { Accept: 'application/json' } }),
    'of its own, with several values': at =>
      get(at.url('echo'), {
        headers: [
          ['X-Own', 'a'],
          ['x-own', 'b'],
          ['X-Latin', 'caf\xe9'],
        ],
      }),
    language: at => get(at.url('echo'), { headers: { 'Accept-Language': 'tlh' } }),
    'a content type without a body': at => get(at.url('echo'), { headers: { 'Content-Type': 'text/x' } }),
    'a simple request to another origin': at => get(at.elsewhere('echo'), { headers: { Accept: 'text/x' } }),
    'a preflighted request': at => get(at.elsewhere('echo'), { headers: { 'X-Own': 'a' } }),
    'priority high': at => get(at.url('echo'), { priority: 'high' } as RequestInit),
    'priority low': at => get(at.url('echo'), { priority: 'low' } as RequestInit),
  }),

  ...row("The page's own Authorization", {
    'by fetch': [
      { tokens: ['foreign'] },
      at => get(at.url('echo'), { headers: { Authorization: 'Basic b3duOm93bg==' } }),
    ],
    'to another origin': [
      { tokens: ['foreign'] },
      at => get(at.elsewhere('echo'), { headers: { authorization: 'Bearer own' } }),
    ],
    'by XMLHttpRequest': [
      { tokens: ['foreign'] },
      async at => {
        const set = (request: XMLHttpRequest) => request.setRequestHeader('Authorization', 'Bearer own')
        return (await xhr(at.url('echo'), { set })).seen
      },
    ],
  }),

  ...row('Referrer and referrer policies', {
    ...each(
      POLICIES,
      policy => policy || 'none',
      policy => at => get(at.url('echo'), { referrerPolicy: policy }),
    ),
    ...each(
      POLICIES,
      policy => `${policy || 'none'} to another origin`,
      policy => at => get(at.elsewhere('echo'), { referrerPolicy: policy }),
    ),
    'a referrer of its own': at => get(at.url('echo'), { referrer: '/elsewhere?x' }),
    'an empty referrer': at => get(at.url('echo'), { referrer: '' }),
    'by POST': at => get(at.elsewhere('echo'), { method: 'POST', body: 'x', referrerPolicy: 'unsafe-url' }),
  }),

  ...row('Credentials modes and cookies', {
    ...each(CREDENTIALS, String, mode => cookies(own, mode)),
    ...each(
      CREDENTIALS,
      mode => `${mode} to another origin`,
      mode => cookies(elsewhere, mode),
    ),
  }),

  ...row('Cache modes, ETag and 304', {
    ...each<RequestCache>(['default', 'no-store', 'reload', 'no-cache', 'force-cache'], String, cache => async at => {
      const url = at.url('kept', { cc: 'max-age=600' })
      return [await get(url), await get(url, { cache }), await get(url)]
    }),
    'default, revalidated': async at => [await get(at.url('kept')), await get(at.url('kept'))],
    'force-cache of a stale answer': async at => {
      const url = at.url('kept', { cc: 'max-age=0' })
      return [await get(url), await get(url, { cache: 'force-cache' })]
    },
    'only-if-cached': async at => {
      const url = at.url('kept', { cc: 'max-age=600' })
      const init: RequestInit = { cache: 'only-if-cached', mode: 'same-origin' }
      return [await get(url, init), await get(url), await get(url, init)]
    },
    "the page's own If-None-Match": at => get(at.url('kept'), { headers: { 'If-None-Match': '"v1"' } }),
    'to another origin': async at => [await get(at.elsewhere('kept')), await get(at.elsewhere('kept'))],
  }),

  ...row('Integrity', {
    'the right hash': at => get(at.url('answer'), { integrity: 'sha256-LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=' }),
    'a wrong hash': at => get(at.url('answer'), { integrity: 'sha256-AAAAul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=' }),
    'the right hash, another origin': at =>
      get(at.elsewhere('answer'), { integrity: 'sha256-LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=' }),
  }),

  ...row('Redirects, within the origin', {
    ...each(REDIRECTS, String, status => at => get(at.url('redirect', { status, to: 'echo' }))),
    ...each(
      REDIRECTS,
      status => `${status} of a POST`,
      status => at => get(at.url('redirect', { status, to: 'echo' }), { method: 'POST', body: 'body' }),
    ),
    'of a form by 307': at => get(at.url('redirect', { status: 307, to: 'echo' }), { method: 'POST', body: form() }),
    manual: at => get(at.url('redirect', { status: 302, to: 'echo' }), { redirect: 'manual' }),
    error: at => get(at.url('redirect', { status: 302, to: 'echo' }), { redirect: 'error' }),
    'to a URL outside of the API': at => get(at.url('redirect', { status: 302, to: '/public.txt' })),
    'more than 20': at => get(at.url('redirect', { status: 302, to: '?status=302' })),
    'without a Location': at => get(at.url('answer', { status: 302 })),
  }),

  ...row('Redirects to another origin, which gets no token', {
    ...each(REDIRECTS, String, status => [
      { tokens: ['good', 'none'] },
      at => get(at.url('redirect', { status, to: at.elsewhere('echo') })),
    ]),
    ...each(
      REDIRECTS,
      status => `${status} of a POST`,
      status => [
        { tokens: ['good', 'none'] },
        at => get(at.url('redirect', { status, to: at.elsewhere('echo') }), { method: 'POST', body: 'body' }),
      ],
    ),
    'and back': [
      { tokens: ['good', 'none', 'none'] },
      at => get(at.url('redirect', { status: 302, to: at.elsewhere('redirect', { status: 302, to: at.url('echo') }) })),
    ],
    'from another origin': [
      { tokens: ['good', 'none'] },
      at => get(at.elsewhere('redirect', { status: 302, to: at.url('echo') })),
    ],
    'that does not allow it': [
      { tokens: ['good', 'none'] },
      at => get(at.url('redirect', { status: 302, to: at.elsewhere('echo', { cors: 'none' }) })),
    ],
  }),

  ...row('CORS', {
    'an API of another origin': at => get(at.elsewhere('answer', { header: ['X-Exposed: a', 'X-Hidden: b'] })),
    'an API that allows no other origin': at => get(at.elsewhere('answer', { cors: 'none' })),
    'mode same-origin to another origin': at => get(at.elsewhere('answer'), { mode: 'same-origin' }),
    'mode same-origin': at => get(at.url('answer'), { mode: 'same-origin' }),
  }),

  ...row('Mode no-cors: left alone, no token', {
    'within the origin': [{ tokens: ['none'] }, at => get(at.url('answer'), { mode: 'no-cors' })],
    'to another origin': [{ tokens: ['none'] }, at => get(at.elsewhere('answer'), { mode: 'no-cors' })],
    'a POST': [{ tokens: ['none'] }, at => get(at.elsewhere('echo'), { mode: 'no-cors', method: 'POST', body: 'x' })],
  }),

  ...row('Status, response headers, compression, ranges', {
    ...each(
      [200, 201, 203, 204, 205, 304, 400, 404, 418, 500, 503],
      String,
      status => at => get(at.url('answer', { status })),
    ),
    'a status text': at => get(at.url('answer', { status: 299, statusText: 'Rather Fine' })),
    'odd names, several values, other alphabets': at =>
      get(
        at.url('answer', {
          header: ['X-ODD-casing: VaLue', 'Link: <a>', 'Link: <b>', 'X-Latin: caf\xe9', 'X-Empty: '],
        }),
      ),
    'Set-Cookie': at => get(at.url('cookie', { set: 'a=b' })),
    'an empty body': at => get(at.url('answer', { text: '' })),
    gzip: at => get(at.url('gzip')),
    'gzip of another origin': at => get(at.elsewhere('gzip')),
    range: at => get(at.url('range'), { headers: { Range: 'bytes=5-14' } }),
    'range of another origin': at => get(at.elsewhere('range'), { headers: { Range: 'bytes=5-14' } }),
    'a body that is read twice': async at => {
      const response = await fetch(at.url('answer'))
      const copy = response.clone()
      return [await response.text(), await copy.text(), await response.text().catch(nameOf)]
    },
  }),

  ...row('Answers in a stream: the first chunk before the last is sent', {
    'by fetch': async at => {
      const response = await fetch(at.url('gated'))
      const { reader, first } = await firstChunk(response)
      await at.open('rest')
      const { type, url, redirected } = response
      const rest = await reader.read()
      return [first, new TextDecoder().decode(rest.value), (await reader.read()).done, type, url, redirected]
    },
    'of another origin': async at => {
      const response = await fetch(at.elsewhere('gated'))
      const { reader, first } = await firstChunk(response)
      await at.open('rest')
      const rest = await reader.read()
      return [first, new TextDecoder().decode(rest.value), response.type, response.url]
    },
    'by XMLHttpRequest': async at => {
      const request = new XMLHttpRequest()
      request.open('GET', at.url('gated'))
      const ended = next(request, 'loadend')
      const started = new Promise<void>(resolve => {
        request.onreadystatechange = () => request.responseText && resolve()
      })
      request.send()
      await started
      const first = request.responseText
      await at.open('rest')
      await ended
      return [first, request.responseText]
    },
    'that breaks off': async at => {
      const response = await fetch(at.url('broken'))
      const { reader, first } = await firstChunk(response)
      await at.open('break')
      return [first, await reader.read().catch(nameOf)]
    },
    'a connection that is reset': [{ isLoose: true }, at => get(at.url('reset'))],
  }),

  ...row('A body that is cancelled closes the connection', {
    'after a chunk': async at => {
      const { reader } = await firstChunk(await fetch(at.url('endless')))
      await reader.cancel()
      return at.closed()
    },
    unread: async at => {
      const response = await fetch(at.url('endless'))
      await response.body?.cancel()
      return at.closed()
    },
  }),

  ...row('The page aborts: it gets an AbortError', {
    'before the request': async at => get(at.url('echo'), { signal: AbortSignal.abort() }),
    'with a reason of its own': async at => {
      const controller = new AbortController()
      const answer = get(at.url('silent'), { signal: controller.signal })
      await at.arrived()
      controller.abort(new RangeError('own'))
      const seen = await answer
      await at.open('answer')
      return seen
    },
    'by a time limit': async at => {
      const controller = new AbortController()
      const answer = get(at.url('silent'), { signal: controller.signal })
      await at.arrived()
      const limit = AbortSignal.timeout(1)
      limit.onabort = () => controller.abort(limit.reason)
      const seen = await answer
      await at.open('answer')
      return seen
    },
    'a body': async at => {
      const controller = new AbortController()
      const { reader } = await firstChunk(await fetch(at.url('gated'), { signal: controller.signal }))
      controller.abort()
      const seen = await reader.read().catch(nameOf)
      await at.open('rest')
      return seen
    },
    'an XMLHttpRequest': async at => {
      const request = new XMLHttpRequest()
      request.open('GET', at.url('silent'))
      const events = note(request, 'loadstart', 'progress', 'load', 'error', 'abort', 'timeout', 'loadend')
      const ended = next(request, 'loadend')
      request.send()
      await at.arrived()
      request.abort()
      await ended
      await at.open('answer')
      return [events, request.status, request.readyState]
    },
    'an XMLHttpRequest, by its time limit': async at => {
      // Long enough for the request to arrive on a busy machine: WebKit takes no other limit once it is sent.
      const set = (request: XMLHttpRequest) => {
        request.timeout = 1_000
      }
      const { seen } = await xhr(at.url('silent'), { set })
      await at.open('answer')
      return seen
    },
  }),

  ...row('The page aborts: the server sees the connection close', {
    'before the headers': async at => {
      const controller = new AbortController()
      const answer = get(at.url('silent'), { signal: controller.signal })
      await at.arrived()
      controller.abort()
      const seen = [await answer, await at.closed()]
      await at.open('answer')
      return seen
    },
    'within the body': async at => {
      const controller = new AbortController()
      const { reader } = await firstChunk(await fetch(at.url('endless'), { signal: controller.signal }))
      controller.abort()
      await reader.closed.catch(nameOf)
      return at.closed()
    },
  }),

  ...row('EventSource', {
    'events one by one, and back with Last-Event-ID': async at => {
      const source = new EventSource(at.url('events'))
      const events: unknown[] = []
      const third = new Promise<void>(resolve => {
        source.onmessage = ({ data, lastEventId, origin }) => {
          events.push([data, lastEventId, origin])
          if (data === 'one') void at.open('two')
          if (data.startsWith('after')) resolve()
        }
      })
      await third
      source.close()
      const sees = await at.closed()
      return { events, sees }
    },
    'of another origin, with cookies': async at => {
      const source = new EventSource(at.elsewhere('events'), { withCredentials: true })
      const { data, origin } = (await next(source, 'message')) as MessageEvent
      source.close()
      await at.open('two')
      return [data, origin]
    },
    'an answer that is no stream': async at => {
      const source = new EventSource(at.url('answer'))
      await next(source, 'error')
      return source.readyState
    },
  }),

  ...row('XMLHttpRequest', {
    GET: async at => {
      const { request, seen } = await xhr(at.url('answer', { header: ['X-Own: a'] }))
      return [seen, request.responseText]
    },
    'POST of a form': async at => {
      const { request, seen } = await xhr(at.url('echo'), { method: 'POST', body: form() })
      return [seen, request.responseText]
    },
    blob: async at => {
      const set = (request: XMLHttpRequest) => {
        request.responseType = 'blob'
      }
      const { request, seen } = await xhr(at.url('answer', { type: 'image/x-own' }), { set })
      const blob = request.response as Blob
      return [seen, blob.type, await blob.text()]
    },
    arraybuffer: async at => {
      const set = (request: XMLHttpRequest) => {
        request.responseType = 'arraybuffer'
      }
      const { request, seen } = await xhr(at.url('big', { bytes: 3 * MB }), { set })
      return [seen, await sum(request.response as ArrayBuffer)]
    },
    'json and a document': async at => {
      const as = (responseType: XMLHttpRequestResponseType) => ({
        set: (request: XMLHttpRequest) => {
          request.responseType = responseType
        },
      })
      const json = await xhr(at.url('answer', { type: 'application/json', text: '{"a":1}' }), as('json'))
      const html = await xhr(at.url('answer', { type: 'text/html', text: '<title>t</title>' }), as('document'))
      return [json.request.response, (html.request.response as Document).title]
    },
    'a charset': async at => (await xhr(at.url('latin'))).request.responseText,
    'another origin': async at => {
      const set = (request: XMLHttpRequest) => {
        request.withCredentials = true
      }
      return (await xhr(at.elsewhere('answer', { header: ['X-Exposed: a', 'X-Hidden: b'] }), { set })).seen
    },
    'after a redirect': async at => (await xhr(at.url('redirect', { status: 302, to: 'answer' }))).seen,
    'a network error': [{ isLoose: true }, async at => (await xhr(at.url('reset'))).seen],
    'a custom method': async at => (await xhr(at.url('echo'), { method: 'PROPFIND', body: 'x' })).seen,
  }),

  ...row('Upload progress', {
    'of an XMLHttpRequest': async at => {
      const request = new XMLHttpRequest()
      request.open('POST', at.url('echo'))
      const events = note(request.upload, 'loadstart', 'progress', 'load', 'error', 'loadend')
      const ended = next(request, 'loadend')
      request.send(large(2))
      await ended
      return events
    },
  }),

  ...row('Synchronous XMLHttpRequest', {
    GET: async at => {
      const request = new XMLHttpRequest()
      request.open('GET', at.url('echo'), false)
      request.send()
      return [request.status, request.responseText]
    },
  }),

  ...row('Requests of workers', {
    'a dedicated worker': async at => {
      const worker = new Worker('/worker.js')
      const seen = await ask(worker, at.url('echo'))
      worker.terminate()
      return seen
    },
    'a worker from a blob': async at => {
      const script = await (await fetch('/worker.js')).blob()
      const worker = new Worker(URL.createObjectURL(script))
      const seen = await ask(worker, at.url('echo'))
      worker.terminate()
      return seen
    },
    'a shared worker': async at => {
      if (!('SharedWorker' in globalThis)) return 'not there'
      const { port } = new SharedWorker('/worker.js')
      const seen = await ask(port, at.url('echo'))
      port.close()
      return seen
    },
  }),

  ...row('fetch with keepalive', {
    'without a body': at => get(at.url('echo'), { keepalive: true }),
    'with a body': at => get(at.url('echo'), { keepalive: true, method: 'POST', body: 'x', headers: { 'X-Own': 'a' } }),
    'to another origin': at =>
      get(at.elsewhere('echo'), { keepalive: true, method: 'POST', body: new Blob([bytesOf(30_000)]) }),
  }),

  ...row('sendBeacon of JSON', {
    'as a Blob': async at => {
      const sent = navigator.sendBeacon(at.url('answer'), new Blob(['{"a":1}'], { type: 'application/json' }))
      await at.arrived()
      return sent
    },
  }),

  ...row('sendBeacon of text: mode no-cors, left alone', {
    text: [
      { tokens: ['none'] },
      async at => {
        const sent = navigator.sendBeacon(at.url('answer'), 'text')
        await at.arrived()
        return sent
      },
    ],
  }),

  ...row('Images and media without the option destinations: left alone', {
    'an image': [{ tokens: ['none'] }, image(own)],
    'an image of another origin': [{ tokens: ['none'] }, image(elsewhere)],
    'an image with crossorigin': [{ tokens: ['none'] }, image(elsewhere, 'anonymous')],
    audio: [{ tokens: ['none'], isLoose: true }, seek('audio', own)],
    video: [{ tokens: ['none'], isLoose: true }, seek('video', own)],
  }),

  ...row('Images, audio and video by the option destinations', {
    'an image': [media, image(own)],
    'an image of another origin': [media, image(elsewhere)],
    'an image with crossorigin': [media, image(elsewhere, 'anonymous')],
    'audio, and seeking': [{ ...media, isLoose: true }, seek('audio', own)],
    'video, and seeking': [{ ...media, isLoose: true }, seek('video', own)],
    'audio of another origin': [{ ...media, isLoose: true }, seek('audio', elsewhere)],
    'audio with crossorigin': [{ ...media, isLoose: true }, seek('audio', elsewhere, 'anonymous')],
  }),

  ...row('Links with download: left alone, no token', {
    'within the origin': [
      { tokens: ['none'], isLoose: true },
      async at => {
        const link = document.createElement('a')
        link.href = at.url('download')
        link.download = 'file.bin'
        document.body.append(link)
        link.click()
        return at.arrived()
      },
    ],
  }),
]
