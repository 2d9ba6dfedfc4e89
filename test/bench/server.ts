import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Issuer, keys, type Tokens } from './issuer.ts'

export interface Counts {
  /** All requests, whatever they asked for. */
  requests: number
  /** Refused by the API. */
  unauthorized: number
  refreshes: number
  refreshFailures: number
}

/** One origin, and the authorization server and API that are its own. */
export interface Site {
  readonly origin: string
  /** The API at another port: another origin. */
  readonly apiOrigin: string
  readonly counts: Counts
  /** Of the access tokens issued from now on, seconds. */
  lifetime: number
  /** Of those that a refresh brings; null: the same. */
  refreshedLifetime: number | null
  /** How long a refresh takes, milliseconds. */
  refreshDelay: number
  /** Whether a login sets its access token as a cookie, as an application does whose pages are rendered. */
  hasCookies: boolean
  /** When the last token was issued (milliseconds since the epoch). */
  issuedAt: number
  /** A token for tests that need no login. */
  constantToken(): Promise<string>
}

export interface File {
  readonly type: string
  readonly body: string | Buffer
}

/** What an origin serves at a path; null: nothing. */
export type Files = (site: Site, name: string, path: string) => File | null | Promise<File | null>

export interface Server {
  /** @param name the first label of the host name: what is served, then perhaps `-at-` and something to tell it apart by */
  site(name: string): Site
  close(): Promise<void>
}

const ITEM = JSON.stringify({ id: 1, name: 'an item of some length', price: 12.5, tags: ['a', 'b', 'c'], stock: 100 })
const CLIENT = 'bench'
const LONG = 86_400
const CHUNK = Buffer.alloc(65_536, 'x')

