/** What holds for a session whether the worker has its tokens, or cookies of the server's do (G14). */
import { describe, expect, it } from 'vitest'
import type { Options } from '../../../src/core/options/options.ts'
import { deferred, jsonResponse, type Sent } from '../kit.ts'
import { openCore } from './whole-core.ts'

const pathOf = ({ url }: Sent) => new URL(url).pathname

const kinds: readonly (readonly [string, Partial<Options>])[] = [
  ['tokens in JSON', {}],
  ['tokens in cookies', { accessTokenIn: 'cookie', subjectProp: 'user' }],
]

describe.each(kinds)('%s', (_, options) => {
  /** A server that takes each refresh token once. */
  function open() {
    const server = {
      user: '',
      issued: 0,
      isApiGood: true,
      login: null as (() => Promise<void>) | null,
      refresh: null as (() => Response | Promise<Response>) | null,
      api: null as ((sent: Sent) => Response | Promise<Response>) | null,
    }
    const tokens = () => ({
      access_token: `secret-access-${++server.issued}`,
      refresh_token: `secret-refresh-${server.issued}`,
      user: server.user,
      expires_in: 60,
    })
    const core = openCore(
      { refreshTokenUrl: '/auth/refresh', logoutUrl: '/auth/logout', logoutMethod: 'post', ...options },
      async sent => {
        switch (pathOf(sent)) {
          case '/auth/login':
            await server.login?.()
            server.user = JSON.parse(sent.body).user
            return jsonResponse(tokens())
          case '/auth/refresh':
            return (await server.refresh?.()) ?? jsonResponse(tokens())
          case '/auth/logout':
            if (options.accessTokenIn === 'cookie') server.user = ''
            return new Response(null, { status: 204 })
          default:
            return (
              (await server.api?.(sent)) ?? jsonResponse({}, { status: server.isApiGood && server.user ? 200 : 401 })
            )
        }
      },
    )
    const count = (path: string) => core.sent.filter(sent => pathOf(sent) === path).length
    return {
      ...core,
      server,
      count,
      logIn: (user = 'ada') => core.post('/auth/login', { user }),
      expire: () => {
        core.clock.time += 60_000
      },
      callAll: (amount: number) =>
        Promise.all(Array.from({ length: amount }, async () => (await core.send('/api/me')).status)),
    }
  }

  it('is refreshed once for 50 requests, and for those that come after (N1, N3)', async () => {
    const { logIn, expire, callAll, count } = open()
    await logIn()
    expire()
    expect(new Set(await callAll(50))).toEqual(new Set([200]))
    expect(new Set(await callAll(5))).toEqual(new Set([200]))
    expect(count('/auth/refresh')).toBe(1)
  })

  it('ends once, with one message, where the refresh is refused while 100 requests wait (B9, N4)', async () => {
    const { logIn, expire, callAll, count, server, told, state } = open()
    await logIn()
    expire()
    server.isApiGood = false
    server.refresh = () => jsonResponse({ error: 'invalid_grant' }, { status: 400 })
    expect(new Set(await callAll(100))).toEqual(new Set([401]))
    expect(count('/auth/refresh')).toBe(1)
    expect(told.filter(({ reason }) => reason === 'rejected')).toHaveLength(1)
    expect(await state()).toEqual({ status: 'anonymous', reason: 'rejected' })
  })

  it.each([500, 502, 503, 504, 429])('is kept where the refresh is answered with %s (B3, B4, N5)', async status => {
    const { logIn, expire, callAll, count, server, clock, state } = open()
    await logIn()
    const before = await state()
    expire()
    server.refresh = () => new Response(null, { status, headers: { 'Retry-After': '30' } })
    expect(new Set(await callAll(10))).toEqual(new Set([503]))
    clock.time += 29_000
    await callAll(10)
    expect(count('/auth/refresh')).toBe(1)
    server.refresh = null
    clock.time += 1_000
    expect(new Set(await callAll(10))).toEqual(new Set([200]))
    expect(count('/auth/refresh')).toBe(2)
    expect(await state()).toMatchObject({ sessionId: (before as { sessionId: string }).sessionId })
  })

  it('has a request sent twice at most, after one refresh, where the API says 401 to both (B13, B14)', async () => {
    const { logIn, callAll, count, server } = open()
    await logIn()
    server.isApiGood = false
    expect(await callAll(1)).toEqual([401])
    expect(count('/api/me')).toBe(2)
    expect(new Set(await callAll(10))).toEqual(new Set([401]))
    expect(count('/auth/refresh')).toBe(1)
  })

  it('is refreshed by a request that names no referrer (R19)', async () => {
    const { logIn, ask, sent } = open()
    await logIn()
    await ask('update-token')
    const refresh = sent.find(each => pathOf(each) === '/auth/refresh')?.request
    expect(refresh).toMatchObject({ referrerPolicy: 'no-referrer', redirect: 'manual', cache: 'no-store' })
  })

  it('is logged out of once by two tabs at the same time (N10)', async () => {
    const { logIn, ask, state, told } = open()
    await logIn()
    await Promise.all([ask('logout'), ask('logout')])
    expect(await state()).toEqual({ status: 'anonymous', reason: 'logout' })
    expect(told.filter(({ reason }) => reason === 'logout')).toHaveLength(1)
  })

  it('is over where a logout comes while a login is under way: what the state says, the server does (N9)', async () => {
    const { post, logIn, ask, told, state, server, count, send } = open()
    await logIn('ada')
    const answer = deferred<void>()
    server.login = () => answer.promise
    const login = post('/auth/login', { user: 'grace' })
    await expect.poll(() => count('/auth/login')).toBe(2)
    const logout = ask('logout')
    await expect.poll(() => told.at(-1)?.reason).toBe('logout')
    answer.resolve()
    await Promise.all([login, logout])
    // Who asked last for tokens has them; cookies are cleared for whoever there is.
    const isThere = options.accessTokenIn !== 'cookie'
    expect(await state()).toMatchObject(
      isThere ? { status: 'authenticated' } : { status: 'anonymous', reason: 'logout' },
    )
    expect((await send('/api/me')).status).toBe(isThere ? 200 : 401)
  })

  it('has no part in the 401 of a request that began under another user (N11, G4)', async () => {
    const { logIn, send, count, server, state } = open()
    await logIn('ada')
    const answer = deferred<void>()
    server.api = async () => {
      await answer.promise
      return jsonResponse({}, { status: 401 })
    }
    const request = send('/api/me')
    await expect.poll(() => count('/api/me')).toBe(1)
    await logIn('grace')
    const before = await state()
    answer.resolve()
    expect((await request).status).toBe(401)
    expect([count('/api/me'), count('/auth/refresh')]).toEqual([1, 0])
    expect(await state()).toEqual(before)
  })
})
