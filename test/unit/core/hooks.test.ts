import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Options } from '../../../src/core/options/options.ts'
import { ACCESS_TOKEN_PLACEHOLDER, REFRESH_TOKEN_PLACEHOLDER } from '../../../src/protocol.ts'
import { jsonResponse, jwt, NOW, ORIGIN, received, type Sent } from '../kit.ts'
import { openCore } from './whole-core.ts'

/** As pages see them: each names its session. */
const ACCESS = `${ACCESS_TOKEN_PLACEHOLDER}-id-2`
const REFRESH = `${REFRESH_TOKEN_PLACEHOLDER}-id-2`

afterEach(() => vi.restoreAllMocks())

const TOKENS = { access_token: 'first-access-token', refresh_token: 'first-refresh-token', expires_in: 60 }
const NEWER = { access_token: 'second-access-token', expires_in: 60 }

type Hook<Name extends 'refreshRequest' | 'readTokens' | 'isUnauthorized' | 'isRefreshRejected'> = NonNullable<
  Options[Name]
>

const pathOf = ({ url }: Sent) => new URL(url).pathname
const isLogin = (sent: Sent) => pathOf(sent) === '/auth/login'
const isRefresh = (sent: Sent) => pathOf(sent) === '/auth/refresh'

/** Logs in with `TOKENS`; the rest is answered by `answer`. */
async function logIn(options: Partial<Options>, answer: (sent: Sent, count: number) => Response | Promise<Response>) {
  const core = openCore({ refreshTokenUrl: '/auth/refresh', ...options }, (sent, count) =>
    isLogin(sent) ? jsonResponse(TOKENS) : answer(sent, count),
  )
  await core.post('/auth/login')
  return core
}

/** So that what is waited for comes to its end soon, and in order. */
function letTimePass() {
  vi.spyOn(AbortSignal, 'timeout').mockImplementation(limit => {
    const controller = new AbortController()
    setTimeout(() => controller.abort(), limit / 100)
    return controller.signal
  })
}

