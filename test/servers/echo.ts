/**
 * An application and an API of another origin (another port) that answer as a request's URL tells them to, and remember
 * what has reached them. A request's path is `/api/CASE/ACTION`: the case that it belongs to, and how to answer it.
 */
import { createHash, type Hash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import express, { type Express } from 'express'

const DIST = fileURLToPath(new URL('../../dist', import.meta.url))

/**
 * How long to wait for a connection to be closed that may stay open (milliseconds). Chromium 150 closes it seconds later, now
 * and then, with a worker or without.
 */
const CLOSE_LIMIT = 20_000

/** Occurs in every token, so that one that gets where it should not be is found. */
export const CANARY = 'canary-8f2c'

/** One request, as it has reached a server. */
export interface Seen {
  readonly to: 'app' | 'other'
  readonly method: string
  /** Path and query. */
  readonly url: string
  /** Whose credentials it carried: a token of ours that is good, one that is not, or some that are not ours. */
  readonly token: 'none' | 'good' | 'stale' | 'foreign'
  /** But for `authorization`. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: { readonly bytes: number; readonly sha256: string }
}

export interface Echo {
  /** The application's origin. */
  readonly origin: string
  /** That of the API elsewhere. */
  readonly other: string
  /** What is served besides, by URL path. */
  readonly files: Map<string, { readonly type: string; readonly body: string | Uint8Array }>
  /** The requests below `/api/` by case, in the order in which they came; CORS preflights are not among them. */
  readonly seen: ReadonlyMap<string, readonly Seen[]>
  /** Cases of which a request was preflighted. */
  readonly preflighted: ReadonlySet<string>
  readonly refreshes: () => number
  /** Forgets all that has been seen. */
  reset(): void
  close(): Promise<void>
}

/** What a case and the server keep each other waiting for. */
class Meeting {
  readonly seen: Seen[] = []
  /** Answers that have come to their end, one by one. */
  answers = 0
  readonly #gates = new Map<string, Deferred>()
  readonly #closed = deferred()
  #arrival = deferred()

  arrive(seen: Seen) {
    this.seen.push(seen)
    this.#arrival.resolve()
    this.#arrival = deferred()
  }

  /** Settles once so many requests have come. */
  async arrived(count: number) {
    while (this.seen.length < count) await this.#arrival.promise
  }

  gate(name: string) {
    const gate = this.#gates.get(name) ?? deferred()
    this.#gates.set(name, gate)
    return gate
  }

  /** To be told of a response that may be given up on. */
  watch(res: ServerResponse) {
    res.once('close', () => {
      if (!res.writableFinished) this.#closed.resolve()
    })
  }

  async closed(): Promise<'closed' | 'open'> {
    const limit = new AbortController()
    const closed = this.#closed.promise.then(() => 'closed' as const)
    const open = sleep(CLOSE_LIMIT, 'open' as const, limit).catch(() => 'open' as const)
    const result = await Promise.race([closed, open])
    limit.abort()
    return result
  }
}

interface Deferred {
  readonly promise: Promise<void>
  readonly resolve: () => void
}

function deferred(): Deferred {
  let resolve: () => void = () => undefined
  const promise = new Promise<void>(settle => {
    resolve = settle
  })
  return { promise, resolve }
}

interface Exchange {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly url: URL
  readonly meeting: Meeting
  readonly seen: Seen
}

type Action = (exchange: Exchange) => void | Promise<void>

/** Starts both servers on free ports of localhost. */
export async function openEcho(): Promise<Echo> {
  const meetings = new Map<string, Meeting>()
  const seen = new Map<string, readonly Seen[]>()
  const preflighted = new Set<string>()
  const tokens = createTokens()
  const files: Echo['files'] = new Map()

  const meetingOf = (name: string) => {
    const meeting = meetings.get(name) ?? new Meeting()
    meetings.set(name, meeting)
    seen.set(name, meeting.seen)
    return meeting
  }

  const api = (to: Seen['to']) => async (req: IncomingMessage, res: ServerResponse) => {
    const url = new URL(req.url ?? '', 'http://localhost')
    const [, , name = '', action = ''] = url.pathname.split('/')
    res.sendDate = false
    if (url.searchParams.get('cors') !== 'none') allow(req, res)
    if (req.method === 'OPTIONS' && req.headers['access-control-request-method']) {
      preflighted.add(name)
      res.writeHead(204).end()
      return
    }
    const meeting = meetingOf(name)
    const body = await digest(req)
    const token = tokens.judge(req.headers.authorization)
    const entry: Seen = { to, method: req.method ?? '', url: req.url ?? '', token, headers: headersOf(req), body }
    meeting.arrive(entry)
    const act = actions[action.replace(/;.*/, '')]
    if (act) await act({ req, res, url, meeting, seen: entry })
    else res.writeHead(404).end()
  }

  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.use((_req, res, next) => {
    res.sendDate = false
    next()
  })
  app.use('/api', (req, res, next) => {
    req.url = req.originalUrl
    api('app')(req, res).catch(next)
  })
  app.post('/auth/login', express.json(), (req, res) => {
    const answer = tokens.issue(req.body.refresh_token)
    res.status(answer ? 200 : 400).json(answer ?? { error: 'invalid_grant' })
  })
  addControls(app, meetingOf)
  app.get('/control/expire', (_req, res) => {
    tokens.expire()
    res.json('expired')
  })
  app.get('/refresh-worker.js', (_req, res) => res.sendFile('refresh-worker.dev.js', { root: DIST }))
  app.use('/refresh-worker', express.static(DIST))
  app.use((req, res) => {
    const file = files.get(req.path)
    if (file) res.type(file.type).set('Cache-Control', 'no-cache').send(file.body)
    else res.status(404).type('text').send('Not found')
  })

  const otherApi = api('other')
  const servers = [createServer(app), createServer((req, res) => void otherApi(req, res).catch(() => res.destroy()))]
  const [origin = '', other = ''] = await Promise.all(servers.map(listen))
  return {
    origin,
    other,
    files,
    seen,
    preflighted,
    refreshes: tokens.refreshes,
    reset() {
      meetings.clear()
      seen.clear()
      preflighted.clear()
    },
    async close() {
      await Promise.all(
        servers.map(server => {
          const closed = once(server, 'close')
          server.close()
          server.closeAllConnections()
          return closed
        }),
      )
    },
  }
}

async function listen(server: ReturnType<typeof createServer>): Promise<string> {
  server.listen(0, 'localhost')
  await once(server, 'listening')
  return `http://localhost:${(server.address() as AddressInfo).port}`
}

/** Access and refresh tokens of one user; a refresh token is good once. */
function createTokens() {
  let count = 0
  let refreshes = 0
  let access = ''
  let refresh = ''
  return {
    refreshes: () => refreshes,
    expire: () => {
      access = ''
    },
    issue(refreshToken?: string) {
      if (refreshToken !== undefined) {
        if (refreshToken !== refresh) return null
        refreshes++
      }
      count++
      access = `${CANARY}-access-${count}`
      refresh = `${CANARY}-refresh-${count}`
      return { access_token: access, refresh_token: refresh, token_type: 'Bearer', expires_in: 3_600 }
    },
    judge(header?: string): Seen['token'] {
      if (header === undefined) return 'none'
      if (access !== '' && header === `Bearer ${access}`) return 'good'
      return header.includes(CANARY) ? 'stale' : 'foreign'
    },
  }
}

/** What a page asks for outside the API: that the server goes on, or what has become of a request. */
function addControls(app: Express, meetingOf: (name: string) => Meeting) {
  app.get('/control/:name/open/:gate', (req, res) => {
    meetingOf(req.params.name).gate(req.params.gate).resolve()
    res.json('open')
  })
  app.get('/control/:name/closed', async (req, res) => {
    res.json(await meetingOf(req.params.name).closed())
  })
  app.get('/control/:name/arrived/:count', async (req, res) => {
    await meetingOf(req.params.name).arrived(Number(req.params.count))
    res.json('arrived')
  })
}

/** What CORS asks of an API that other origins use, with credentials. */
function allow(req: IncomingMessage, res: ServerResponse) {
  const { origin } = req.headers
  if (origin === undefined) return
  res.setHeader('Access-Control-Allow-Origin', origin)
  res.setHeader('Access-Control-Allow-Credentials', 'true')
  res.setHeader('Access-Control-Expose-Headers', 'X-Exposed')
  const { 'access-control-request-method': method, 'access-control-request-headers': headers } = req.headers
  if (method) res.setHeader('Access-Control-Allow-Methods', method)
  if (headers) res.setHeader('Access-Control-Allow-Headers', headers)
}

/** Reads a body; the boundary of a form, which is another each time, is made one. */
async function digest(req: IncomingMessage): Promise<Seen['body']> {
  const boundary = /boundary=(?:"([^"]+)"|([^;]+))/.exec(req.headers['content-type'] ?? '')
  const name = boundary?.[1] ?? boundary?.[2]
  const hash = createHash('sha256')
  if (name !== undefined) {
    const parts: Buffer[] = []
    for await (const chunk of req) parts.push(chunk)
    const body = Buffer.concat(parts).toString('latin1').replaceAll(name, 'BOUNDARY')
    return sum(hash.update(body, 'latin1'), body.length)
  }
  let bytes = 0
  for await (const chunk of req) {
    hash.update(chunk)
    bytes += chunk.length
  }
  return sum(hash, bytes)
}

