import { createServer as createHttpServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { Options } from '../../../../src/core/options/options.ts'
import { configOf, createServer, jsonResponse, NOW, ORIGIN, sessionOf, tokenEndpointOf } from '../../kit.ts'

const session = { ...sessionOf(), refreshToken: 'refresh-1' }

async function refresh(options: Partial<Options>, answer: () => Response | Promise<Response>) {
  const { fetch, sent } = createServer(answer)
  const result = await tokenEndpointOf(configOf(options), fetch, () => NOW)(session, 'key')
  return { result, sent: sent[0] }
}

const ok = () => jsonResponse({ access_token: 'access-2' })

describe('the refresh request', () => {
  it('is JSON, with the old access token in the header', async () => {
    const { sent } = await refresh({}, ok)
    expect(sent).toMatchObject({ method: 'POST', url: `${ORIGIN}/auth/login`, authorization: 'Bearer access-1' })
    expect(sent?.request.headers.get('Content-Type')).toBe('application/json')
    expect(JSON.parse(sent?.body ?? '')).toEqual({ grant_type: 'refresh_token', refresh_token: 'refresh-1' })
  })

  it('follows the options', async () => {
    const { sent } = await refresh(
      {
        baseUrl: 'https://id.example/v1',
        refreshTokenUrl: '/token',
        clientId: 'web',
        refreshTokenSubmitProp: 'token',
        authHeader: 'X-Auth',
        authTokenType: false,
        defaultHeadersForTokenRequests: { 'Content-Type': 'application/json', 'X-Client': 'web' },
      },
      ok,
    )
    expect(sent).toMatchObject({ url: 'https://id.example/v1/token', authorization: null })
    expect(sent?.request.headers.get('X-Auth')).toBe('access-1')
    expect(sent?.request.headers.get('X-Client')).toBe('web')
    expect(JSON.parse(sent?.body ?? '')).toEqual({ grant_type: 'refresh_token', token: 'refresh-1', client_id: 'web' })
  })

  it('is JSON also where only other headers are set', async () => {
    const { sent } = await refresh({ defaultHeadersForTokenRequests: { 'X-Client': 'web' } }, ok)
    expect(sent?.request.headers.get('Content-Type')).toBe('application/json')
  })

  it('asks for JSON, which many frameworks answer only then; other headers win', async () => {
    const acceptOf = async (options: Partial<Options>) =>
      (await refresh(options, ok)).sent?.request.headers.get('Accept')
    const json = 'application/json'
    expect(await acceptOf({})).toBe(json)
    expect(await acceptOf({ defaultHeadersForTokenRequests: { 'X-Client': 'web' } })).toBe(json)
    expect(await acceptOf({ defaultHeadersForTokenRequests: { accept: 'application/vnd.api+json' } })).toBe(
      'application/vnd.api+json',
    )
    expect(await acceptOf({ refreshRequest: () => ({ method: 'GET' }) })).toBe(json)
    expect(await acceptOf({ refreshRequest: () => new Request(`${ORIGIN}/token`) })).toBe(json)
    expect(await acceptOf({ refreshRequest: () => ({ headers: { Accept: 'text/plain' } }) })).toBe('text/plain')
  })

  it('is form-encoded on demand, and then without Authorization (R14, B24)', async () => {
    const { sent } = await refresh(
      {
        clientId: 'web & co',
        defaultHeadersForTokenRequests: { 'Content-Type': 'application/x-www-form-urlencoded;charset=UTF-8' },
      },
      ok,
    )
    expect(sent?.request.headers.get('Content-Type')).toBe('application/x-www-form-urlencoded;charset=UTF-8')
    expect(sent?.authorization).toBeNull()
    expect(Object.fromEntries(new URLSearchParams(sent?.body))).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'refresh-1',
      client_id: 'web & co',
    })
  })

  it('carries no refresh token, but lets the cookie go along, and says that it is ours', async () => {
    const without = { ...session, refreshToken: null }
    const { fetch, sent } = createServer(() => jsonResponse({ access_token: 'access-2', refresh_token: 'refresh-2' }))
    const ask = tokenEndpointOf(configOf({ refreshTokenIn: 'cookie' }), fetch, () => NOW)
    const result = await ask(without, 'key')
    expect(JSON.parse(sent[0]?.body ?? '')).toEqual({ grant_type: 'refresh_token' })
    expect(sent[0]?.authorization).toBe('Bearer access-1')
    expect(sent[0]?.request.credentials).toBe('include')
    expect(sent[0]?.request.headers.get('X-Requested-With')).toBe('refresh-worker')
    expect(result).toMatchObject({ outcome: 'refreshed', tokens: { accessToken: 'access-2', refreshToken: null } })

    await ask({ ...without, accessToken: null }, 'key')
    expect(sent[1]?.authorization).toBeNull()
  })

  it('lets no cookie go to another origin unless it is meant to', async () => {
    const { sent } = await refresh({}, ok)
    expect(sent?.request.credentials).toBe('same-origin')
    expect(sent?.request.headers.has('X-Requested-With')).toBe(false)
  })

  it('follows no redirect, leaves no cache and no referrer (R19)', async () => {
    const { sent } = await refresh({}, ok)
    expect(sent?.request).toMatchObject({ redirect: 'manual', cache: 'no-store', referrerPolicy: 'no-referrer' })
  })
})