describe('refreshRequest', () => {
  /** Has the token expire, and an API request wait for a refresh. */
  async function refreshWith(refreshRequest: Hook<'refreshRequest'>, options: Partial<Options> = {}) {
    const core = await logIn({ refreshRequest, ...options }, sent =>
      isRefresh(sent) ? jsonResponse(NEWER) : new Response(sent.authorization),
    )
    core.clock.time += 61_000
    const response = await core.send('/api/me')
    return { ...core, response, refresh: core.sent.find(sent => !isLogin(sent)) as Sent }
  }

  it('sends the refresh token as Bearer (W40)', async () => {
    const { response, refresh } = await refreshWith(({ refreshToken }) => ({
      headers: { Authorization: `Bearer ${refreshToken}` },
    }))
    expect(refresh).toMatchObject({ method: 'POST', authorization: 'Bearer first-refresh-token', body: '' })
    expect(await response.text()).toBe('Bearer second-access-token')
  })

  it('asks by GET, and by a cookie (W41)', async () => {
    const { refresh } = await refreshWith(() => ({ method: 'GET' }), { refreshTokenIn: 'cookie' })
    expect(refresh).toMatchObject({ method: 'GET', authorization: null })
    expect(refresh.request.credentials).toBe('include')
  })

  it('adds to the request of a refresh by cookies: credentials and X-Requested-With stay (K11)', async () => {
    const { refresh } = await refreshWith(async () => ({ headers: { 'X-XSRF-TOKEN': 'a=b' } }), {
      refreshTokenIn: 'cookie',
    })
    const { headers, credentials, method } = refresh.request
    expect([method, credentials]).toEqual(['POST', 'include'])
    expect(headers.get('X-XSRF-TOKEN')).toBe('a=b')
    expect(headers.get('X-Requested-With')).toBe('refresh-worker')
    expect(headers.get('Idempotency-Key')).toMatch(/^"id-\d+"$/)
  })

  it.each<[string, () => RequestInit | Request]>([
    [
      'what it names itself',
      () => ({ headers: { 'x-requested-with': 'XMLHttpRequest', 'idempotency-key': 'own' }, credentials: 'omit' }),
    ],
    [
      'a whole request',
      () =>
        new Request(`${ORIGIN}/auth/refresh`, {
          headers: { 'X-Requested-With': 'XMLHttpRequest', 'Idempotency-Key': 'own' },
          credentials: 'omit',
        }),
    ],
  ])('has the last word: %s (K11)', async (_, hook) => {
    const { refresh } = await refreshWith(hook, { refreshTokenIn: 'cookie' })
    const { headers, credentials } = refresh.request
    expect(credentials).toBe('omit')
    expect(headers.get('X-Requested-With')).toBe('XMLHttpRequest')
    expect(headers.get('Idempotency-Key')).toBe('own')
  })

  it('adds nothing of a cookie to a refresh that has none', async () => {
    const { refresh } = await refreshWith(() => ({}))
    expect(refresh.request.headers.get('X-Requested-With')).toBeNull()
  })

  it('takes any content type and target header (W43)', async () => {
    const { refresh } = await refreshWith(({ refreshToken }) => ({
      headers: { 'Content-Type': 'application/x-amz-json-1.1', 'X-Amz-Target': 'InitiateAuth' },
      body: JSON.stringify({ REFRESH_TOKEN: refreshToken }),
    }))
    expect(refresh.request.headers.get('Content-Type')).toBe('application/x-amz-json-1.1')
    expect(refresh.request.headers.get('X-Amz-Target')).toBe('InitiateAuth')
    expect(refresh.body).toBe('{"REFRESH_TOKEN":"first-refresh-token"}')
  })

  it('may settle later, and give a whole request, which follows no redirect', async () => {
    const { refresh } = await refreshWith(
      async ({ url, accessToken }) =>
        new Request(`${url}?via=hook`, {
          method: 'PUT',
          headers: { Authorization: `Basic ${btoa('client:secret')}` },
          body: `token=${accessToken}`,
        }),
    )
    expect(refresh).toMatchObject({
      method: 'PUT',
      url: `${ORIGIN}/auth/refresh?via=hook`,
      body: 'token=first-access-token',
    })
    expect(refresh.request.redirect).toBe('manual')
    expect(refresh.request.cache).toBe('no-store')
  })

  it.each([
    [
      'throws',
      () => {
        throw new TypeError('first-refresh-token')
      },
      'has thrown (TypeError)',
    ],
    [
      'rejects',
      async () => {
        throw new RangeError('first-refresh-token')
      },
      'has thrown (RangeError)',
    ],
    ['hangs', () => new Promise<never>(() => undefined), 'did not settle in 5 s'],
    ['returns nonsense', () => 'first-refresh-token' as never, 'returned what it may not (string)'],
    ['returns nothing', () => null as never, 'returned what it may not (null)'],
    ['returns no request', () => ({ method: 'NO METHOD' }), 'returned what makes no request'],
    ['names a server without https', () => new Request('http://evil.example/'), 'returned what makes no request'],
  ])('that %s keeps the session, and is named (W52)', async (_, hook, problem) => {
    letTimePass()
    const { response, log, inspect, state } = await refreshWith(hook as Hook<'refreshRequest'>)
    expect(response.status).toBe(503)
    expect(await state()).toMatchObject({ status: 'authenticated', failingSince: NOW + 61_000 })
    expect((await inspect()).hookFailures).toEqual([
      { hook: 'refreshRequest', problem: expect.stringContaining(problem), at: NOW + 61_000, count: 1 },
    ])
    expect(log.join('\n')).toContain(`the hook refreshRequest ${problem}`)
    expect(log.join('\n') + (await response.text())).not.toContain('first-')
  })
})

