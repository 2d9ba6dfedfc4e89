/** Pages whose code knows nothing of the worker, and holds what it was given: placeholders, or tokens of before. */
import { describe, expect, it } from 'vitest'
import type { Options } from '../../../src/core/options/options.ts'
import { envelope, type GivenTokens, type PageRequest, parsePageRequest } from '../../../src/protocol.ts'
import { jsonResponse, jwt, NOW, type Sent } from '../kit.ts'
import { openCore } from './whole-core.ts'

const pathOf = ({ url }: Sent) => new URL(url).pathname
const isRefresh = ({ body, url }: Sent) => body.includes('refresh_token') || url.endsWith('/auth/refresh')

/** A server whose tokens are numbered, and an API that says what it got. */
function open(options: Partial<Options> = {}) {
  let count = 0
  const tokens = () => ({
    access_token: `access-token-${++count}-of-ada`,
    refresh_token: `refresh-token-${count}-of-ada`,
    expires_in: 60,
  })
  const core = openCore({ refreshTokenUrl: '/auth/refresh', ...options }, sent =>
    pathOf(sent) === '/auth/login' || isRefresh(sent)
      ? jsonResponse(tokens())
      : new Response(sent.authorization ?? 'none'),
  )
  const logIn = async (): Promise<Record<string, string>> => (await core.post('/auth/login')).json()
  const me = async (init?: RequestInit) => (await core.send('/api/me', init)).text()
  const adopt = async (tokens: GivenTokens) => {
    const message = parsePageRequest(envelope({ type: 'adopt', tokens }))
    const reply = await core.answer(message as PageRequest)
    return reply.type === 'adopt' ? reply.isAdopted : reply.type === 'error' && reply.code
  }
  return { ...core, logIn, me, adopt, refreshes: () => core.sent.filter(isRefresh) }
}

const bearer = (token = '') => ({ headers: { Authorization: `Bearer ${token}` } })

describe('a placeholder of another session (N14, strict)', () => {
  it('gets a 401, and no token of whoever is logged in now', async () => {
    const { logIn, send, sent } = open()
    const ada = await logIn()
    const grace = await logIn()
    const before = sent.length
    const response = await send('/api/me', bearer(ada.access_token))
    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({ code: 'session_replaced' })
    expect(sent).toHaveLength(before)
    expect(await (await send('/api/me', bearer(grace.access_token))).text()).toBe('Bearer access-token-2-of-ada')
  })

  it('ends no session but its own', async () => {
    const { logIn, send, sent, state } = open({ logoutUrl: '/auth/logout' })
    const ada = await logIn()
    await logIn()
    await send('/auth/logout', bearer(ada.access_token))
    expect(await state()).toMatchObject({ status: 'authenticated' })
    expect(sent.at(-1)?.authorization).toBeNull()
  })

  it('renews nothing', async () => {
    const { logIn, post, refreshes } = open()
    const ada = await logIn()
    await logIn()
    const response = await post('/auth/refresh', { refresh_token: ada.refresh_token })
    expect([response.status, (await response.json()).error]).toEqual([400, 'invalid_grant'])
    expect(refreshes()).toEqual([])
  })
})

describe("attach: 'placeholder'", () => {
  it('gives a token to what carries a placeholder alone, so that the local logout of an application is one (W57)', async () => {
    const { logIn, me } = open({ attach: 'placeholder' })
    const { access_token } = await logIn()
    expect(await me(bearer(access_token))).toBe('Bearer access-token-1-of-ada')
    expect(await me()).toBe('none')
  })

  it('goes by the header that the application uses (W57)', async () => {
    const { logIn, send, sent } = open({ attach: 'placeholder', authHeader: 'x-access-token', authTokenType: false })
    const { access_token = '' } = await logIn()
    await send('/api/me', { headers: { 'x-access-token': access_token } })
    expect(sent.at(-1)?.request.headers.get('x-access-token')).toBe('access-token-1-of-ada')
    await send('/api/me')
    expect(sent.at(-1)?.request.headers.get('x-access-token')).toBeNull()
  })
})

