/** What servers and networks do to a session, whether its tokens are in JSON or in cookies (G14). */
import { describe, expect, it } from 'vitest'
import { jsonResponse, received } from '../kit.ts'
import { redirect } from './cookie-core.ts'
import { kinds, openKind } from './kinds.ts'

const text = (body: string, type: string, status = 200) =>
  received(new Response(body, { status, headers: { 'Content-Type': type } }))

const PAGE = '<!doctype html><p>secret-in-a-page'

/** With a status of 200, and no session in any of them. */
const NO_ANSWER: readonly (readonly [string, () => Response])[] = [
  ['a page (A2)', () => text(PAGE, 'text/html')],
  ['half of JSON (A4)', () => text('{"user":"secret-u', 'application/json')],
  ['null (A5)', () => jsonResponse('null')],
  ['false (A5)', () => jsonResponse('false')],
  ['an error (A33)', () => jsonResponse({ error: 'server_error', error_description: 'secret-words' })],
  ['a redirect (B6)', redirect],
]

/** After which the session is kept, whoever waits fails, and the next refresh mends it. */
const FAILURES: readonly (readonly [string, () => Response | Promise<Response>])[] = [
  ...NO_ANSWER,
  ['no network (B5, B7)', () => Promise.reject(new TypeError('network'))],
  ...[408, 429, 500, 502, 503, 504].map(status => [`${status} (B3)`, () => text(PAGE, 'text/html', status)] as const),
  ['404 of a page (B11)', () => text(PAGE, 'text/html', 404)],
]

const REFUSALS: readonly (readonly [string, () => Response])[] = [
  ['invalid_grant (B9)', () => jsonResponse({ error: 'invalid_grant' }, { status: 400 })],
  ['401 invalid_client (B10)', () => jsonResponse({ error: 'invalid_client' }, { status: 401 })],
  ['a bare 401', () => jsonResponse({}, { status: 401 })],
]