describe("refreshTokenIn: 'access_token'", () => {
  const options = { refreshTokenIn: 'access_token', refreshAhead: 10 } as const

  it('has the access token renew itself, expired or still good (W42)', async () => {
    const core = await logIn(options, sent =>
      isRefresh(sent)
        ? jsonResponse({ access_token: `${sent.authorization?.replace('Bearer ', '')}+`, expires_in: 60 })
        : new Response(sent.authorization),
    )
    core.clock.time += 61_000
    expect(await (await core.send('/api/me')).text()).toBe('Bearer first-access-token+')
    await core.ask('update-token')
    expect(await (await core.send('/api/me')).text()).toBe('Bearer first-access-token++')
    expect(core.sent.filter(isRefresh).map(({ body }) => body)).toEqual(Array(2).fill('{"grant_type":"refresh_token"}'))
  })

  it('has pages ask before it expires, since it may be of no use then (W42)', async () => {
    const core = await logIn(options, () => jsonResponse(NEWER))
    expect(await core.state()).toMatchObject({ expiresAt: NOW + 60_000, refreshAt: NOW + 50_000 })
    core.clock.time += 50_000
    await core.state()
    await vi.waitFor(() => expect(core.stored()).toMatchObject({ accessToken: 'second-access-token' }))
  })

  it('ends the session where the server refuses (G12)', async () => {
    const core = await logIn(options, () => jsonResponse({ message: 'token has expired' }, { status: 401 }))
    core.clock.time += 61_000
    expect((await core.send('/api/me')).status).toBe(401)
    expect(await core.state()).toEqual({ status: 'anonymous', reason: 'rejected' })
  })

  it("answers a page's own renewal out of the session", async () => {
    const core = await logIn(options, () => new Response('not asked'))
    const response = await core.send('/auth/refresh', { method: 'POST' })
    expect(await response.json()).toMatchObject({ access_token: ACCESS })
    expect(core.sent).toHaveLength(1)
  })
})