describe('the bypass header', () => {
  it('has a request go without a token, and without the header (W59)', async () => {
    const { logIn, send, sent } = open()
    const { access_token } = await logIn()
    for (const headers of [{}, bearer(access_token).headers]) {
      await send('/api/public', { headers: { ...headers, 'Refresh-Worker-Bypass': '1', 'X-Other': 'kept' } })
      const request = sent.at(-1)?.request
      expect(request?.headers.get('Authorization')).toBeNull()
      expect([...(request?.headers.keys() ?? [])]).toEqual(['x-other'])
    }
    await send('/api/public', { headers: { 'Refresh-Worker-Bypass': '1', Authorization: 'Bearer its-own' } })
    expect(sent.at(-1)?.authorization).toBe('Bearer its-own')
  })

  it('may have another name', async () => {
    const { logIn, send, sent } = open({ bypassHeader: 'ngsw-bypass' })
    await logIn()
    await send('/api/public', { headers: { 'ngsw-bypass': '' } })
    expect(sent.at(-1)?.authorization).toBeNull()
  })
})

describe("a page's own refresh is answered from the session, in whatever form it comes (W61)", () => {
  const JSON_TYPE = { 'Content-Type': 'application/json' }
  const asks: readonly (readonly [string, (token: string) => readonly [string, RequestInit]])[] = [
    ['in JSON', token => ['', { method: 'POST', headers: JSON_TYPE, body: JSON.stringify({ refreshToken: token }) }]],
    [
      'in JSON, below',
      token => ['', { method: 'POST', headers: JSON_TYPE, body: JSON.stringify({ data: { token } }) }],
    ],
    ['in a form', token => ['', { method: 'POST', body: new URLSearchParams({ any: token }) }]],
    ['as text', token => ['', { method: 'POST', body: token }]],
    ['in the query', token => [`?refresh_token=${token}`, { method: 'POST' }]],
    ['in the header', token => ['', { method: 'POST', ...bearer(token) }]],
    ['by PUT', token => ['', { method: 'PUT', body: token }]],
    ['by GET', token => [`?token=${token}`, {}]],
    [
      'with the grant in the query',
      token => [
        '?grant_type=refresh_token',
        { method: 'POST', headers: JSON_TYPE, body: JSON.stringify({ refresh_token: token }) },
      ],
    ],
  ]

  it.each(asks)('%s', async (_, ask) => {
    const { logIn, send, sent } = open()
    const { refresh_token = '' } = await logIn()
    const [query, init] = ask(refresh_token)
    const response = await send(`/auth/refresh${query}`, init)
    expect(await response.json()).toMatchObject({
      refresh_token,
      access_token: expect.stringContaining('refresh-worker-access-token-'),
    })
    // Young as the token is, no refresh was due, and nothing was sent.
    expect(sent).toHaveLength(1)
  })

  it('and causes one refresh where one is due, of three tabs at once (W58)', async () => {
    const { logIn, post, refreshes, clock } = open()
    const { refresh_token } = await logIn()
    clock.time += 50_000
    const answers = await Promise.all([1, 2, 3].map(() => post('/auth/refresh', { refresh_token })))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(refreshes()).toHaveLength(1)
  })

  it('at the start, by a cookie and without any token (W58)', async () => {
    const { logIn, send, refreshes } = open({ refreshTokenIn: 'cookie' })
    await logIn()
    const response = await send('/auth/refresh', { method: 'POST', credentials: 'include' })
    expect((await response.json()).access_token).toContain('refresh-worker-access-token-')
    expect(refreshes()).toEqual([])
  })
})

describe('a refresh URL that does more than that', () => {
  const options = {
    refreshTokenIn: 'cookie',
    refreshTokenUrl: '/auth/session',
    logoutUrl: '/auth/session',
    logoutMethod: 'delete',
  } as const

  it('is left to the server where a page asks it by GET, and a DELETE is a logout', async () => {
    const core = openCore(options, ({ method, authorization }) =>
      method === 'POST'
        ? jsonResponse({ access_token: 'access-token-of-ada' })
        : jsonResponse({ user: 'ada', authorization }),
    )
    await core.post('/auth/login')
    expect(await (await core.send('/auth/session')).json()).toEqual({ user: 'ada', authorization: null })
    await core.send('/auth/session', { method: 'DELETE' })
    expect(await core.state()).toMatchObject({ status: 'anonymous', reason: 'logout' })
  })
})

