import { describe, expect, it } from 'vitest'
import type { Options } from '../../../../src/core/options/options.ts'
import type { Locks } from '../../../../src/core/ports.ts'
import { createLogin } from '../../../../src/core/requests/login.ts'
import { type Authenticated, ended, nobody, type Session } from '../../../../src/core/session/session.ts'
import { createSessionStore, type OnChange } from '../../../../src/core/session/session-store.ts'
import { readClaims } from '../../../../src/core/tokens/token-response.ts'
import { ACCESS_TOKEN_PLACEHOLDER, ID_TOKEN_PLACEHOLDER, REFRESH_TOKEN_PLACEHOLDER } from '../../../../src/protocol.ts'
import {
  configOf,
  createLocks,
  createMemoryStore,
  createServer,
  deferred,
  jsonResponse,
  jwt,
  NOW,
  ORIGIN,
  readersOf,
  received,
  sessionOf,
} from '../../kit.ts'

/** As pages see them: each names its session. */
const ACCESS = `${ACCESS_TOKEN_PLACEHOLDER}-session-1`
const ID = `${ID_TOKEN_PLACEHOLDER}-session-1`
const REFRESH = `${REFRESH_TOKEN_PLACEHOLDER}-session-1`

interface Setting {
  options?: Partial<Options>
  stored?: Session
  /** Settles once the pages have been told. */
  told?: Promise<void>
  locks?: Locks
}

function setUp(
  answer: () => Response | Promise<Response>,
  { options, stored = nobody, told, locks = createLocks() }: Setting = {},
) {
  const config = configOf(options)
  const { records, store } = createMemoryStore(new Map([[config.storageKey, stored]]))
  const changes: string[] = []
  const log: string[] = []
  const onChange: OnChange = async (_, reason) => {
    changes.push(reason)
    await told
  }
  const sessions = createSessionStore({ now: () => NOW, config, store, onChange })
  const { fetch, sent } = createServer(answer)
  let ids = 0
  const login = createLogin({
    config,
    sessions,
    fetch,
    locks,
    readAnswer: readersOf(config).readAnswer,
    newId: () => `session-${++ids}`,
    log: (level, line) => log.push(`${level}: ${line}`),
  })
  const post = (kind: 'login' | 'signup' | 'token' = 'login', url = `${ORIGIN}/auth/login`) =>
    login(new Request(url, { method: 'POST', body: '{"password":"hopper"}' }), kind)
  return { post, sent, changes, log, sessions, stored: () => records.get(config.storageKey) }
}

const TOKENS = { access_token: 'secret-access-token', refresh_token: 'secret-refresh-token', expires_in: 60 }

describe('a request to the token endpoint that is not answered from the session (V15)', () => {
  it('is a login where it brings tokens: they are stored, and the page gets placeholders', async () => {
    const { post, stored, log } = setUp(() => jsonResponse(TOKENS))
    const response = await post('token', `${ORIGIN}/auth/token`)
    expect(stored()).toMatchObject({ status: 'authenticated', accessToken: 'secret-access-token' })
    expect(await response.json()).toEqual({ access_token: ACCESS, refresh_token: REFRESH, expires_in: 60 })
    expect(log).toEqual([])
  })

  it('is let through, and nothing said, where it brings none', async () => {
    const { post, stored, log } = setUp(() => jsonResponse({ active: true }))
    expect(await (await post('token', `${ORIGIN}/auth/token`)).json()).toEqual({ active: true })
    expect(stored()).toBe(nobody)
    expect(log).toEqual([])
  })
})