describe('readTokens', () => {
  /** A login that is answered so. */
  async function logInTo(answer: Response, readTokens: Hook<'readTokens'>, options: Partial<Options> = {}) {
    const core = openCore({ refreshTokenUrl: '/auth/refresh', readTokens, ...options }, sent =>
      isLogin(sent) ? received(answer) : new Response(sent.authorization),
    )
    return { ...core, response: await core.post('/auth/login') }
  }
  const inHeader: Hook<'readTokens'> = ({ headers }) => {
    const accessToken = headers.get('Authorization')?.replace('Bearer ', '')
    return accessToken ? { accessToken } : null
  }

  it('finds a token in a header, where pages get a placeholder (W45)', async () => {
    const answer = new Response(null, { status: 204, headers: { Authorization: 'Bearer first-access-token' } })
    const { response, send } = await logInTo(answer, inHeader)
    expect(response.status).toBe(204)
    expect(response.headers.get('Authorization')).toBe(`Bearer ${ACCESS}`)
    expect(await (await send('/api/me')).text()).toBe('Bearer first-access-token')
  })

  it('finds tokens in a body of any kind, where pages get placeholders (W45)', async () => {
    const answer = new Response('token=first-access-token&refresh=first-refresh-token', {
      headers: { 'X-Copy': 'first-refresh-token' },
    })
    const { response, stored } = await logInTo(answer, async response => {
      const fields = new URLSearchParams(await response.text())
      return { accessToken: fields.get('token') ?? '', refreshToken: fields.get('refresh') }
    })
    expect(await response.text()).toBe(`token=${ACCESS}&refresh=${REFRESH}`)
    expect(response.headers.get('X-Copy')).toBe(REFRESH)
    expect(stored()).toMatchObject({ accessToken: 'first-access-token', refreshToken: 'first-refresh-token' })
  })

  it('is given the status, the URL and a body that nobody else reads', async () => {
    const seen: unknown[] = []
    const answer = received(jsonResponse({ data: TOKENS }, { status: 201 }), { url: `${ORIGIN}/auth/login` })
    const core = openCore(
      {
        readTokens: async response => {
          const { data } = await response.json()
          seen.push(response.status, response.url)
          return { accessToken: data.access_token }
        },
      },
      () => answer,
    )
    expect(await (await core.post('/auth/login')).json()).toMatchObject({ data: { access_token: ACCESS } })
    expect(seen).toEqual([201, `${ORIGIN}/auth/login`])
  })

  it.each([
    ['seconds', { expiresIn: 300 }, NOW + 300_000],
    ['seconds as text', { expiresIn: '300' }, NOW + 300_000],
    ['an ISO date', { expiresAt: new Date(NOW + 300_000).toISOString() }, NOW + 300_000],
    ['an HTTP date', { expiresAt: new Date(NOW + 300_000).toUTCString() }, NOW + 300_000],
    ['a Date', { expiresAt: new Date(NOW + 300_000) }, NOW + 300_000],
    ['milliseconds', { expiresAt: NOW + 300_000 }, NOW + 300_000],
    ['seconds since the epoch', { expiresAt: NOW / 1000 + 300 }, NOW + 300_000],
    ['seconds since the epoch as text', { expiresAt: String(NOW / 1000 + 300) }, NOW + 300_000],
    ['nothing', {}, null],
    ['null', { expiresAt: null, expiresIn: null }, null],
    ['a date that has passed', { expiresAt: NOW - 1 }, null],
  ])('takes an expiry as %s (W47)', async (_, expiry, expiresAt) => {
    const { state, inspect } = await logInTo(jsonResponse({}), () => ({ accessToken: 'first-access-token', ...expiry }))
    expect(await state()).toMatchObject({ status: 'authenticated', expiresAt })
    expect((await inspect()).hookFailures).toEqual([])
  })

  it("reads a JWT's own exp where it tells nothing else (W47)", async () => {
    const accessToken = jwt({ exp: NOW / 1000 + 300 })
    const { state } = await logInTo(jsonResponse({}), () => ({ accessToken }))
    expect(await state()).toMatchObject({ expiresAt: NOW + 300_000 })
  })

  it.each([{ expiresIn: 'soon' }, { expiresIn: Number.NaN }, { expiresAt: 'tomorrow' }, { expiresAt: new Date('no') }])(
    'keeps tokens whose expiry is no time, and says so: %j (W47)',
    async expiry => {
      const { state, inspect } = await logInTo(jsonResponse({}), () => ({
        accessToken: 'first-access-token',
        ...expiry,
      }))
      expect(await state()).toMatchObject({ status: 'authenticated', expiresAt: null })
      expect((await inspect()).hookFailures).toMatchObject([
        { hook: 'readTokens', problem: 'returned an expiry that is no time' },
      ])
    },
  )

  it('that finds nothing leaves the answer to the page, and nobody is logged in', async () => {
    const { response, state, log } = await logInTo(jsonResponse({ mfa_token: 'second factor, please' }), () => null)
    expect(await response.json()).toEqual({ mfa_token: 'second factor, please' })
    expect(await state()).toMatchObject({ status: 'anonymous' })
    expect(log).toEqual([])
  })

  it.each([
    [
      'throws',
      () => {
        throw new TypeError('first-access-token')
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('first-access-token')
      },
    ],
    ['hangs', () => new Promise<never>(() => undefined)],
    ['returns a text', () => 'first-access-token'],
    ['returns nothing', () => undefined],
    ['returns a token that no header takes', () => ({ accessToken: 'line\nbreak' })],
    ['returns a promise for a token', () => ({ accessToken: Promise.resolve('first-access-token') })],
    ['returns no access token', () => ({ accessToken: null })],
    ['returns a refresh token that is none', () => ({ accessToken: 'a', refreshToken: {} })],
  ])('that %s at a login gives the page neither tokens nor a session, and is named (W52)', async (_, hook) => {
    letTimePass()
    const { response, state, log, inspect } = await logInTo(jsonResponse(TOKENS), hook as Hook<'readTokens'>)
    expect(response.status).toBe(502)
    const problem = await response.text()
    expect(JSON.parse(problem)).toMatchObject({ code: 'hook_failed', detail: expect.stringContaining('readTokens') })
    expect(await state()).toMatchObject({ status: 'anonymous' })
    expect((await inspect()).hookFailures).toMatchObject([{ hook: 'readTokens', count: 1 }])
    expect(log.join('\n')).toContain('the hook readTokens')
    expect(problem + log.join()).not.toContain('first-')
  })

  it('that throws at a refresh keeps the session, and is warned of once (W52)', async () => {
    let isBroken = false
    const core = await logIn(
      {
        readTokens: async response => {
          if (isBroken) throw new TypeError('no')
          const { access_token, refresh_token, expires_in } = await response.json()
          return { accessToken: access_token, refreshToken: refresh_token, expiresIn: expires_in }
        },
      },
      () => jsonResponse(NEWER),
    )
    isBroken = true
    for (let time = 1; time <= 3; time++) {
      core.clock.time += 100_000
      expect((await core.send('/api/me')).status).toBe(503)
    }
    expect(await core.state()).toMatchObject({ status: 'authenticated' })
    expect((await core.inspect()).hookFailures).toMatchObject([{ hook: 'readTokens', count: 3 }])
    expect(core.log.filter(line => line.startsWith('the hook'))).toHaveLength(1)
  })

  it('finds no token at a login, which the first refresh brings by a cookie (W41)', async () => {
    const core = openCore(
      {
        refreshTokenIn: 'cookie',
        refreshTokenUrl: '/auth/refresh',
        readTokens: async response => {
          const body = await response.json()
          return body.user ? { accessToken: null, refreshToken: body.token } : { accessToken: body.token }
        },
      },
      sent => {
        if (isLogin(sent)) return jsonResponse({ user: 'ada', token: 'of-the-session-cookie' })
        return isRefresh(sent) ? jsonResponse({ token: 'first-access-token' }) : new Response(sent.authorization)
      },
    )
    const login = await core.post('/auth/login')
    expect(await login.json()).toEqual({ user: 'ada', token: REFRESH })
    expect(await core.state()).toMatchObject({ status: 'authenticated' })
    expect(await (await core.send('/api/me')).text()).toBe('Bearer first-access-token')
    expect(core.stored()).toMatchObject({ refreshToken: null })
  })
})

