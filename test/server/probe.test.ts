/** `refresh-worker probe` against servers of which it is known what it should say. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createDemo } from '../../examples/demo/app.mjs'
import { main } from '../../src/cli/cli.ts'
import { readProbeConfig } from '../../src/cli/probe/config.ts'
import { type AuthServerOptions, createAuthServer, memoryStore, nodeHandler } from '../../src/server/index.ts'
import { flaskJwtExtended, ofDebian, simpleJwt } from '../backends/debian.ts'
import { directus, pocketBase } from '../backends/imitations.ts'
import { own } from '../backends/own.ts'
import { openCookieServer } from '../servers/cookie-server.ts'
import { openOidcServer } from '../servers/oidc.ts'

const folder = mkdtempSync(join(tmpdir(), 'refresh-worker-probe-'))
const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
  rmSync(folder, { recursive: true, force: true })
})

async function listen(listener: RequestListener) {
  const server = createServer(listener).listen(0, 'localhost')
  await once(server, 'listening')
  ends.push(() => server.close().closeAllConnections())
  return `http://localhost:${(server.address() as AddressInfo).port}`
}

/** What the command says, line by line, and its exit code. */
async function probe(config: object) {
  const file = join(mkdtempSync(join(tmpdir(), 'refresh-worker-probe-')), 'probe.json')
  writeFileSync(file, JSON.stringify(config))
  let out = ''
  let err = ''
  const code = await main(['probe', file], 'dist', {
    out: text => {
      out += text
    },
    err: text => {
      err += text
    },
  })
  const lines = out.trim().split('\n')
  return { code, lines, err, at: (step: string) => lines.find(line => line.includes(` ${step}: `)) ?? null }
}

const CREDENTIALS = { name: 'ada', password: 'lovelace' }

function ours(options: Partial<AuthServerOptions> = {}) {
  const auth = createAuthServer({
    keys: [{ kid: 'one', secret: randomBytes(32) }],
    refreshTokenSecret: randomBytes(32),
    store: memoryStore(),
    authenticate: ({ password }) => (password === 'lovelace' ? { sub: 'ada' } : null),
    ...options,
  })
  const me = async (request: Request) =>
    (await auth.verify(request)) ? Response.json({}) : new Response('{}', { status: 401 })
  const handlers: Record<string, (request: Request) => Promise<Response>> = {
    '/auth/login': auth.login,
    '/auth/refresh': auth.refresh,
    '/auth/logout': auth.logout,
    '/api/me': me,
  }
  return listen((request, response) => nodeHandler(handlers[request.url ?? ''] ?? me)(request, response))
}
const URLS = {
  loginUrl: '/auth/login',
  refreshTokenUrl: '/auth/refresh',
  logoutUrl: '/auth/logout',
  logoutMethod: 'post',
  apiUrl: '/api/me',
}

describe('a server that keeps the contract (Z13)', () => {
  it.each([
    ['in the body', {}, {}],
    ['in a cookie', { cookies: { path: '/auth', secure: false } }, { refreshTokenIn: 'cookie' }],
    ['both in cookies', { cookies: { path: '/auth', accessToken: true, secure: false } }, { accessTokenIn: 'cookie' }],
  ] as [string, Partial<AuthServerOptions>, object][])(
    'ours, tokens %s: nothing to mend',
    async (_, options, config) => {
      const { code, lines, at } = await probe({
        origin: await ours(options),
        credentials: CREDENTIALS,
        ...URLS,
        ...config,
      })
      expect(lines.filter(line => line.startsWith('MEND'))).toEqual([])
      expect(code).toBe(0)
      expect(at('second use')).toMatch(/^ok .*ends the session/)
      if (Object.keys(config).length === 0) expect(at('rotation')).toMatch(/^ok .*idempotencyKeys: 'always'/)
      expect(at('logout')).toMatch(/^ok .*the refresh token is dead/)
    },
  )
})

describe('others, what they are', () => {
  it('the sample middleware with one-time tokens: no repetition, and a second use ends the session', async () => {
    const demo = createDemo({ latency: 0 })
    const origin = await demo.listen(0)
    ends.push(() => demo.close())
    const { at, lines } = await probe({
      origin,
      credentials: { username: 'ada', password: 'lovelace' },
      loginUrl: '/auth/login',
      logoutUrl: '/auth/logout',
      apiUrl: '/api/me',
    })
    expect(lines.filter(line => line.startsWith('MEND'))).toEqual([])
    expect(at('rotation')).toMatch(/^ok .*works once/)
    expect(at('second use')).toMatch(/^ok/)
  })

  it('one with all in cookies, strict', async () => {
    const server = await openCookieServer()
    ends.push(() => server.close())
    const config = {
      origin: server.origin,
      credentials: CREDENTIALS,
      ...URLS,
      accessTokenIn: 'cookie',
      apiUrl: '/api/data',
    }
    const { at, code } = await probe(config)
    expect(code).toBe(0)
    expect(at('second use')).toMatch(/^ok/)
  })
})