export async function openServer(files: Files): Promise<Server> {
  const sites = new Map<string, { readonly site: Site; readonly issuer: Issuer }>()
  const pages = await listen((request, response) => answer(request, response, app))
  const apis = await listen((request, response) => answer(request, response, api))

  const of = (name: string) => {
    const found = sites.get(name)
    if (found) return found
    const origin = `http://${name}.localhost:${pages.port}`
    const issuer = new Issuer(origin)
    let token: Promise<string> | undefined
    const site: Site = {
      origin,
      apiOrigin: `http://${name}.localhost:${apis.port}`,
      counts: { requests: 0, unauthorized: 0, refreshes: 0, refreshFailures: 0 },
      lifetime: LONG,
      refreshedLifetime: null,
      refreshDelay: 0,
      hasCookies: false,
      issuedAt: 0,
      constantToken: () => {
        token ??= issuer.logIn(CLIENT, LONG).then(({ access_token }) => access_token)
        return token
      },
    }
    const made = { site, issuer }
    sites.set(name, made)
    return made
  }

  interface Call {
    readonly name: string
    readonly site: Site
    readonly issuer: Issuer
    readonly url: URL
    readonly request: IncomingMessage
    readonly response: ServerResponse
  }

  const answer = (request: IncomingMessage, response: ServerResponse, handle: (call: Call) => Promise<void>) => {
    const url = new URL(request.url ?? '/', `http://${request.headers.host}`)
    const name = url.hostname.replace(/\.localhost$/, '')
    const { site, issuer } = of(name)
    site.counts.requests++
    handle({ name, site, issuer, url, request, response }).catch(error => {
      console.error(`${request.method} ${url.pathname}: ${error.message}`)
      response.destroy()
    })
  }

  const app = async (call: Call) => {
    const { name, site, issuer, url, request, response } = call
    const path = url.pathname
    if (path === '/api' || path.startsWith('/api/')) return api(call)
    if (path === '/asset') return json(response, 200, ITEM)
    if (path === '/auth/login') {
      await bodyOf(request)
      const tokens = await issuer.logIn(CLIENT, site.lifetime)
      if (!site.hasCookies) return json(response, 200, await issued(site, Promise.resolve(tokens)))
      response.setHeader('Set-Cookie', `access=${tokens.access_token}; Path=/; HttpOnly; SameSite=Lax`)
      return json(response, 200, JSON.stringify({ expires_in: site.lifetime }))
    }
    if (path === '/oauth/token') return token(call)
    if (path === '/auth/v1/token') return gotrue(call)
    if (path === '/authorize') {
      const asked = url.searchParams
      const back = new URL(asked.get('redirect_uri') ?? site.origin)
      const code = issuer.authorize({
        clientId: asked.get('client_id') ?? CLIENT,
        challenge: asked.get('code_challenge') ?? '',
        nonce: asked.get('nonce'),
      })
      back.searchParams.set('code', code)
      back.searchParams.set('state', asked.get('state') ?? '')
      response.writeHead(302, { Location: back.href, 'Cache-Control': 'no-store' }).end()
      return
    }
    if (path === '/.well-known/openid-configuration') return json(response, 200, JSON.stringify(metadata(site, issuer)))
    if (path === '/.well-known/jwks.json') return json(response, 200, JSON.stringify(keys))
    const file = await files(site, name, path)
    if (!file) return json(response, 404, '{}')
    response.writeHead(200, {
      'Content-Type': file.type,
      'Cache-Control': 'no-store',
      // With these a page's clock counts in 5 microseconds, without them in 100.
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
    })
    response.end(file.body)
  }

  const api = async ({ site, issuer, url, request, response }: Call) => {
    const origin = request.headers.origin
    if (origin && origin !== `http://${request.headers.host}`) {
      response.setHeader('Access-Control-Allow-Origin', origin)
      response.setHeader('Vary', 'Origin')
      if (request.method === 'OPTIONS') {
        response.writeHead(204, {
          'Access-Control-Allow-Headers': request.headers['access-control-request-headers'] ?? '',
          'Access-Control-Allow-Methods': 'GET, POST',
          'Access-Control-Max-Age': '7200',
        })
        response.end()
        return
      }
    }
    const { authorization = '', cookie = '' } = request.headers
    const bearer = (/^Bearer (\S+)$/i.exec(authorization) ?? /\baccess=([^;]+)/.exec(cookie))?.[1] ?? ''
    if (!issuer.takes(bearer)) {
      site.counts.unauthorized++
      response.setHeader('WWW-Authenticate', 'Bearer error="invalid_token"')
      return json(response, 401, '{"error":"invalid_token"}')
    }
    const count = Number(url.searchParams.get('bytes'))
    switch (url.pathname) {
      case '/api/down':
        response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': String(count) })
        for (let left = count; left > 0; left -= CHUNK.length) {
          const hasRoom = response.write(left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK)
          if (!hasRoom) await new Promise(resolve => response.once('drain', resolve))
        }
        response.end()
        return
      case '/api/up': {
        let received = 0
        for await (const chunk of request) received += (chunk as Buffer).length
        return json(response, 200, JSON.stringify({ received }))
      }
      case '/api/stream':
        response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Cache-Control': 'no-store' })
        // The longest that a browser may hold back to guess the type.
        response.write(CHUNK.subarray(0, 2_048))
        await sleep(250)
        response.end('last')
        return
      default:
        return json(response, 200, ITEM)
    }
  }

  /** RFC 6749. */
  const token = async ({ site, issuer, request, response }: Call) => {
    const body = parse(await bodyOf(request))
    if (body.grant_type === 'authorization_code') {
      const tokens = await issuer.exchange(body.code ?? '', body.code_verifier ?? '', site.lifetime)
      if (!tokens) return json(response, 400, '{"error":"invalid_grant"}')
      return json(response, 200, await issued(site, Promise.resolve(tokens)))
    }
    const tokens = await refreshed(site, issuer, body.refresh_token ?? '')
    return tokens ? json(response, 200, JSON.stringify(tokens)) : json(response, 400, '{"error":"invalid_grant"}')
  }

  /** What Supabase's server speaks. */
  const gotrue = async ({ site, issuer, url, request, response }: Call) => {
    const body = parse(await bodyOf(request))
    const isRefresh = url.searchParams.get('grant_type') === 'refresh_token'
    const tokens = isRefresh
      ? await refreshed(site, issuer, body.refresh_token ?? '')
      : await issuer.logIn(CLIENT, site.lifetime)
    if (!tokens) {
      const used = { code: 400, error_code: 'refresh_token_already_used', msg: 'Invalid Refresh Token: Already Used' }
      return json(response, 400, JSON.stringify(used))
    }
    if (!isRefresh) site.issuedAt = Date.now()
    const user = { id: 'ada', aud: 'authenticated', role: 'authenticated', email: 'ada@example.org' }
    return json(response, 200, JSON.stringify({ ...tokens, token_type: 'bearer', user }))
  }

  return {
    site: name => of(name).site,
    close: async () => {
      await Promise.all([pages.close(), apis.close()])
    },
  }
}

async function issued(site: Site, tokens: Promise<Tokens>): Promise<string> {
  const text = JSON.stringify(await tokens)
  site.issuedAt = Date.now()
  return text
}

async function refreshed(site: Site, issuer: Issuer, refreshToken: string): Promise<Tokens | null> {
  site.counts.refreshes++
  if (site.refreshDelay > 0) await sleep(site.refreshDelay)
  const tokens = await issuer.refresh(refreshToken, site.refreshedLifetime ?? site.lifetime)
  if (tokens) site.issuedAt = Date.now()
  else site.counts.refreshFailures++
  return tokens
}

function metadata({ origin }: Site, { issuer }: Issuer) {
  return {
    issuer,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/oauth/token`,
    jwks_uri: `${origin}/.well-known/jwks.json`,
    userinfo_endpoint: `${origin}/userinfo`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    code_challenge_methods_supported: ['S256'],
  }
}

async function listen(handler: (request: IncomingMessage, response: ServerResponse) => void) {
  // A connection that is closed in between would be a slow request by chance.
  const server = createServer({ keepAliveTimeout: 120_000, noDelay: true }, handler)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function json(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': String(Buffer.byteLength(body)),
    'Cache-Control': 'no-store',
  })
  response.end(body)
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

/** Of either encoding. */
function parse(body: string): Readonly<Record<string, string>> {
  return body.startsWith('{') ? JSON.parse(body) : Object.fromEntries(new URLSearchParams(body))
}