describe('tokensInAnswers', () => {
  const options: Partial<Options> = {
    tokensInAnswers: true,
    useRefreshToken: false,
    readTokens: async response => {
      const accessToken = response.headers.get('access-token')
      return accessToken ? { accessToken } : null
    },
  }
  const withToken = (token: string, body = 'ok') => received(new Response(body, { headers: { 'access-token': token } }))

  it('takes the token of every answer, twenty at once, and the last request has the last word (W46)', async () => {
    let made = 0
    const answers: (() => void)[] = []
    const core = openCore(options, async sent => {
      if (isLogin(sent)) return withToken('token-of-the-login')
      const token = `token-of-request-${++made}`
      if (pathOf(sent) === '/api/slow') await new Promise<void>(resolve => answers.push(resolve))
      return withToken(token, sent.authorization ?? 'none')
    })
    await core.post('/auth/login')
    const all = Array.from({ length: 20 }, () => core.send('/api/slow'))
    await vi.waitFor(() => expect(answers).toHaveLength(20))
    for (const answer of answers.reverse()) answer()
    for (const response of await Promise.all(all)) {
      expect(await response.text()).toBe('Bearer token-of-the-login')
      expect(response.headers.get('access-token')).toBe(ACCESS)
    }
    expect(await (await core.send('/api/next')).text()).toBe('Bearer token-of-request-20')
    expect(core.stored()).toMatchObject({ accessToken: 'token-of-request-21' })
  })

  it('takes no token for a session that has ended meanwhile (G3)', async () => {
    const answers: (() => void)[] = []
    const core = openCore(options, async sent => {
      if (!isLogin(sent)) await new Promise<void>(resolve => answers.push(resolve))
      return withToken('token-of-an-answer')
    })
    await core.post('/auth/login')
    const late = core.send('/api/slow')
    await vi.waitFor(() => expect(answers).toHaveLength(1))
    await core.ask('logout')
    answers.pop()?.()
    expect((await late).headers.get('access-token')).toBe(ACCESS)
    expect(await core.state()).toEqual({ status: 'anonymous', reason: 'logout' })
  })

  it('leaves the body of an answer to stream', async () => {
    const core = openCore(options, sent =>
      isLogin(sent)
        ? withToken('token-of-the-login')
        : received(
            new Response(new ReadableStream({ start: stream => stream.enqueue(new Uint8Array(3)) }), {
              headers: { 'access-token': 'token-2' },
            }),
          ),
    )
    await core.post('/auth/login')
    const reader = (await core.send('/api/stream')).body?.getReader()
    expect((await reader?.read())?.value).toHaveLength(3)
  })
})

