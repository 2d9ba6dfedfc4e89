/** How often (milliseconds) progress is told. @see https://xhr.spec.whatwg.org/#handle-response-end-of-body */
const PROGRESS = 50

/** An answer to an XMLHttpRequest, as that would give it. */
export interface XhrAnswer
  extends Pick<
    XMLHttpRequest,
    | 'readyState'
    | 'status'
    | 'statusText'
    | 'responseURL'
    | 'response'
    | 'responseText'
    | 'responseXML'
    | 'getResponseHeader'
    | 'getAllResponseHeaders'
    | 'overrideMimeType'
  > {
  /** Sends the request; what becomes of it is told by events of the XMLHttpRequest. */
  readonly begin: (take: () => Promise<Response>) => void
  /** Ends it, with the events of that. */
  readonly abort: () => void
  /** Ends it, without any: it is opened anew. */
  readonly end: () => void
}

interface Needs {
  readonly xhr: XMLHttpRequest
  /** Of the body, in bytes; 0: unknown; null: there is none. */
  readonly sent: number | null
  readonly aborter: AbortController
}

/** @see https://xhr.spec.whatwg.org/#the-send()-method */
export function createXhrAnswer({ xhr, sent, aborter }: Needs): XhrAnswer {
  let state: 0 | 1 | 2 | 3 | 4 = 1
  let response: Response | null = null
  let loaded = 0
  let total = 0
  let parts: Uint8Array<ArrayBuffer>[] = []
  let text = ''
  let decoder: TextDecoder | null = null
  let mimeType: string | null = null
  let isOver = false
  /** Made once, and the same object from then on. */
  let made: unknown
  let timer: ReturnType<typeof setTimeout> | undefined

  const isText = () => xhr.responseType === '' || xhr.responseType === 'text'
  const typeOf = () => mimeType ?? response?.headers.get('Content-Type') ?? ''
  const tell = (target: EventTarget, type: string) =>
    target.dispatchEvent(new ProgressEvent(type, { lengthComputable: total > 0, loaded, total }))
  const move = (to: typeof state) => {
    state = to
    xhr.dispatchEvent(new Event('readystatechange'))
  }
  let isUploading = sent !== null
  const tellUpload = (type: string, loaded: number) =>
    xhr.upload.dispatchEvent(new ProgressEvent(type, { lengthComputable: !!sent, loaded, total: sent ?? 0 }))
  const endUpload = (type: 'load' | 'abort' | 'error' | 'timeout') => {
    if (!isUploading) return
    isUploading = false
    const loaded = type === 'load' ? (sent ?? 0) : 0
    for (const each of [...(type === 'load' ? ['progress'] : []), type, 'loadend']) tellUpload(each, loaded)
  }

  const fail = (type: 'abort' | 'error' | 'timeout') => {
    if (isOver) return
    stop()
    response = null
    parts = []
    text = ''
    loaded = total = 0
    move(4)
    endUpload(type)
    tell(xhr, type)
    tell(xhr, 'loadend')
  }
  const stop = () => {
    isOver = true
    clearTimeout(timer)
    aborter.abort()
  }

  const take = (part: Uint8Array<ArrayBuffer>) => {
    loaded += part.byteLength
    if (!isText()) return void parts.push(part)
    decoder ??= decoderOf(typeOf())
    text += decoder.decode(part, { stream: true })
  }

  const read = async (received: Response) => {
    response = received
    const length = Number(received.headers.get('Content-Length'))
    total = length > 0 && !received.headers.has('Content-Encoding') ? length : 0
    endUpload('load')
    move(2)
    if (isOver) return
    let toldAt = 0
    const reader = received.body?.getReader()
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true }
      if (isOver) return
      if (done || !value) break
      take(value)
      if (performance.now() - toldAt < PROGRESS) continue
      toldAt = performance.now()
      move(3)
      if (isOver) return
      tell(xhr, 'progress')
    }
    if (decoder) text += decoder.decode()
    isOver = true
    clearTimeout(timer)
    tell(xhr, 'progress')
    move(4)
    tell(xhr, 'load')
    tell(xhr, 'loadend')
  }

  const make = (): unknown => {
    switch (xhr.responseType) {
      case 'arraybuffer':
        return joined(parts).buffer
      case 'blob':
        return new Blob(parts, { type: typeOf() })
      case 'json':
        try {
          return JSON.parse(new TextDecoder().decode(joined(parts)))
        } catch {
          return null
        }
      case 'document':
        return documentOf(decoderOf(typeOf()).decode(joined(parts)), typeOf(), true)
      default:
        return documentOf(text, typeOf(), false)
    }
  }
  const madeOnce = () => {
    if (state !== 4 || !response) return null
    made ??= make()
    return made
  }
  /** Nothing is to be seen of one that has failed. */
  const seen = () => (state >= 2 ? response : null)

  return {
    get readyState() {
      return state
    },
    get status() {
      return seen()?.status ?? 0
    },
    get statusText() {
      return seen()?.statusText ?? ''
    },
    get responseURL() {
      return seen()?.url.replace(/#.*/s, '') ?? ''
    },
    get response() {
      return isText() ? (state >= 3 ? text : '') : madeOnce()
    },
    get responseText() {
      if (!isText()) throw wrongType('responseText', "'text'", xhr.responseType)
      return state >= 3 ? text : ''
    },
    get responseXML() {
      if (xhr.responseType !== '' && xhr.responseType !== 'document')
        throw wrongType('responseXML', "'document'", xhr.responseType)
      return madeOnce() as Document | null
    },
    getResponseHeader: name => {
      try {
        return seen()?.headers.get(name) ?? null
      } catch {
        return null
      }
    },
    getAllResponseHeaders: () => [...(seen()?.headers ?? [])].map(([name, value]) => `${name}: ${value}\r\n`).join(''),
    overrideMimeType: type => {
      if (state >= 3)
        throw new DOMException('MimeType cannot be overridden when the state is LOADING or DONE.', 'InvalidStateError')
      mimeType = type
    },
    begin: take => {
      tell(xhr, 'loadstart')
      if (isUploading) tellUpload('loadstart', 0)
      if (isOver) return
      if (xhr.timeout > 0) timer = setTimeout(() => fail('timeout'), xhr.timeout)
      take()
        .then(read)
        .catch(() => fail('error'))
    },
    abort: () => {
      fail('abort')
      response = null
      state = 0
    },
    end: stop,
  }
}

