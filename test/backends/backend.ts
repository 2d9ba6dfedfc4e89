/** What every backend of these tests is, and the site that stands in front of it. */
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import express from 'express'
import { serveFiles } from '../servers/app.ts'

const DIST = fileURLToPath(new URL('../../dist', import.meta.url))

/** A request of a page's. */
export interface Ask {
  readonly url: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** What has come to a backend. */
export interface Came extends Ask {
  readonly method: string
  readonly headers: Readonly<IncomingHttpHeaders & Record<string, string>>
  readonly body: string
  readonly status: number
}

export interface Backend {
  /** Its name, for people. */
  readonly title: string
  /** Where it comes from: npm or Debian, where it is itself; else whose documentation has the shapes that are imitated. */
  readonly source: 'npm' | 'Debian' | `https://${string}`
  /** Why it is imitated. */
  readonly why?: string
  /** The argument of `setup()` in the worker's script. */
  readonly setup: string
  readonly login: Ask
  /** One of the API's, whose answer names `ada`. */
  readonly api: Ask
  /** One whose answer never ends, at the URL of the login. */
  readonly stream?: Ask
  /** Where nothing renews the token: the session ends with it. */
  readonly isRefresh: ((came: Came) => boolean) | null
  /** Whether each answer brings a new token. */
  readonly isRolling?: true
  /** How it is told of a logout, if at all. */
  readonly isLogout?: (came: Came) => boolean
  readonly open: (origin: string) => Promise<Running>
}

export interface Running {
  /** Where it listens. */
  readonly url: string
  /** What it has made up, to be put in the place of words in `setup` and `login`. */
  readonly words?: readonly (readonly [word: string, value: string])[]
  /** Where it has no API of its own: whom a good token names. */
  readonly userOf?: (token: string) => Promise<string | null>
  /** Has it refuse whatever would renew a session that has begun. */
  readonly refuse: () => Promise<unknown> | unknown
  readonly close: () => Promise<unknown>
}

/** A text with the backend's own words. */
export function withWords(text: string, { words = [] }: Running): string {
  return words.reduce((result, [word, value]) => result.replaceAll(word, value), text)
}

/** JSON, as most logins are. */
export function post(url: string, body: object, headers: Readonly<Record<string, string>> = {}): Ask {
  return {
    url,
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  }
}

export const posts = (url: string) => (came: Came) => came.method === 'POST' && came.url === url

/** One origin for pages, worker and backend, as behind a proxy in production. */
export interface BackendSite {
  readonly origin: string
  readonly files: Map<string, { type: string; body: string }>
  readonly came: readonly Came[]
  /** Every token that has passed by. */
  readonly secrets: ReadonlySet<string>
  readonly backend: Running
  forgetAccessTokens(): void
  close(): Promise<void>
}

/** JWTs, and what is called a token or stands in a header of that name. */
const TOKENS = /eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|(?<="(?:\w*token|access|refresh)"\s*:\s*")[^"]{16,}/gi
const TOKEN_HEADERS = ['authorization', 'access-token', 'client', 'st-access-token', 'st-refresh-token']

/** Whether it is one that pages may see, as Keycloak marks them. */
function isIdToken(token: string): boolean {
  const [, payload = ''] = token.split('.')
  return token.startsWith('eyJ') && Buffer.from(payload, 'base64url').includes('"typ":"ID"')
}

export async function openSite(backend: Backend): Promise<BackendSite> {
  const files: BackendSite['files'] = new Map()
  const came: Came[] = []
  const secrets = new Set<string>()
  const app = express().disable('x-powered-by').disable('etag')
  app.use('/refresh-worker', express.static(DIST))
  for (const name of ['refresh-worker.js', 'refresh-worker.presets.js'])
    app.get(`/${name}`, (_, res) => res.sendFile(name, { root: DIST }))
  const serve = serveFiles(files)
  app.use((req, res, next) =>
    files.has(req.path) || req.path === '/favicon.ico' ? serve(req, res, next) : forward(req, res),
  )

  const server = createServer(app).listen(0, 'localhost')
  await once(server, 'listening')
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`
  const running = await backend.open(origin)

  async function forward(req: IncomingMessage, res: ServerResponse) {
    const { method = '', url = '', headers } = req
    const body = await text(req)
    if (running.userOf && url === backend.api.url) {
      const token = headers.authorization?.replace(/^Bearer /, '')
      const user = token ? await running.userOf(token).catch(() => null) : null
      res.writeHead(user ? 200 : 401, { 'Content-Type': 'application/json' }).end(JSON.stringify({ user }))
      return
    }
    const upstream = request(running.url + url, { method, headers })
    upstream.on('error', () => res.destroy())
    upstream.end(body)
    upstream.once('response', answer => {
      const { statusCode: status = 502, statusMessage = '' } = answer
      came.push({ method, url, headers: headers as Came['headers'], body, status })
      for (const name of TOKEN_HEADERS) {
        const value = String(answer.headers[name] ?? '').replace(/^Bearer /, '')
        if (value) secrets.add(value)
      }
      let read = ''
      answer.setEncoding('utf8').on('data', part => {
        read += part
        for (const [token] of read.matchAll(TOKENS)) if (!isIdToken(token)) secrets.add(token)
        res.write(part)
      })
      answer.once('end', () => res.end())
      const { 'content-length': _, ...rest } = answer.headers
      res.writeHead(status, statusMessage, rest)
      res.flushHeaders()
    })
  }

  return {
    origin,
    files,
    came,
    secrets,
    backend: running,
    forgetAccessTokens: () => undefined,
    close: async () => {
      const closed = once(server, 'close')
      server.close().closeAllConnections()
      await closed
      await running.close()
    },
  }
}