describe.each(kinds)('%s', (_, options) => {
  const open = () => openKind(options)

  it.each(NO_ANSWER)('no session begins, and none ends, by a login that is answered with %s', async (_, answer) => {
    const { logIn, server, state, log, told, sessionId } = open()
    server.login = async () => answer()
    await logIn()
    expect(await state()).toEqual({ status: 'anonymous', reason: 'none' })
    server.login = null
    await logIn()
    const before = await sessionId()
    server.login = async () => answer()
    await logIn('grace')
    expect(await sessionId()).toBe(before)
    expect(JSON.stringify([log, told])).not.toContain('secret')
  })

  it('a login that is refused is passed on, and costs nobody a refresh or a session (B17)', async () => {
    const { logIn, server, refreshes, sessionId } = open()
    await logIn()
    const before = await sessionId()
    server.login = async () => jsonResponse({ error: 'wrong password' }, { status: 401 })
    expect((await logIn('grace')).status).toBe(401)
    expect([refreshes(), await sessionId()]).toEqual([0, before])
  })

  it.each(FAILURES)(
    'a refresh that is answered with %s keeps the session, and the next one mends it',
    async (name, answer) => {
      const { logIn, expire, callAll, call, server, refreshes, sessionId, clock, log, told } = open()
      await logIn()
      const before = await sessionId()
      expire()
      server.refresh = answer
      // As a fetch without a network.
      const status = name.startsWith('no network') ? 0 : 503
      expect(new Set(await callAll(10))).toEqual(new Set([status]))
      expect(refreshes()).toBe(1)
      server.refresh = null
      // Past any pause.
      clock.time += 120_000
      expect(await call()).toBe(200)
      expect(refreshes()).toBe(2)
      expect(await sessionId()).toBe(before)
      expect(JSON.stringify([log, told])).not.toContain('secret')
    },
  )

  it.each(REFUSALS)('a refresh that is answered with %s ends the session, once', async (_, answer) => {
    const { logIn, expire, callAll, server, refreshes, state, toldOf } = open()
    await logIn()
    expire()
    server.isApiGood = false
    server.refresh = answer
    expect(new Set(await callAll(10))).toEqual(new Set([401]))
    expect(await state()).toEqual({ status: 'anonymous', reason: 'rejected' })
    expect([refreshes(), toldOf('rejected')]).toEqual([1, 1])
  })

  it('a refresh whose answer is lost with its tokens ends the session at the next, once, and says why (B22)', async () => {
    const { logIn, expire, call, callAll, server, refreshes, state, clock } = open()
    await logIn()
    expire()
    server.refresh = grant => {
      grant('lost')
      server.refresh = null
      throw new TypeError('network')
    }
    expect(await call()).toBe(0)
    clock.time += 120_000
    server.isApiGood = false
    expect(new Set(await callAll(10))).toEqual(new Set([401]))
    expect(await state()).toEqual({ status: 'anonymous', reason: 'lost' })
    expect(refreshes()).toBe(2)
  })

  it('a refresh that takes its time is waited for by all, once (B2)', async () => {
    const { logIn, expire, callAll, holdRefresh, refreshes } = open()
    await logIn()
    expire()
    const answer = holdRefresh()
    const all = callAll(20)
    await expect.poll(refreshes).toBe(1)
    answer.resolve()
    expect(new Set(await all)).toEqual(new Set([200]))
    expect(refreshes()).toBe(1)
  })

  it('a refresh that hangs lets go of those who wait, and the session stays (B1, V35)', async () => {
    const { logIn, expire, callAll, holdRefresh, sessionId, refreshes } = openKind({ ...options, timeout: 0.1 })
    await logIn()
    const before = await sessionId()
    expire()
    const answer = holdRefresh()
    expect(new Set(await callAll(5))).toEqual(new Set([503]))
    // Taken when it comes.
    answer.resolve()
    await expect.poll(() => callAll(1)).toEqual([200])
    expect([refreshes(), await sessionId()]).toEqual([1, before])
  })

  it('403 of the API causes no refresh (B12)', async () => {
    const { logIn, call, server, refreshes } = open()
    await logIn()
    server.api = () => jsonResponse({ error: 'insufficient_scope' }, { status: 403 })
    expect(await call()).toBe(403)
    expect(refreshes()).toBe(0)
  })

  it('an API that cannot be reached causes no refresh (B8)', async () => {
    const { logIn, send, server, refreshes, sessionId } = open()
    await logIn()
    server.api = () => Promise.reject(new TypeError('Failed to fetch'))
    expect(
      await send('/api/me').then(
        ({ type }) => type,
        () => 'error',
      ),
    ).toBe('error')
    expect(refreshes()).toBe(0)
    expect(await sessionId()).not.toBeNull()
  })

  it.each([
    ['none', null],
    ['Bearer', 'Bearer error="invalid_token"'],
    ['two', 'Basic realm="x", Bearer error="invalid_token", error_description="expired"'],
  ])('401 of the API causes one refresh, with this challenge: %s (B16)', async (_, challenge) => {
    const { logIn, call, server, refreshes } = open()
    await logIn()
    let asked = 0
    server.api = () =>
      asked++ > 0
        ? null
        : received(new Response(null, { status: 401, headers: challenge ? { 'WWW-Authenticate': challenge } : {} }))
    expect(await call()).toBe(200)
    expect(refreshes()).toBe(1)
  })

  it.each([
    ['an hour back', -3_600_000],
    ['a day on', 86_400_000],
  ])('a clock that is set %s costs one refresh at most (B23, C14)', async (_, span) => {
    const { logIn, call, callAll, clock, refreshes, sessionId } = open()
    await logIn()
    const before = await sessionId()
    clock.time += span
    expect(new Set(await callAll(10))).toEqual(new Set([200]))
    await new Promise(resolve => setTimeout(resolve))
    for (let n = 0; n < 5; n++) expect(await call()).toBe(200)
    expect(refreshes()).toBeLessThanOrEqual(1)
    expect(await sessionId()).toBe(before)
  })

  it.each([
    ['none', undefined, 0],
    ['"60"', '60', 1],
    ['0', 0, 1],
    ['-1', -1, 1],
    ['1e20', 1e20, 1],
    ['a word', 'soon', 1],
    ['null', null, 1],
    ['true', true, 1],
  ])('an expires_in of %s never makes refreshes follow one another (A20, A21, A22)', async (_, expires_in, most) => {
    const { logIn, callAll, server, refreshes, clock } = open()
    const answer = () => {
      const { user, issued } = server
      const body = { user, ...(expires_in === undefined ? {} : { expires_in }) }
      const tokens = { access_token: `secret-access-${issued}`, refresh_token: server.good }
      return jsonResponse(options.accessTokenIn === 'cookie' ? body : { ...tokens, ...body })
    }
    server.login = async grant => {
      grant()
      return answer()
    }
    server.refresh = grant => {
      grant()
      return answer()
    }
    await logIn()
    for (let n = 0; n < 5; n++) {
      expect(new Set(await callAll(4))).toEqual(new Set([200]))
      clock.time += 1000
    }
    expect(refreshes()).toBeLessThanOrEqual(Math.max(most, 1))
  })

  it.each([
    ['503', () => jsonResponse({}, { status: 503 })],
    ['nothing', () => Promise.reject(new TypeError('network'))],
  ])(
    'a logout that is answered with %s is one here, and sends nothing for the session any more (B19, R29)',
    async (_, answer) => {
      const { logIn, ask, call, state, server, sent } = open()
      await logIn()
      server.logout = answer
      await ask('logout')
      expect(await state()).toMatchObject({ status: 'anonymous', reason: 'logout' })
      await call()
      const last = sent.at(-1)
      expect(last?.authorization).toBeNull()
      if (options.accessTokenIn === 'cookie') expect(last?.request.credentials).toBe('omit')
    },
  )
})