describe('isUnauthorized', () => {
  /** An API that takes only the second token, and says so by `refuse`. */
  const openApi = (refuse: () => Response, options: Partial<Options> = {}) =>
    logIn(options, sent => {
      if (isRefresh(sent)) return jsonResponse(NEWER)
      return sent.authorization === 'Bearer second-access-token' ? new Response('ok') : refuse()
    })

  it.each([403, 419, 440, 498])('takes a %d for a 401 (W48)', async status => {
    const core = await openApi(() => new Response('expired', { status }), {
      isUnauthorized: response => response.status === status,
    })
    expect(await (await core.send('/api/me')).text()).toBe('ok')
    expect(core.sent.filter(isRefresh)).toHaveLength(1)
  })

  it.each(['application/json', 'application/graphql-response+json'])(
    "looks into GraphQL's 200, as %s (W49)",
    async type => {
      const refusal = { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }], data: null }
      const core = await openApi(() => new Response(JSON.stringify(refusal), { headers: { 'Content-Type': type } }), {
        isUnauthorized: async response => {
          const { errors } = await response.json().catch(() => ({}))
          return (
            errors?.some((error: { extensions?: { code: string } }) => error.extensions?.code === 'UNAUTHENTICATED') ??
            false
          )
        },
      })
      expect(await (await core.post('/api/graphql', { query: '{ me }' })).text()).toBe('ok')
    },
  )

  it('leaves the body to the page, to the last byte', async () => {
    const text = JSON.stringify({ data: 'x'.repeat(50_000) })
    const core = await logIn({ isUnauthorized: async response => (await response.json()).errors !== undefined }, () =>
      jsonResponse(text),
    )
    expect(await (await core.send('/api/me')).text()).toBe(text)
  })

  it.each([
    ['an event stream', 'text/event-stream'],
    ['JSON that goes on', 'application/json'],
  ])('does not hold up %s, and is not blamed for it (W49)', async (_, type) => {
    const core = await logIn(
      { isUnauthorized: async response => (await response.text()).includes('UNAUTHENTICATED') },
      () =>
        received(
          new Response(new ReadableStream({ start: stream => stream.enqueue(new Uint8Array(3)) }), {
            headers: { 'Content-Type': type },
          }),
        ),
    )
    letTimePass()
    const reader = (await core.send('/api/stream')).body?.getReader()
    expect((await reader?.read())?.value).toHaveLength(3)
    expect((await core.inspect()).hookFailures).toEqual([])
  })

  it('sees no more than 64 KiB of a body, and is not blamed for it (W49)', async () => {
    const text = JSON.stringify({ data: 'x'.repeat(100_000) })
    const core = await logIn({ isUnauthorized: async response => (await response.json()).errors !== undefined }, () =>
      jsonResponse(text),
    )
    expect(await (await core.send('/api/me')).text()).toBe(text)
    expect((await core.inspect()).hookFailures).toEqual([])
  })

  it.each([
    [
      'throws',
      () => {
        throw new TypeError('no')
      },
    ],
    [
      'rejects',
      async () => {
        throw new TypeError('no')
      },
    ],
    ['hangs', () => new Promise<never>(() => undefined)],
    ['returns nonsense', () => 'yes'],
  ])('that %s is named, and a 401 is a 401 (W52)', async (_, hook) => {
    const core = await openApi(() => new Response('no', { status: 401 }), {
      isUnauthorized: hook as Hook<'isUnauthorized'>,
    })
    letTimePass()
    expect(await (await core.send('/api/me')).text()).toBe('ok')
    expect((await core.inspect()).hookFailures).toMatchObject([{ hook: 'isUnauthorized' }])
  })

  it('keeps one that always says yes from storming: a token that was just refreshed is refused for good (G1)', async () => {
    const core = await logIn({ isUnauthorized: () => true }, sent =>
      isRefresh(sent) ? jsonResponse(NEWER) : new Response('ok'),
    )
    for (let count = 0; count < 5; count++) expect((await core.send('/api/me')).status).toBe(200)
    expect(core.sent.filter(isRefresh)).toHaveLength(1)
  })
})