function joined(parts: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((size, { byteLength }) => size + byteLength, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.byteLength
  }
  return all
}

/** By the charset of a media type; UTF-8 where it names none that is known. */
function decoderOf(type: string): TextDecoder {
  const [, charset = 'utf-8'] = /charset\s*=\s*"?([^\s;"]+)/i.exec(type) ?? []
  try {
    return new TextDecoder(charset)
  } catch {
    return new TextDecoder()
  }
}

/** Null where it is none: HTML is one only where a document is asked for. */
function documentOf(text: string, type: string, isAskedFor: boolean): Document | null {
  const media = /^[^;\s]*/.exec(type.toLowerCase())?.[0] ?? ''
  const isHtml = media === 'text/html'
  if (isHtml ? !isAskedFor : media !== '' && !/^(text|application)\/xml$|\+xml$/.test(media)) return null
  const parsed = new DOMParser().parseFromString(text, isHtml ? 'text/html' : 'text/xml')
  return parsed.querySelector('parsererror') ? null : parsed
}

function wrongType(name: string, wanted: string, type: string): DOMException {
  return new DOMException(
    `Failed to read the '${name}' property from 'XMLHttpRequest': The value is only accessible if the object's 'responseType' is '' or ${wanted} (was '${type}').`,
    'InvalidStateError',
  )
}
