import { describe, expect, it } from 'vitest'
import type { Options } from '../../../../src/core/options/options.ts'
import { createEndpoints } from '../../../../src/core/tokens/endpoints.ts'
import type { RefreshWorkerError } from '../../../../src/errors.ts'
import { configOf, jsonResponse } from '../../kit.ts'

const ISSUER = 'https://id.example/tenant'
const OPENID = `${ISSUER}/.well-known/openid-configuration`
const RFC8414 = 'https://id.example/.well-known/oauth-authorization-server/tenant'

const METADATA = {
  issuer: ISSUER,
  token_endpoint: 'https://id.example/token',
  revocation_endpoint: 'https://id.example/revoke',
  end_session_endpoint: 'https://id.example/out',
}

/** An issuer that answers by URL; what it has nothing for is not reached. */
function setUp(answers: Record<string, () => Response>, options: Partial<Options> = {}) {
  const asked: Request[] = []
  const log: string[] = []
  const endpoints = createEndpoints({
    config: configOf({ issuer: ISSUER, ...options }),
    fetch: async request => {
      asked.push(request)
      const answer = answers[request.url]
      if (!answer) throw new TypeError('Failed to fetch')
      return answer()
    },
    log: (_level, message) => log.push(message),
  })
  const failure = () =>
    endpoints.find().then(
      () => null,
      (error: RefreshWorkerError) => error,
    )
  return { endpoints, asked, log, failure }
}

const metadata =
  (change: object = {}) =>
  () =>
    jsonResponse({ ...METADATA, ...change })

it('without an issuer, endpoints are those of the configuration, and nobody is asked', async () => {
  const { endpoints, asked } = setUp({}, { issuer: null, loginUrl: '/in', revocationUrl: '/revoke' })
  expect(endpoints.isComplete()).toBe(true)
  expect(endpoints.known().loginUrls.map(({ pathname }) => pathname)).toEqual(['/in'])
  expect((await endpoints.find()).revocationUrl?.pathname).toBe('/revoke')
  expect(asked).toEqual([])
})

describe('with an issuer', () => {
  it("are those of its metadata, by OpenID's path, read once for all who ask", async () => {
    const { endpoints, asked } = setUp({ [OPENID]: metadata() })
    expect(endpoints.isComplete()).toBe(false)
    expect(endpoints.known()).toMatchObject({ loginUrls: [], refreshTokenUrl: null, revocationUrl: null })
    const [found] = await Promise.all([endpoints.find(), endpoints.find()])
    expect(await endpoints.find()).toBe(found)
    expect(endpoints.known()).toBe(found)
    expect(endpoints.isComplete()).toBe(true)
    expect(found?.loginUrls.map(({ href }) => href)).toEqual(['https://id.example/token'])
    expect(found?.refreshTokenUrl?.href).toBe('https://id.example/token')
    expect(found?.revocationUrl?.href).toBe('https://id.example/revoke')
    expect(found?.endSessionUrl?.href).toBe('https://id.example/out')
    expect(asked.map(({ url }) => url)).toEqual([OPENID])
    expect(asked[0]).toMatchObject({ method: 'GET', credentials: 'omit', redirect: 'error' })
  })

  it.each<[string, () => Response]>([
    ['404', () => new Response('Not found', { status: 404 })],
    ['a page', () => new Response('<html>', { headers: { 'Content-Type': 'text/html' } })],
    ["somebody else's", metadata({ issuer: 'https://evil.example' })],
  ])('or by the path of RFC 8414, where the other one has %s', async (_, answer) => {
    const { endpoints, asked } = setUp({ [OPENID]: answer, [RFC8414]: metadata() })
    expect((await endpoints.find()).refreshTokenUrl?.href).toBe('https://id.example/token')
    expect(asked.map(({ url }) => url)).toEqual([OPENID, RFC8414])
  })

  it('or where the other one cannot be reached, since its 404 may have no CORS headers', async () => {
    const { endpoints } = setUp({ [RFC8414]: metadata() })
    expect((await endpoints.find()).refreshTokenUrl?.href).toBe('https://id.example/token')
  })

  it('give way to those of the configuration', async () => {
    const own = { loginUrl: '/in', refreshTokenUrl: '/refresh', revocationUrl: '/revoke' }
    const { loginUrls, refreshTokenUrl, revocationUrl } = await setUp({ [OPENID]: metadata() }, own).endpoints.find()
    expect([...loginUrls, refreshTokenUrl, revocationUrl].map(url => url?.pathname)).toEqual([
      '/in',
      '/refresh',
      '/revoke',
    ])
  })

  it('take refreshes also where logins go elsewhere', async () => {
    const { endpoints } = setUp({ [OPENID]: metadata() }, { loginUrl: '/in' })
    expect((await endpoints.find()).refreshTokenUrl?.href).toBe('https://id.example/token')
    expect(endpoints.known().loginUrls.map(({ pathname }) => pathname)).toEqual(['/in'])
  })

  it('are asked for as the issuer is named, with a slash at its end or without', async () => {
    const issuer = 'https://id.example/'
    const { endpoints, asked } = setUp(
      { 'https://id.example/.well-known/openid-configuration': metadata({ issuer }) },
      { issuer },
    )
    await endpoints.find()
    expect(asked).toHaveLength(1)
  })
})

describe('a failure', () => {
  it('is a network error where nobody answers, and the next one asks again', async () => {
    const { endpoints, asked, failure, log } = setUp({})
    expect(await failure()).toMatchObject({ code: 'refresh_network_error' })
    expect(endpoints.isComplete()).toBe(false)
    expect(await failure()).toMatchObject({ code: 'refresh_network_error' })
    expect(asked).toHaveLength(4)
    expect(log).toHaveLength(2)
  })

  it.each<[string, () => Response, string]>([
    ['a 503', () => jsonResponse(METADATA, { status: 503 }), 'answered 503'],
    ['no JSON', () => new Response('ok'), 'no metadata'],
    ['JSON that is none', () => jsonResponse(42), 'another issuer'],
    ['metadata of another issuer (RFC 8414 §3.3)', metadata({ issuer: 'https://id.example' }), 'letter by letter'],
    ['no token endpoint', metadata({ token_endpoint: undefined }), 'no token_endpoint'],
    ['a token endpoint in plain http', metadata({ token_endpoint: 'http://id.example/token' }), 'no https URL'],
    ['a token endpoint with a password', metadata({ token_endpoint: 'https://a:b@id.example/' }), 'no https URL'],
    [
      'an inherited token endpoint',
      metadata({ token_endpoint: undefined, ['__proto__']: METADATA }),
      'no token_endpoint',
    ],
  ])('is said: %s', async (_, answer, problem) => {
    const { failure } = setUp({ [OPENID]: answer, [RFC8414]: answer })
    const error = await failure()
    expect(error).toMatchObject({ code: 'refresh_unavailable' })
    expect(error?.message).toContain(problem)
  })
})