describe('servers of docs/backends.md (Z13)', () => {
  const simple = {
    refreshTokenUrl: '/api/token/refresh/',
    accessTokenProp: 'access',
    refreshTokenProp: 'refresh',
    refreshTokenSubmitProp: 'refresh',
  }
  const nested = { accessTokenProp: 'data.access_token', refreshTokenProp: 'data.refresh_token' }
  it.each([
    ['our older middleware: it rotates nothing', own, {}, 'rotation', /^note .*works twice/],
    ['Django SimpleJWT: a second use is refused, and ends nothing', simpleJwt, simple, 'second use', /^note .*goes on/],
    [
      'flask-jwt-extended: its refresh wants another token in the header',
      flaskJwtExtended,
      { refreshTokenUrl: '/refresh' },
      'refresh',
      /^MEND .*422.*refreshRequest/,
    ],
    [
      'Directus: its refresh wants a mode',
      directus,
      { refreshTokenUrl: '/auth/refresh', ...nested },
      'refresh',
      /^MEND .*401.*preset/,
    ],
    ['PocketBase: its token has another name', pocketBase, {}, 'login', /^MEND .*accessTokenProp/],
  ] as const)('%s', async (_, backend, config, step, said) => {
    if (backend.source === 'Debian' && !(await ofDebian()).includes(backend)) return
    const server = await backend.open('http://localhost')
    ends.push(() => server.close())
    const { url, body } = backend.login
    const { at } = await probe({
      origin: server.url,
      loginUrl: url,
      credentials: JSON.parse(String(body)),
      apiUrl: backend.api.url,
      ...config,
    })
    expect(at(step)).toMatch(said)
  })

  it('oidc-provider: it takes no password', async () => {
    const server = await openOidcServer()
    ends.push(() => server.close())
    const { origin } = server
    const { at } = await probe({ origin, loginUrl: '/token', credentials: CREDENTIALS, apiUrl: '/me' })
    expect(at('login')).toMatch(/^MEND .*4\d\d .*credentials in a POST of JSON/)
  })
})

describe('what has to change is said', () => {
  it.each([
    ['an API that shows its login page', 'API without a token', { '/api/me': [200, '<html>'] }, /isUnauthorized/],
    ['a login that is not there', 'login', { '/auth/login': [404, '<html>'] }, /404/],
    ['a login of another shape', 'login', { '/auth/login': [200, '{"jwt":"a"}'] }, /accessTokenProp/],
    ['a refresh that fails', 'refresh', { '/auth/refresh': [500, 'no'] }, /refreshRequest/],
    ['a logout that does nothing', 'logout', { '/auth/logout': [204, ''] }, /works on/],
  ] as [string, string, Record<string, [number, string]>, RegExp][])('%s', async (_, step, answers, advice) => {
    const origin = await ours()
    const front = await listen(async (request, response) => {
      const [status, body] = answers[request.url ?? ''] ?? []
      if (status !== undefined) {
        const type = body?.startsWith('{') ? 'application/json' : 'text/html'
        return void response.writeHead(status, { 'Content-Type': type }).end(status === 204 ? undefined : body)
      }
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk)
      const headers = new Headers(
        Object.entries(request.headers).filter(([name]) => name !== 'host') as [string, string][],
      )
      headers.delete('connection')
      headers.delete('content-length')
      const answer = await fetch(origin + request.url, {
        method: request.method ?? 'GET',
        headers,
        ...(chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}),
      })
      response.writeHead(answer.status, { 'Content-Type': answer.headers.get('Content-Type') ?? 'text/plain' })
      response.end(await answer.text())
    })
    const { code, at } = await probe({ origin: front, credentials: CREDENTIALS, ...URLS })
    expect(code).toBe(1)
    expect(at(step)).toMatch(/^MEND/)
    expect(at(step)).toMatch(advice)
  })

  it('a refusal that is none to a worker', async () => {
    const origin = await ours()
    const front = await listen(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk)
      const headers: Record<string, string> = {}
      for (const name of ['content-type', 'authorization', 'idempotency-key'])
        if (request.headers[name]) headers[name] = String(request.headers[name])
      const answer = await fetch(origin + request.url, {
        method: request.method ?? 'GET',
        headers,
        ...(chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}),
      })
      const isRefused = request.url === '/auth/refresh' && answer.status === 401
      response.writeHead(isRefused ? 503 : answer.status, { 'Content-Type': 'application/json' })
      response.end(isRefused ? '{}' : await answer.text())
    })
    const { at } = await probe({ origin: front, credentials: CREDENTIALS, ...URLS })
    expect(at('refusal')).toMatch(/^MEND .*isRefreshRejected/)
  })

  it('CORS of an API elsewhere', async () => {
    const origin = await ours()
    const { at } = await probe({
      origin: 'https://app.example',
      credentials: CREDENTIALS,
      loginUrl: `${origin}/auth/login`,
      refreshTokenUrl: `${origin}/auth/refresh`,
      apiUrl: `${origin}/api/me`,
    })
    for (const step of ['CORS, login', 'CORS, refresh', 'CORS, API']) expect(at(step)).toMatch(/^MEND/)
  })

  it.each([
    ['{', /is no JSON/],
    ['{}', /has no origin/],
    [
      '{"origin":"https://a.example","loginUrl":"/l","credentials":{},"apiUrl":"/a","nope":1}',
      /has nope, which is unknown/,
    ],
    ['{"origin":"nowhere","loginUrl":"/l","credentials":{},"apiUrl":"/a"}', /has no URL as/],
  ])('a file that is wrong: %s', async (text, problem) => {
    const file = join(mkdtempSync(join(tmpdir(), 'refresh-worker-probe-')), 'probe.json')
    writeFileSync(file, text)
    let err = ''
    const code = await main(['probe', file], 'dist', {
      out: () => undefined,
      err: text => {
        err += text
      },
    })
    expect(code).toBe(2)
    expect(err).toMatch(problem)
  })
})

it('takes the example of docs/server.md', () => {
  const path = 'examples/server/probe.json'
  expect(readProbeConfig(readFileSync(path, 'utf8'), path)).toMatchObject({
    loginUrl: 'https://app.example/auth/login',
    logoutMethod: 'POST',
    refreshTokenIn: 'body',
  })
})

it('no token is ever printed', async () => {
  const origin = await ours()
  const { lines, err } = await probe({ origin, credentials: CREDENTIALS, ...URLS })
  expect(lines.join() + err).not.toMatch(/eyJ|[\w-]{43}|lovelace/)
})