describe('a login', () => {
  it('is sent as it is; its tokens are stored before the page has the answer', async () => {
    const { post, sent, stored, changes } = setUp(() => jsonResponse(TOKENS))
    const response = await post()
    expect(stored()).toMatchObject({
      status: 'authenticated',
      id: 'session-1',
      accessToken: 'secret-access-token',
      refreshToken: 'secret-refresh-token',
      expiresAt: NOW + 60_000,
    })
    expect(changes).toEqual(['login'])
    expect(sent).toMatchObject([{ method: 'POST', authorization: null, body: '{"password":"hopper"}' }])
    expect(await response.json()).toEqual({ access_token: ACCESS, refresh_token: REFRESH, expires_in: 60 })
  })

  it('is answered when all pages have been told (N14)', async () => {
    const told = deferred<void>()
    const { post, changes } = setUp(() => jsonResponse(TOKENS), { told: told.promise })
    let isAnswered = false
    const answer = post().finally(() => {
      isAnswered = true
    })
    await expect.poll(() => changes).toEqual(['login'])
    await new Promise(resolve => setImmediate(resolve))
    expect(isAnswered).toBe(false)
    told.resolve()
    await answer
  })

  it('takes the place of the session before, with an id of its own (R25)', async () => {
    const { post, stored } = setUp(() => jsonResponse(TOKENS), { stored: sessionOf() })
    await post()
    expect(stored()).toMatchObject({ id: 'session-1', generation: 2 })
  })

  it('that completes last wins (N7)', async () => {
    const first = deferred<Response>()
    const answers = [first.promise, Promise.resolve(jsonResponse({ access_token: 'second' }))]
    const { post, stored } = setUp(() => answers.shift() as Promise<Response>)
    const slow = post()
    await post()
    expect(stored()).toMatchObject({ accessToken: 'second' })
    first.resolve(jsonResponse({ access_token: 'first' }))
    await slow
    expect(stored()).toMatchObject({ accessToken: 'first', refreshToken: null })
  })

  it('that completes after a logout wins over it (N9)', async () => {
    const answer = deferred<Response>()
    const { post, stored, sessions } = setUp(() => answer.promise, { stored: sessionOf() })
    const login = post()
    await sessions.change(latest => ended(latest, 'logout'))
    answer.resolve(jsonResponse(TOKENS))
    await login
    expect(stored()).toMatchObject({ status: 'authenticated', id: 'session-1', generation: 3 })
  })

  it('that fails leaves the session alone (B17)', async () => {
    const response = jsonResponse({ error: 'wrong password' }, { status: 401 })
    const { post, stored, changes } = setUp(() => response, { stored: sessionOf() })
    expect(await post()).toBe(response)
    expect(stored()).toEqual(sessionOf())
    expect(changes).toEqual([])
  })
})

describe('what is not taken (R11): the page gets the untouched response, the session stays', () => {
  const json = (body: unknown, how: Parameters<typeof received>[1]) => received(jsonResponse(body), how)
  it.each<[string, () => Response]>([
    ['text (A1)', () => received(new Response('ok'))],
    ['HTML (A2)', () => received(new Response('<p>', { headers: { 'Content-Type': 'text/html' } }))],
    ['nothing (A3)', () => received(new Response(null, { status: 204 }))],
    ['half of it (A4)', () => jsonResponse('{"access_token":"secret')],
    ['null (A5)', () => jsonResponse('null')],
    ['no token (A6)', () => jsonResponse({ user: 'ada' })],
    ['a token that is a number (A7)', () => jsonResponse({ access_token: 42 })],
    ['a token with a line break (A8)', () => jsonResponse({ access_token: 'secret\r\nX: y' })],
    ['a token of another type (A18)', () => jsonResponse({ ...TOKENS, token_type: 'mac' })],
    [
      'tokens as text (A31)',
      () => received(new Response(JSON.stringify(TOKENS), { headers: { 'Content-Type': 'text/plain' } })),
    ],
    ['tokens with an error status (A34)', () => jsonResponse(TOKENS, { status: 400 })],
    ['an opaque response', () => json(TOKENS, { type: 'opaque' })],
    ['where a redirect led', () => json(TOKENS, { url: 'https://evil.example/', redirected: true })],
  ])('%s', async (_, answer) => {
    const response = answer()
    const text = await response.clone().text()
    const { post, stored, changes, log } = setUp(() => response, { stored: sessionOf() })
    expect(await post()).toBe(response)
    expect(await response.text()).toBe(text)
    expect(stored()).toEqual(sessionOf())
    expect(changes).toEqual([])
    expect(log.join()).not.toContain('secret')
  })

  it.each<[string, () => Response]>([
    ['HTML', () => received(new Response('<p>', { headers: { 'Content-Type': 'text/html' } }))],
    ['JSON as text', () => received(new Response('{}', { headers: { 'Content-Type': 'text/plain' } }))],
    ['from elsewhere', () => json(TOKENS, { url: 'https://evil.example/', redirected: true })],
  ])('is said where it is %s', async (_, answer) => {
    const { post, log } = setUp(answer)
    await post()
    expect(log).toEqual([expect.stringMatching(/^warn: a login was not taken: its answer is no JSON/)])
  })

  it('a body that breaks off is passed on as it breaks off', async () => {
    const broken = new ReadableStream({ pull: controller => controller.error(new TypeError('reset')) })
    const response = received(new Response(broken, { headers: { 'Content-Type': 'application/json' } }))
    const { post, stored } = setUp(() => response)
    expect(await post()).toBe(response)
    await expect(response.text()).rejects.toThrow(TypeError)
    expect(stored()).toEqual(nobody)
  })

  it('is said once, with what to do', async () => {
    const { post, log } = setUp(() => jsonResponse({ user: 'ada' }))
    await post()
    expect(log).toEqual([expect.stringMatching(/^warn: a login was not taken: .*accessTokenProp/)])
  })

  it('a redirect within the origin is taken', async () => {
    const { post, stored } = setUp(() => json(TOKENS, { url: `${ORIGIN}/v2/login`, redirected: true }))
    await post()
    expect(stored()).toMatchObject({ status: 'authenticated' })
  })

  it('a getter of the application that throws does not break the login', async () => {
    const getAccessTokenFromResponse = () => {
      throw new Error('secret')
    }
    const { post, log } = setUp(() => jsonResponse(TOKENS), { options: { getAccessTokenFromResponse } })
    expect((await post()).status).toBe(200)
    expect(log.join()).not.toContain('secret')
  })
})