describe('the answer (R17)', () => {
  it('brings new tokens', async () => {
    const { result } = await refresh({}, () =>
      jsonResponse({ access_token: 'access-2', refresh_token: 'refresh-2', expires_in: 60 }),
    )
    expect(result).toEqual({
      outcome: 'refreshed',
      tokens: {
        accessToken: 'access-2',
        refreshToken: 'refresh-2',
        idToken: null,
        receivedAt: NOW,
        expiresAt: NOW + 60_000,
        answer:
          '{"access_token":"refresh-worker-access-token","refresh_token":"refresh-worker-refresh-token","expires_in":60}',
      },
    })
  })

  const html = (status: number) => () =>
    new Response('<!doctype html>', { status, headers: { 'Content-Type': 'text/html' } })
  const error = (status: number, body: unknown) => () => jsonResponse(body, { status })
  it.each<[string, () => Response]>([
    ['400 invalid_grant (B9)', error(400, { error: 'invalid_grant' })],
    ['401 invalid_grant', error(401, { error: 'invalid_grant' })],
    ['403 invalid_grant', error(403, { error: 'invalid_grant' })],
    ['401 invalid_client (B10)', error(401, { error: 'invalid_client' })],
    ['400 unauthorized_client', error(400, { error: 'unauthorized_client' })],
    ['401 in JSON without an OAuth error, as JSON servers have it', error(401, { message: 'log in again' })],
    ['400 invalid_request (B11)', error(400, { error: 'invalid_request' })],
    ['400 unsupported_grant_type', error(400, { error: 'unsupported_grant_type' })],
    ['401 with another OAuth error', error(401, { error: 'invalid_token' })],
    ['403 of no known kind', error(403, { message: 'no' })],
    ['400 of no known kind', error(400, { message: 'no' })],
    ['401 in HTML', html(401)],
    ['200 that says invalid_grant (A33)', () => jsonResponse({ error: 'invalid_grant' })],
    ['400 with a token (A34)', error(400, { access_token: 'access-2' })],
  ])('rejects with %s', async (_, answer) => {
    const { result } = await refresh({}, answer)
    expect(result.outcome).toBe('rejected')
    expect(JSON.stringify(result)).not.toMatch(/access-[12]|refresh-1/)
  })

  it.each<[string, () => Response]>([
    ['404', html(404)],
    ['405', html(405)],
    ['408', html(408)],
    ['415', html(415)],
    ['429 (B4)', error(429, { error: 'slow_down' })],
    ['429 that says invalid_grant', error(429, { error: 'invalid_grant' })],
    ['500 (B3)', html(500)],
    ['500 that says invalid_grant', error(500, { error: 'invalid_grant' })],
    ['502', html(502)],
    ['503', html(503)],
    ['504', html(504)],
    ['200 in HTML (A2)', html(200)],
    ['200 with nothing (A3)', () => new Response(null)],
    ['204', () => new Response(null, { status: 204 })],
    ['200 cut short (A4)', () => jsonResponse('{"access_token":"acc')],
    ['200 null (A5)', () => jsonResponse('null')],
    ['200 without a token (A6)', () => jsonResponse({})],
    ['200 with a token for nobody (A8)', () => jsonResponse({ access_token: 'a b' })],
  ])('keeps the session with %s', async (_, answer) => {
    const { result } = await refresh({}, answer)
    expect(result.outcome).toBe('unavailable')
    expect(JSON.stringify(result)).not.toMatch(/access-[12]|a b"|acc"|doctype|refresh-1/)
  })

  it('takes tokens whatever else is said beside them', async () => {
    const errors = [{ message: 'x', extensions: { code: 'UNAUTHENTICATED' } }]
    const { result } = await refresh({}, () => jsonResponse({ access_token: 'access-2', errors }))
    expect(result).toMatchObject({ outcome: 'refreshed', tokens: { accessToken: 'access-2' } })
  })

  it('rejects a success that says so where no answer shows a token', async () => {
    const { result } = await refresh({ accessTokenIn: 'cookie', refreshTokenUrl: '/refresh' }, () =>
      jsonResponse({ error: 'invalid_grant' }),
    )
    expect(result.outcome).toBe('rejected')
  })

  it('rejects with JSON by whatever type', async () => {
    const headers = { 'Content-Type': 'text/html' }
    const { result } = await refresh({}, () => new Response('{"error":"invalid_grant"}', { headers }))
    expect(result).toMatchObject({ outcome: 'rejected', detail: 'the token endpoint answered invalid_grant' })
  })

  it('keeps the session where a getter of the application throws', async () => {
    const getAccessTokenFromResponse = () => {
      throw new Error('access-2')
    }
    const { result } = await refresh({ getAccessTokenFromResponse }, ok)
    expect(result).toMatchObject({ outcome: 'unavailable', detail: expect.stringContaining('no access token') })
    expect(JSON.stringify(result)).not.toContain('access-2')
  })
})

