/** A request to send, and the same once more. */
export interface Replay {
  readonly request: Request
  /** To be called once `request` was answered, as often as needed; null where its body was too large to be kept. */
  readonly again: () => Promise<Request | null>
}

/** What the worker can send on: WebKit takes no stream with `keepalive`, and knows a body that came to it as nothing else. */
export async function sendable(request: Request): Promise<Request> {
  // Such a body is small: all that are on their way together may have 64 KiB.
  return request.keepalive && mayHaveBody(request) ? withBody(request, await request.arrayBuffer()) : request
}

/**
 * Prepares a request to be sent twice, and keeps at most `limit` bytes of its body for that.
 * @param limit bytes
 */
export function keepForReplay(request: Request, limit: number): Replay {
  if (!mayHaveBody(request)) return { request, again: async () => request }
  // To read a body along costs time: not where it is none to keep. Without a stream (Firefox) it costs nothing. What has
  // `keepalive` is small, and WebKit cannot send it any more once its stream was asked for.
  if (limit === 0 && !request.keepalive && request.body) return { request, again: async () => null }
  const copy = request.clone()
  // Where there is no stream to be read (Firefox), a clone shares the bytes, and costs nothing.
  if (!copy.body) return { request, again: async () => copy.clone() }
  const kept = readUpTo(limit, copy.body).catch(() => null)
  return {
    request,
    again: async () => {
      const parts = await kept
      return parts && withBody(copy, new Blob(parts))
    },
  }
}

/**
 * The first `limit` bytes of a body, as text, as far as they come within `time` milliseconds. The
 * request can still be sent.
 */
export async function readStart(request: Request, limit: number, time?: number): Promise<string> {
  const copy = request.clone()
  // Where there is no stream to be read (Firefox), a clone shares the bytes.
  if (!copy.body) return (await copy.blob()).slice(0, limit).text()
  const reader = copy.body.pipeThrough(new TextDecoderStream()).getReader()
  // Not awaited: of a stream in two branches, it settles only once the other one is cancelled too.
  const end = () => void reader.cancel().catch(() => undefined)
  if (time !== undefined) AbortSignal.timeout(time).addEventListener('abort', end)
  let text = ''
  while (text.length < limit) {
    // One that was cancelled is done.
    const { done, value } = await reader.read()
    if (done) return text
    text += value
  }
  end()
  return text
}

/** The fields of a form or a JSON object; null for anything else. The request can still be sent. */
export async function readFields(request: Request): Promise<unknown> {
  const text = () => request.clone().text()
  if (isForm(request)) return Object.fromEntries(new URLSearchParams(await text()))
  if (!/^application\/json\b/i.test(typeOf(request))) return null
  try {
    return JSON.parse(await text())
  } catch {
    return null
  }
}

/** Whether the body is a form, as RFC 6749 has all requests to a token endpoint. */
export function isForm(request: Request): boolean {
  return /^application\/x-www-form-urlencoded\b/i.test(typeOf(request))
}

/** Whether the body is neither text nor a form, by its media type. */
export function isBinary(request: Request): boolean {
  return !/json|text|xml|graphql|urlencoded|multipart|jwt|jose/i.test(typeOf(request))
}

/** Whether there may be text in the body, also where its media type says nothing of that, as of bytes. */
export function mayHaveText(request: Request): boolean {
  return mayHaveBody(request) && (!isBinary(request) || /^$|octet-stream/i.test(typeOf(request)))
}

/** The media type of a request's body; empty: it does not say. */
export function typeOf({ headers }: Request): string {
  return headers.get('Content-Type') ?? ''
}

/** The same request with a body that is kept. */
export function withBody(request: Request, body: BodyInit): Request {
  const { referrer, referrerPolicy } = request
  // A rebuilt request would name the worker as its referrer.
  return new Request(request, { body, referrer, referrerPolicy })
}

export function mayHaveBody({ method }: Request): boolean {
  return method !== 'GET' && method !== 'HEAD'
}

/** All of a body, for a request that has to wait; null where it is longer than `limit` bytes. It can still be sent. */
export async function readBody(request: Request, limit: number): Promise<Blob | null> {
  if (!mayHaveBody(request)) return new Blob()
  const copy = request.clone()
  if (!copy.body) {
    // Where there is no stream to be read (Firefox), the bytes are in memory anyway.
    const all = await copy.blob()
    return all.size > limit ? null : all
  }
  const parts = await readUpTo(limit, copy.body).catch(() => null)
  return parts && new Blob(parts)
}

/** Reads a stream to its end; null where it is longer than `limit`, and the rest is not read then. */
async function readUpTo(limit: number, stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
  const reader = stream.getReader()
  const parts: Uint8Array<ArrayBuffer>[] = []
  for (let size = 0; ; ) {
    const { done, value } = await reader.read()
    if (done) return parts
    size += value.byteLength
    if (size > limit) {
      // Not awaited: of a stream in two branches, it settles only once the other one is cancelled too.
      reader.cancel().catch(() => undefined)
      return null
    }
    parts.push(value)
  }
}
