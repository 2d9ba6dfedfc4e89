/** A handler of the web's own types. */
export type Handler = (request: Request) => Promise<Response>

/** The part of Node's or Express's request that is used here. */
export interface NodeRequest extends AsyncIterable<Uint8Array> {
  method?: string | undefined
  url?: string | undefined
  headers: Readonly<Record<string, string | string[] | undefined>>
  /** What a body parser has read. */
  body?: unknown
  originalUrl?: string
}

/** The part of Node's response that is used here. */
export interface NodeResponse {
  setHeader(name: string, value: string | string[]): unknown
  writeHead(status: number): unknown
  end(body?: Uint8Array): unknown
}

/**
 * Lets Node's own server, Express, or anything with the same requests answer by a handler of the web's types. If a parser
 * has read the body, it is written again. If the handler throws, the error goes to `next`; without `next`, the answer is 500.
 */
export function nodeHandler(handler: Handler) {
  return (request: NodeRequest, response: NodeResponse, next?: (error?: unknown) => void): void => {
    handler(requestOf(request))
      .then(answer => write(answer, response))
      .catch(error => {
        if (next) next(error)
        else {
          response.writeHead(500)
          response.end()
        }
      })
  }
}

/**
 * Makes a web `Request` of Node's.
 * @throws {TypeError} for a request that Node accepts and the web does not, such as one with the method TRACE
 */
export function requestOf(request: NodeRequest): Request {
  const { method = 'GET', url = '/', originalUrl = url, headers, body } = request
  const all = new Headers()
  for (const [name, value] of Object.entries(headers)) for (const item of [value ?? []].flat()) all.append(name, item)
  const init: RequestInit & { duplex?: 'half' } = { method, headers: all }
  if (method !== 'GET' && method !== 'HEAD') {
    if (body === undefined) {
      init.body = streamOf(request)
      init.duplex = 'half'
    } else init.body = typeof body === 'string' || body instanceof Uint8Array ? (body as BodyInit) : encoded(body, all)
  }
  return new Request(new URL(originalUrl, `http://${headers.host ?? 'localhost'}`), init)
}

function encoded(body: unknown, headers: Headers): string {
  const isForm = headers.get('Content-Type')?.includes('urlencoded')
  return isForm ? new URLSearchParams(body as Record<string, string>).toString() : JSON.stringify(body)
}

function streamOf(request: NodeRequest): ReadableStream<Uint8Array<ArrayBuffer>> {
  const chunks = request[Symbol.asyncIterator]()
  return new ReadableStream({
    pull: async controller => {
      const { done, value } = await chunks.next()
      if (done) controller.close()
      else controller.enqueue(new Uint8Array(value))
    },
    cancel: async () => void (await chunks.return?.()),
  })
}

async function write(answer: Response, response: NodeResponse): Promise<void> {
  const cookies = answer.headers.getSetCookie()
  for (const [name, value] of answer.headers) if (name !== 'set-cookie') response.setHeader(name, value)
  if (cookies.length > 0) response.setHeader('Set-Cookie', cookies)
  response.writeHead(answer.status)
  response.end(answer.body ? new Uint8Array(await answer.arrayBuffer()) : undefined)
}