describe('a signup', () => {
  it('that brings tokens logs in', async () => {
    const { post, stored } = setUp(() => jsonResponse(TOKENS))
    expect(await (await post('signup')).json()).toMatchObject({ access_token: ACCESS })
    expect(stored()).toMatchObject({ status: 'authenticated' })
  })

  it('that brings none is nothing to speak of', async () => {
    const { post, stored, log } = setUp(() => jsonResponse({ id: 7 }))
    expect(await (await post('signup')).json()).toEqual({ id: 7 })
    expect(stored()).toEqual(nobody)
    expect(log).toEqual([])
  })

  it('logs nobody in with loginOnSignup off', async () => {
    const { post, stored } = setUp(() => jsonResponse(TOKENS), { options: { loginOnSignup: false } })
    await post('signup')
    expect(stored()).toEqual(nobody)
  })
})

describe('redaction (R12)', () => {
  const redacted = async (text: string, options: Partial<Options> = {}, headers: HeadersInit = {}) => {
    const answer = () =>
      received(new Response(text, { statusText: 'Fine', headers: { 'Content-Type': 'application/json', ...headers } }))
    const response = await setUp(answer, { options }).post()
    return { text: await response.text(), response }
  }

  it('leaves everything else as the server wrote it (R13, A35)', async () => {
    const before = `{ "id" : 12345678901234567890,\n\t"z":1,"a":1.0, "name":"\\u0041da \\ud83e\\udd86", "access_token":"secret-access-token" , "x\\"y":"\\/" }`
    expect((await redacted(before)).text).toBe(before.replace('secret-access-token', ACCESS))
  })

  it('finds a token wherever it stands (A29, A30)', async () => {
    const { text } = await redacted(
      JSON.stringify({
        data: { auth: { token: 'secret-access-token' } },
        refresh_token: 'secret-refresh-token',
        debug: ['Authorization: Bearer secret-access-token', { echo: 'secret-refresh-token' }],
      }),
      { accessTokenProp: 'data.auth.token' },
    )
    expect(JSON.parse(text)).toEqual({
      data: { auth: { token: ACCESS } },
      refresh_token: REFRESH,
      debug: [`Authorization: Bearer ${ACCESS}`, { echo: REFRESH }],
    })
  })

  it('finds a token that the server wrote with escapes', async () => {
    const { text } = await redacted('{"access_token":"secret/access/token","echo":"secret\\/acces\\u0073/token"}')
    expect(JSON.parse(text)).toEqual({ access_token: ACCESS, echo: ACCESS })
  })

  it('finds a token that is a part of the other', async () => {
    const { text } = await redacted('{"access_token":"secret-access-token","refresh_token":"secret-access-token-2"}')
    expect(JSON.parse(text)).toEqual({ access_token: ACCESS, refresh_token: REFRESH })
  })

  it('covers both values of a name that is there twice, of which the last one counts (A12)', async () => {
    const text =
      '{"access_token":"first","user":{"access_token":"of another","access_token":3},"access_token":"secret"}'
    const { post, stored } = setUp(() => jsonResponse(text))
    expect(await (await post()).text()).toBe(
      `{"access_token":"${ACCESS}","user":{"access_token":"of another","access_token":3},"access_token":"${ACCESS}"}`,
    )
    expect(stored()).toMatchObject({ accessToken: 'secret' })
  })

  it('takes no element of a list for the token of a list that holds it', async () => {
    const { text } = await redacted('{"access_token":"secret","list":["secret","public"],"":"empty"}')
    expect(text).toBe(`{"access_token":"${ACCESS}","list":["${ACCESS}","public"],"":"empty"}`)
  })

  it('does not take a name for a token', async () => {
    const { text } = await redacted('{"access_token":"token","token":1}')
    expect(text).toBe(`{"access_token":"${ACCESS}","token":1}`)
  })

  it('takes a short token for one only where it is the whole value', async () => {
    const { text, response } = await redacted('{"access_token":"a","name":"ada"}')
    expect(text).toBe(`{"access_token":"${ACCESS}","name":"ada"}`)
    expect(response.headers.get('Content-Type')).toBe('application/json')
  })

  it('covers the refresh token with useRefreshToken off too, and stores none', async () => {
    const { post, stored } = setUp(() => jsonResponse(TOKENS), { options: { useRefreshToken: false } })
    expect(await (await post()).json()).toMatchObject({ refresh_token: REFRESH })
    expect(stored()).toMatchObject({ accessToken: 'secret-access-token', refreshToken: null })
  })

  it('keeps the id token for the page', async () => {
    expect((await redacted('{"access_token":"secret","id_token":"e30.e30."}')).text).toContain('"id_token":"e30.e30."')
  })

  it('covers the id token with exposeIdToken off, wherever it stands, and keeps it for claims', async () => {
    const idToken = jwt({ sub: 'ada' })
    // A JWT gives way to one.
    const id = idToken.replace(/[^.]+$/, ID)
    const body = {
      data: { id: idToken },
      access_token: 'secret-access-token',
      links: [`/end?id_token_hint=${idToken}`],
    }
    const headers = { 'Content-Type': 'application/json', 'X-Id-Token': idToken }
    const { post, stored } = setUp(() => jsonResponse(body, { headers }), {
      options: { exposeIdToken: false, idTokenProp: 'data.id' },
    })
    const response = await post()
    expect(await response.json()).toEqual({
      data: { id },
      access_token: ACCESS,
      links: [`/end?id_token_hint=${id}`],
    })
    expect(response.headers.get('X-Id-Token')).toBe(id)
    expect(readClaims(['sub'], stored() as Authenticated)).toEqual({ sub: 'ada' })
  })

  it('covers headers, and drops those that speak of the old bytes (A36)', async () => {
    const { response } = await redacted(
      JSON.stringify(TOKENS),
      {},
      {
        'X-Auth-Token': 'secret-access-token',
        Link: '</me?token=secret-refresh-token>',
        'Content-Length': '999',
        ETag: '"secret"',
        Digest: 'sha-256=x',
        'Cache-Control': 'max-age=600',
        'X-Kept': 'kept',
      },
    )
    expect(Object.fromEntries(response.headers)).toEqual({
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'x-auth-token': ACCESS,
      link: `</me?token=${REFRESH}>`,
      'x-kept': 'kept',
    })
    expect(response).toMatchObject({ status: 200, statusText: 'Fine' })
  })

  it('is off on demand', async () => {
    expect(JSON.parse((await redacted(JSON.stringify(TOKENS), { redactTokens: false })).text)).toEqual(TOKENS)
  })
})