describe('by default, a 401', () => {
  const openApi = (challenge: string) =>
    logIn({}, sent =>
      isRefresh(sent)
        ? jsonResponse(NEWER)
        : new Response('no', { status: 401, headers: { 'WWW-Authenticate': challenge } }),
    )

  it.each([
    'Bearer error="insufficient_scope", scope="pay"',
    'Bearer error="insufficient_claims", claims="e30="',
    "Bearer error='insufficient_user_authentication'",
    'error="insufficient_user_authentication"',
    'Bearer error="insufficient_user_authentication", DPoP algs="ES256"',
    'UMA realm="x", as_uri="https://id.example", ticket="t"',
    'Bearer error="insufficient_user_authentication", error_description="A different authentication level is required", acr_values="myACR"',
    'Bearer realm="a, b", error=insufficient_user_authentication, max_age="5"',
    'DPoP error="insufficient_user_authentication"',
  ])('that asks for a step-up goes to the page, and a POST is sent once: %s (W50)', async challenge => {
    const core = await openApi(challenge)
    const response = await core.post('/api/pay')
    expect(response.status).toBe(401)
    expect(response.headers.get('WWW-Authenticate')).toBe(challenge)
    expect(core.sent).toHaveLength(2)
    expect(await core.state()).toMatchObject({ status: 'authenticated' })
  })

  it.each([
    'Negotiate',
    'Basic realm="intranet"',
    'Negotiate, NTLM',
    'Basic realm="a, Bearer", charset="UTF-8"',
    'Digest realm="x", nonce="y"',
  ])('of another scheme goes to the page, and a POST is sent once: %s (W51)', async challenge => {
    const core = await openApi(challenge)
    expect((await core.post('/api/pay')).status).toBe(401)
    expect(core.sent).toHaveLength(2)
  })

  it.each([
    'Bearer',
    'Negotiate, Bearer realm="api"',
    'Basic realm="x", Bearer',
    'Token',
    'JWT realm="api"',
    'FormBased',
    'Bearer error_description="no insufficient_user_authentication, error=insufficient_scope", error="invalid_token"',
    'realm="api"',
    'Negotiate YII=, Bearer realm="basic, or else"',
  ])('of its own scheme, or of one that nobody else has, is refreshed for: %s (W51)', async challenge => {
    const core = await openApi(challenge)
    await core.post('/api/pay')
    expect(core.sent.filter(isRefresh)).toHaveLength(1)
  })
})

describe('isRefreshRejected', () => {
  async function refreshWith(isRefreshRejected: Hook<'isRefreshRejected'>, answer: Response) {
    const core = await logIn({ isRefreshRejected }, () => answer.clone())
    core.clock.time += 61_000
    const { status } = await core.send('/api/me')
    return { ...core, status }
  }

  it('decides what ends the session', async () => {
    const { status, state } = await refreshWith(
      async response => (await response.json()).ok === false,
      jsonResponse({ ok: false }),
    )
    expect(status).toBe(401)
    expect(await state()).toEqual({ status: 'anonymous', reason: 'rejected' })
  })

  it('decides what does not', async () => {
    const { status, state } = await refreshWith(() => false, jsonResponse({ error: 'invalid_grant' }, { status: 400 }))
    expect(status).toBe(503)
    expect(await state()).toMatchObject({ status: 'authenticated', failingSince: NOW + 61_000 })
  })

  it.each([
    [
      'throws',
      () => {
        throw new TypeError('no')
      },
    ],
    ['returns nonsense', () => 1],
  ])('that %s keeps the session, and is named (W52)', async (_, hook) => {
    const { state, inspect } = await refreshWith(
      hook as never,
      jsonResponse({ error: 'invalid_grant' }, { status: 400 }),
    )
    expect(await state()).toMatchObject({ status: 'authenticated' })
    expect((await inspect()).hookFailures).toMatchObject([{ hook: 'isRefreshRejected' }])
  })

  it('that fails for ever does not keep the session for ever (G12, W38)', async () => {
    const core = await refreshWith(() => 1 as never, jsonResponse({ error: 'invalid_grant' }, { status: 400 }))
    for (let count = 0; count < 5; count++) {
      core.clock.time += 86_400_000 / 4
      await core.send('/api/me')
    }
    expect(await core.state()).toEqual({ status: 'anonymous', reason: 'unavailable' })
  })
})