describe('adopt (W53)', () => {
  const OLD = {
    accessToken: 'access-token-of-before',
    refreshToken: 'refresh-token-of-before',
    expiresAt: NOW + 60_000,
  }

  it('begins a session with what an application has stored, once for all tabs', async () => {
    const { adopt, me, state } = open()
    const taken = await Promise.all([adopt(OLD), adopt(OLD), adopt(OLD)])
    expect(taken.filter(Boolean)).toEqual([true])
    expect(await state()).toMatchObject({ status: 'authenticated', expiresAt: NOW + 60_000 })
    expect(await me()).toBe('Bearer access-token-of-before')
  })

  it('takes a refresh token alone: the first request has it refreshed', async () => {
    const { adopt, me, refreshes } = open()
    expect(await adopt({ refreshToken: 'refresh-token-of-before' })).toBe(true)
    expect(await me()).toBe('Bearer access-token-1-of-ada')
    expect(refreshes()[0]?.body).toContain('refresh-token-of-before')
  })

  it('takes nothing twice: not after a refresh, nor after a logout', async () => {
    const { adopt, ask, state, me } = open()
    await adopt({ refreshToken: 'refresh-token-of-before' })
    await me()
    expect(await adopt({ refreshToken: 'refresh-token-of-before' })).toBe(false)
    await ask('logout')
    expect(await adopt({ refreshToken: 'refresh-token-of-before' })).toBe(false)
    expect(await state()).toMatchObject({ status: 'anonymous', reason: 'logout' })
  })

  it('refuses what is older than the session there is, also after its logout', async () => {
    const { adopt, logIn, ask, me } = open()
    await logIn()
    const old = { accessToken: jwt({ iat: NOW / 1000 - 60, sub: 'ada' }) }
    expect(await adopt(old)).toBe(false)
    expect(await adopt(OLD)).toBe(false)
    expect(await me()).toBe('Bearer access-token-1-of-ada')
    await ask('logout')
    expect([await adopt(old), await adopt(OLD)]).toEqual([false, false])
  })

  it('takes what was issued later, or is said to be new: a login by redirect, of an SDK', async () => {
    const { adopt, logIn, me, clock } = open()
    await logIn()
    clock.time += 5_000
    const newer = jwt({ iat: NOW / 1000 + 3, sub: 'grace' })
    expect(await adopt({ accessToken: newer })).toBe(true)
    expect(await me()).toBe(`Bearer ${newer}`)
    expect(await adopt({ accessToken: 'opaque-and-new', isNew: true })).toBe(true)
    expect(await me()).toBe('Bearer opaque-and-new')
  })

  it('wins over a refresh that runs, whose tokens are dropped (G3)', async () => {
    const { adopt, logIn, me, ask, clock } = open()
    await logIn()
    clock.time += 61_000
    const [, isAdopted] = await Promise.all([
      ask('update-token'),
      adopt({ accessToken: 'opaque-and-new', isNew: true }),
    ])
    expect(isAdopted).toBe(true)
    expect(await me()).toBe('Bearer opaque-and-new')
  })

  it.each([
    [{}, 'token_not_found'],
    [{ refreshToken: '' }, 'token_not_found'],
    [{ accessToken: 'line\nbreak' }, 'token_malformed'],
    [{ accessToken: {} as string, refreshToken: 7 as never }, 'token_not_found'],
  ])('says what is wrong with %j', async (tokens, code) => {
    expect(await open().adopt(tokens)).toBe(code)
  })

  it('takes no refresh token where none is used', async () => {
    const { adopt } = open({ useRefreshToken: false })
    expect(await adopt({ refreshToken: 'refresh-token-of-before' })).toBe('token_not_found')
  })
})