describe("with refreshTokenIn: 'cookie'", () => {
  const options = { refreshTokenIn: 'cookie' } as const
  const answer = () => jsonResponse({ access_token: 'access-token-0123', refresh_token: 'refresh-token-0123' })

  it('a refresh token that comes in the body all the same is redacted, and not kept', async () => {
    const { post, stored } = setUp(answer, { options })
    expect(await (await post()).json()).toEqual({ access_token: ACCESS, refresh_token: REFRESH })
    expect(stored()).toMatchObject({ accessToken: 'access-token-0123', refreshToken: null })
  })

  it('it is sent after a refresh that is under way, whose answer would replace its cookie (N6)', async () => {
    const locks = createLocks()
    const refresh = deferred<void>()
    locks('refresh-worker:refresh', 0, () => refresh.promise)
    const { post, sent, stored } = setUp(answer, { options, locks })
    const response = post()
    await new Promise(resolve => setImmediate(resolve))
    expect(sent).toEqual([])
    refresh.resolve()
    await response
    expect(stored()).toMatchObject({ status: 'authenticated' })
  })

  it('no refresh begins before its session is stored (N6)', async () => {
    const locks = createLocks()
    const { post, stored } = setUp(answer, { options, locks })
    const login = post()
    const seen = locks('refresh-worker:refresh', 0, async () => stored())
    expect(await seen).toMatchObject({ status: 'authenticated' })
    await login
  })
})

describe('a login whose answer has no refresh token', () => {
  const answer = () => jsonResponse({ access_token: 'secret-access-token', expires_in: 60 })

  it('is said in development, where one is to be used', async () => {
    const { post, log } = setUp(answer)
    await post()
    expect(log).toEqual([
      expect.stringMatching(/^warn: a login was taken without a refresh token, .*refreshTokenProp$/),
    ])
  })

  it.each<Partial<Options>>([
    { useRefreshToken: false },
    { refreshTokenIn: 'access_token' },
    { refreshTokenIn: 'cookie' },
  ])('is as it should be with %j', async options => {
    const { post, log } = setUp(answer, { options })
    await post()
    expect(log).toEqual([])
  })
})