function sum(hash: Hash, bytes: number): Seen['body'] {
  return { bytes, sha256: hash.digest('hex').slice(0, 16) }
}

function headersOf(req: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {}
  const { rawHeaders } = req
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase()
    const value = rawHeaders[i + 1] ?? ''
    headers[name] = name in headers ? `${headers[name]}, ${value}` : value
  }
  delete headers.authorization
  const { 'content-type': type } = headers
  if (type?.startsWith('multipart/')) {
    headers['content-type'] = type.replace(/boundary=.*/, 'boundary=BOUNDARY')
    // It counts the boundary too.
    if ('content-length' in headers) headers['content-length'] = 'of the form'
  }
  return headers
}

/** Every byte value, over and over. */
const PATTERN = Buffer.from(Array.from({ length: 65_536 }, (_, i) => (i * 31 + (i >> 8)) & 255))

function* pattern(bytes: number) {
  for (let left = bytes; left > 0; left -= PATTERN.length) yield PATTERN.subarray(0, left)
}

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

const actions: Readonly<Record<string, Action>> = {
  /** As `status`, `text`, `type` and `x` (a header, `Name: value`) in the query say. */
  answer({ res, url: { searchParams } }) {
    res.statusCode = Number(searchParams.get('status') ?? 200)
    const statusText = searchParams.get('statusText')
    if (statusText !== null) res.statusMessage = statusText
    res.setHeader('Cache-Control', 'no-store')
    for (const header of searchParams.getAll('header')) {
      const [name = '', value = ''] = header.split(': ')
      res.appendHeader(name, value)
    }
    const text = searchParams.get('text') ?? 'hello'
    const hasBody = ![204, 205, 304].includes(res.statusCode)
    if (hasBody) {
      res.setHeader('Content-Type', searchParams.get('type') ?? 'text/plain;charset=utf-8')
      res.setHeader('Content-Length', Buffer.byteLength(text))
    }
    res.end(hasBody ? text : undefined)
  },

  /** What came, as JSON. */
  echo({ res, seen }) {
    const { method, url, headers, body } = seen
    const { accept, 'content-type': contentType } = headers
    const json = JSON.stringify({ method, url, accept, contentType, body })
    res.setHeader('Cache-Control', 'no-store')
    res.setHeader('Content-Type', 'application/json')
    res.setHeader('Content-Length', Buffer.byteLength(json))
    res.end(json)
  },

  /** A 401 unless the token is good. */
  guarded({ res, seen }) {
    if (seen.token !== 'good') res.writeHead(401, { 'WWW-Authenticate': 'Bearer error="invalid_token"' })
    res.end(seen.token === 'good' ? 'welcome' : 'refused')
  },

  big({ res, url }) {
    const bytes = Number(url.searchParams.get('bytes'))
    res.setHeader('Content-Type', 'application/octet-stream')
    res.setHeader('Content-Length', bytes)
    Readable.from(pattern(bytes)).pipe(res)
  },

  gzip({ res }) {
    const body = gzipSync('compressed '.repeat(1_000))
    res.writeHead(200, {
      'Content-Type': 'text/plain',
      'Content-Encoding': 'gzip',
      'Content-Length': body.length,
    })
    res.end(body)
  },

  redirect({ res, url: { searchParams } }) {
    res.writeHead(Number(searchParams.get('status')), { Location: searchParams.get('to') ?? '' }).end()
  },

  /** One chunk, and another once the gate is open. */
  async gated({ res, meeting }) {
    meeting.watch(res)
    res.writeHead(200, { 'Content-Type': 'text/plain', 'X-Content-Type-Options': 'nosniff' })
    res.write('first,')
    await meeting.gate('rest').promise
    res.end('last')
  },

  /** A chunk, and an end before its time once the gate is open. */
  async broken({ res, meeting }) {
    res.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': 100 })
    res.write('first,')
    await meeting.gate('break').promise
    res.destroy()
  },

  latin({ res }) {
    res.writeHead(200, { 'Content-Type': 'text/plain;charset=iso-8859-1' }).end(Buffer.from('caf\xe9', 'latin1'))
  },

  /** Nothing until the gate is open. */
  async silent({ res, meeting }) {
    meeting.watch(res)
    await meeting.gate('answer').promise
    res.end('late')
  },

  /** Chunk after chunk, until nobody listens. */
  endless({ res, meeting }) {
    meeting.watch(res)
    res.writeHead(200, { 'Content-Type': 'text/plain' })
    const timer = setInterval(() => res.write('more,'), 5)
    res.once('close', () => clearInterval(timer))
  },

  /** Two events, an end, and one more when the page comes back. */
  async events({ req, res, meeting }) {
    meeting.watch(res)
    res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
    if (meeting.seen.length === 1) {
      res.write('retry: 10\n\nid: 1\ndata: one\n\n')
      await meeting.gate('two').promise
      res.end('id: 2\ndata: two\n\n')
      return
    }
    res.write(`id: 3\ndata: after ${req.headers['last-event-id'] ?? 'what?'}\n\n`)
    const timer = setInterval(() => res.write(':\n\n'), 5)
    res.once('close', () => clearInterval(timer))
  },

  cookie({ res, url: { searchParams, pathname } }) {
    const path = pathname.replace(/[^/]*$/, '')
    res.setHeader('Set-Cookie', `${searchParams.get('set')}; Path=${path}`)
    res.setHeader('Cache-Control', 'no-store')
    res.end('set')
  },

  /** An answer that may be kept as `cc` says, has a validator, and tells which one it is. */
  kept({ req, res, url: { searchParams }, meeting }) {
    res.setHeader('Cache-Control', searchParams.get('cc') ?? 'no-cache')
    res.setHeader('ETag', '"v1"')
    if (req.headers['if-none-match'] === '"v1"') {
      res.writeHead(304).end()
      return
    }
    res.setHeader('Content-Type', 'text/plain')
    res.end(`answer ${++meeting.answers}`)
  },

  range({ req, res }) {
    sendRange(req, res, 'text/plain', Buffer.from('0123456789'.repeat(10)))
  },

  image({ res }) {
    res.writeHead(200, { 'Content-Type': 'image/png', 'Cache-Control': 'no-store' }).end(PNG)
  },

  /** Ten minutes of silence, of which whoever wants the end has to ask for it: the beginning comes at a crawl. */
  sound({ req, res }) {
    const [start, end] = rangeOf(req, WAV) ?? [0, WAV.length]
    if (start > 0) return sendRange(req, res, 'audio/wav', WAV)
    res.writeHead(req.headers.range === undefined ? 200 : 206, {
      'Content-Type': 'audio/wav',
      'Accept-Ranges': 'bytes',
      'Cache-Control': 'no-store',
      'Content-Length': end,
      ...(req.headers.range !== undefined && { 'Content-Range': `bytes 0-${end - 1}/${WAV.length}` }),
    })
    let sent = Math.min(end, 1_048_576)
    res.write(WAV.subarray(0, sent))
    const timer = setInterval(() => {
      res.write(WAV.subarray(sent, Math.min(end, sent + 100)))
      sent += 100
      if (sent >= end) res.end()
    }, 10)
    res.once('close', () => clearInterval(timer))
  },

  /** No answer at all. */
  reset({ res }) {
    res.destroy()
  },

  download({ res }) {
    res.writeHead(200, {
      'Content-Type': 'application/octet-stream',
      'Content-Disposition': 'attachment; filename=f.bin',
    })
    res.end('bytes')
  },
}

