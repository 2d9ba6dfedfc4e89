/** What holds for a session whether the worker has its tokens, or cookies of the server's do (G14). */
import { describe, expect, it } from 'vitest'
import { deferred, jsonResponse } from '../kit.ts'
import { kinds, openKind, pathOf } from './kinds.ts'

describe.each(kinds)('%s', (_, options) => {
  const open = () => openKind(options)

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
    server.login = async grant => {
      await answer.promise
      return grant()
    }
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

  it('is refreshed once by requests that come during, before and after a refresh, and by one that is due (N3, N21)', async () => {
    const { logIn, expire, call, ask, refreshes, holdRefresh } = open()
    await logIn()
    expire()
    const answer = holdRefresh()
    const first = call()
    await expect.poll(refreshes).toBe(1)
    const others = [call(), ask('state'), ask('update-token'), call()]
    answer.resolve()
    const last = first.then(() => call())
    expect(await Promise.all([first, others[0], others[3], last])).toEqual([200, 200, 200, 200])
    await Promise.all(others)
    expect(refreshes()).toBe(1)
  })

  it('is that of a login which comes during a refresh, whichever is answered first (N6)', async () => {
    for (const isLoginFirst of [true, false]) {
      const { logIn, expire, call, state, holdRefresh, refreshes, sessionId } = open()
      await logIn('ada')
      const before = await sessionId()
      expire()
      const answer = holdRefresh('late')
      const request = call()
      await expect.poll(refreshes).toBe(1)
      const login = logIn('grace')
      if (isLoginFirst && options.accessTokenIn !== 'cookie') await login
      answer.resolve()
      await Promise.all([request, login])
      expect(await state()).toMatchObject({ status: 'authenticated' })
      expect(await sessionId()).not.toBe(before)
      expect(await call()).toBe(200)
      expect(refreshes()).toBe(1)
    }
  })

  it('is that of the login which is completed last (N7)', async () => {
    const { logIn, server, stored, told } = open()
    const answers = [deferred<void>(), deferred<void>()]
    let asked = 0
    server.login = async grant => {
      await answers[asked++]?.promise
      return grant()
    }
    const [ada, grace] = [logIn('ada'), logIn('grace')]
    answers[1]?.resolve()
    answers[0]?.resolve()
    await Promise.all([ada, grace])
    const last = told.at(-1)?.state
    expect(told.filter(({ reason }) => reason === 'login')).toHaveLength(2)
    expect(last).toMatchObject({ status: 'authenticated', sessionId: (stored() as { id: string }).id })
    if (options.accessTokenIn !== 'cookie') expect(stored()).toMatchObject({ refreshToken: server.good })
    else expect(server.jar).toBe(server.good)
  })

  it('stays over where a logout comes during a refresh, and nothing goes out for it after that (N8)', async () => {
    const { logIn, expire, call, state, ask, holdRefresh, refreshes } = open()
    await logIn()
    expire()
    const answer = holdRefresh()
    const request = call()
    await expect.poll(refreshes).toBe(1)
    const logout = ask('logout')
    await expect.poll(async () => (await state())?.status).toBe('anonymous')
    answer.resolve()
    expect(await request).not.toBe(200)
    await logout
    expect(await state()).toEqual({ status: 'anonymous', reason: 'logout' })
    expect(await call()).toBe(options.accessTokenIn === 'cookie' ? 401 : 200)
  })

  it("fails a user's request that waits for a refresh when another one logs in, and never sends it as theirs (N13)", async () => {
    const { logIn, expire, post, holdRefresh, refreshes, count } = open()
    await logIn('ada')
    expire()
    const answer = holdRefresh('late')
    const request = post('/api/orders', { what: 'tea' })
    await expect.poll(refreshes).toBe(1)
    const login = logIn('grace')
    if (options.accessTokenIn !== 'cookie') await login
    answer.resolve()
    const { status } = await request
    await login
    // With cookies a login waits for a refresh that is under way: the request may be first, as its own user's.
    expect([0, 200]).toContain(status)
    expect(count('/api/orders')).toBe(status === 200 ? 1 : 0)
    if (options.accessTokenIn !== 'cookie') expect(status).toBe(0)
  })

  describe('and another worker', () => {
    async function openTwo() {
      const stored = new Map<string, unknown>()
      const one = openKind(options, { stored })
      await one.logIn()
      const two = openKind(options, { stored, server: one.server })
      // It has seen the session, too.
      expect(await two.call()).toBe(200)
      one.expire()
      two.expire()
      return { one, two }
    }

    it('that has refreshed first is followed (N16, N22)', async () => {
      const { one, two } = await openTwo()
      expect(await one.call()).toBe(200)
      expect(await two.call()).toBe(200)
      expect([one.refreshes(), two.refreshes()]).toEqual([1, 0])
    })

    it('that has won while this one was refused is followed, and nobody is logged out (N17)', async () => {
      const { one, two } = await openTwo()
      two.server.refresh = async () => {
        two.server.refresh = null
        await one.call()
        return jsonResponse({ error: 'invalid_grant' }, { status: 400 })
      }
      expect(await two.call()).toBe(200)
      expect([one.toldOf('rejected'), two.toldOf('rejected')]).toEqual([0, 0])
      expect(await two.sessionId()).toBe(await one.sessionId())
    })
  })

  it('gives a request two attempts at most, and a pair one refresh, whatever the API says (N18, B14, B15)', async () => {
    const { logIn, call, server, refreshes, count } = open()
    await logIn()
    server.api = sent => (pathOf(sent) === '/api/odd' ? jsonResponse({}, { status: 401 }) : null)
    for (let n = 0; n < 10; n++) expect(await call('/api/odd')).toBe(401)
    expect(refreshes()).toBe(1)
    expect(count('/api/odd')).toBe(11)
    expect(await call()).toBe(200)
  })

  it('tells pages of its changes in their order (N20)', async () => {
    const { logIn, expire, call, ask, told } = open()
    await logIn()
    for (let n = 0; n < 5; n++) {
      expire()
      await Promise.all([call(), call()])
    }
    await ask('logout')
    const sequences = told.map(({ sequence }) => sequence)
    expect(sequences).toEqual([...sequences].sort((a, b) => a - b))
    const generations = told.flatMap(({ state }) => (state.status === 'authenticated' ? [state.generation] : []))
    expect(generations).toEqual([...new Set(generations)].sort((a, b) => a - b))
    expect(told.at(-1)?.reason).toBe('logout')
  })

  it('lives through a thousand expiries, each with one refresh (N23)', { timeout: 60_000 }, async () => {
    const { logIn, expire, call, refreshes, sessionId } = open()
    await logIn()
    const before = await sessionId()
    for (let n = 0; n < 1000; n++) {
      expire()
      expect(await call()).toBe(200)
    }
    expect(refreshes()).toBe(1000)
    expect(await sessionId()).toBe(before)
  })
})