describe('Retry-After (B4)', () => {
  const date = (ms: number) => new Date(ms).toUTCString()
  it.each<[string, Record<string, string>, number | undefined]>([
    ['seconds', { 'Retry-After': '120' }, 120_000],
    ['zero', { 'Retry-After': '0' }, 0],
    ['a date', { 'Retry-After': date(NOW + 90_000) }, 90_000],
    ["a date by the server's clock", { 'Retry-After': date(5_000_000), Date: date(4_970_000) }, 30_000],
    ['a date in the past', { 'Retry-After': date(NOW - 90_000) }, undefined],
    ['garbage', { 'Retry-After': 'soon' }, undefined],
    ['a number that is no delay', { 'Retry-After': '-5' }, undefined],
    ['nothing', {}, undefined],
  ])('as %s', async (_, headers, retryAfter) => {
    const { result } = await refresh({}, () => new Response('', { status: 429, headers }))
    expect(result).toMatchObject({ outcome: 'unavailable' })
    expect('retryAfter' in result ? result.retryAfter : undefined).toBe(retryAfter)
  })
})

describe('a real server', () => {
  const closers: (() => void)[] = []
  afterEach(() => {
    for (const close of closers.splice(0)) close()
  })

  async function serve(listener: RequestListener): Promise<string> {
    const server = createHttpServer(listener).listen(0, '127.0.0.1')
    closers.push(() => {
      server.close()
      server.closeAllConnections()
    })
    await new Promise(resolve => server.once('listening', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`
  }

  // Node lets a request's signal be collected together with the request, although it is being sent.
  const kept: Request[] = []
  const send = (request: Request) => {
    kept.push(request)
    return fetch(request)
  }
  const ask = (refreshTokenUrl: string, timeout = 10) =>
    tokenEndpointOf(configOf({ refreshTokenUrl, timeout }), send, () => NOW)(session, 'key')

  it('that hangs is given up after the timeout (B1)', async () => {
    expect(await ask(await serve(() => undefined), 0.1)).toMatchObject({
      outcome: 'unavailable',
      detail: expect.stringContaining('0.6 s'),
    })
  })

  it('that stops in the middle of its answer is given up after the timeout', async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' }).write('{"access_token":')
    })
    expect(await ask(url, 0.1)).toMatchObject({ outcome: 'unavailable' })
  })

  it('that resets the connection is a network error (B5)', async () => {
    expect(await ask(await serve(request => request.socket.destroy()))).toMatchObject({ outcome: 'network_error' })
  })

  it('that is not there is a network error', async () => {
    const url = await serve(() => undefined)
    for (const close of closers.splice(0)) close()
    expect(await ask(url)).toMatchObject({ outcome: 'network_error' })
  })

  it.each([301, 302, 307, 308])(
    'that answers %i has answered, and gets no second request anywhere (B6)',
    async status => {
      const reached: string[] = []
      const elsewhere = await serve((request, response) => {
        reached.push(request.url ?? '')
        response.end()
      })
      const url = await serve((_, response) => {
        response.writeHead(status, { Location: elsewhere }).end()
      })
      expect(await ask(url)).toMatchObject({ outcome: 'unavailable', isAnswer: true })
      expect(reached).toEqual([])
    },
  )
})

describe('Idempotency-Key', () => {
  const keyOf = async (options: Partial<Options>) => {
    const { fetch, sent } = createServer(() => jsonResponse({ access_token: 'access-2' }))
    await tokenEndpointOf(configOf(options), fetch, () => NOW)(sessionOf(), 'a-key')
    return sent[0]?.request.headers.get('Idempotency-Key') ?? null
  }
  const elsewhere = 'https://id.example/token'

  it.each([
    ['goes to the own origin', {}, '"a-key"'],
    ['not to another, whose CORS would have to allow it', { refreshTokenUrl: elsewhere }, null],
    ['but where it is asked for', { refreshTokenUrl: elsewhere, idempotencyKeys: 'always' }, '"a-key"'],
    ['nor where it is not wanted', { idempotencyKeys: 'never' }, null],
  ] as [string, Partial<Options>, string | null][])('%s', async (_, options, key) => {
    expect(await keyOf(options)).toBe(key)
  })

  it('is given to refreshRequest', async () => {
    const seen: string[] = []
    const { fetch } = createServer(() => jsonResponse({ access_token: 'access-2' }))
    const refreshRequest = ({ idempotencyKey }: { idempotencyKey: string }) => {
      seen.push(idempotencyKey)
      return {}
    }
    await tokenEndpointOf(configOf({ refreshRequest }), fetch, () => NOW)(sessionOf(), 'a-key')
    expect(seen).toEqual(['a-key'])
  })
})