const WAV = silence(600, 8_000)

/** A WAV file: mono, 16 bits. */
function silence(seconds: number, rate: number): Buffer {
  const size = 2 * seconds * rate
  const file = Buffer.alloc(44 + size)
  file.write('RIFF', 0)
  file.writeUInt32LE(36 + size, 4)
  file.write('WAVEfmt ', 8)
  file.writeUInt32LE(16, 16)
  file.writeUInt16LE(1, 20)
  file.writeUInt16LE(1, 22)
  file.writeUInt32LE(rate, 24)
  file.writeUInt32LE(2 * rate, 28)
  file.writeUInt16LE(2, 32)
  file.writeUInt16LE(16, 34)
  file.write('data', 36)
  file.writeUInt32LE(size, 40)
  return file
}

/** The bytes that are asked for, as a half-open range; null: all of them. */
function rangeOf(req: IncomingMessage, { length }: Buffer): readonly [number, number] | null {
  const range = /^bytes=(\d+)-(\d*)$/.exec(req.headers.range ?? '')
  return range && [Number(range[1]), range[2] ? Math.min(Number(range[2]) + 1, length) : length]
}

function sendRange(req: IncomingMessage, res: ServerResponse, type: string, file: Buffer) {
  const range = rangeOf(req, file)
  const [start, end] = range ?? [0, file.length]
  res.writeHead(range ? 206 : 200, {
    'Content-Type': type,
    'Accept-Ranges': 'bytes',
    'Cache-Control': 'no-store',
    'Content-Length': end - start,
    ...(range && { 'Content-Range': `bytes ${start}-${end - 1}/${file.length}` }),
  })
  res.end(file.subarray(start, end))
}
