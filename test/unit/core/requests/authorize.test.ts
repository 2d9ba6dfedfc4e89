import { describe, expect, it } from 'vitest'
import type { Options } from '../../../../src/core/options/options.ts'
import type { WatchPage } from '../../../../src/core/ports.ts'
import { createAuthorize } from '../../../../src/core/requests/authorize.ts'
import { createFreshSession } from '../../../../src/core/session/fresh-session.ts'
import { ended, loggedIn, nobody, refreshed, type Session } from '../../../../src/core/session/session.ts'
import { createSessionStore } from '../../../../src/core/session/session-store.ts'
import type { RefreshAnswer, TokenEndpoint } from '../../../../src/core/tokens/token-endpoint.ts'
import { RefreshWorkerError } from '../../../../src/errors.ts'
import { ACCESS_TOKEN_PLACEHOLDER } from '../../../../src/protocol.ts'
import {
  configOf,
  createClock,
  createLocks,
  createMemoryStore,
  createServer,
  createSteadyBackOff,
  deferred,
  NOW,
  ORIGIN,
  readersOf,
  received,
  revokeNothing,
  type Sent,
  sessionOf,
  tokensOf,
} from '../../kit.ts'

interface Setting {
  options?: Partial<Options>
  stored?: Session
  /** The API; 200 unless it is set. */
  api?: (sent: Sent, count: number) => Response | Promise<Response>
  /** The token endpoint; a new token each time unless it is set. */
  endpoint?: TokenEndpoint
}

function setUp({ options, stored = sessionOf(), api = () => new Response('ok'), endpoint }: Setting = {}) {
  const config = configOf(options)
  const { store } = createMemoryStore(new Map([[config.storageKey, stored]]))
  const clock = createClock()
  const { fetch, sent } = createServer(api)
  const open = () => createSessionStore({ now: clock.now, config, store, onChange: async () => undefined })
  const sessions = open()
  let refreshes = 0
  const tokenEndpoint: TokenEndpoint = session => {
    refreshes++
    if (endpoint) return endpoint(session, 'key')
    const tokens = tokensOf({
      accessToken: `access-${refreshes + 1}`,
      receivedAt: clock.time,
      expiresAt: clock.time + 600_000,
    })
    return Promise.resolve({ outcome: 'refreshed', tokens })
  }
  const log = () => undefined
  const freshSession = createFreshSession({
    newId: () => 'key',
    config,
    sessions,
    tokenEndpoint,
    locks: createLocks(),
    backOff: createSteadyBackOff(clock.now),
    revoke: revokeNothing,
    farewell: revokeNothing,
    now: clock.now,
    log,
  })
  const authorize = createAuthorize({
    ...readersOf(config, clock.now),
    config,
    sessions,
    freshSession,
    fetch,
    now: clock.now,
  })
  const behind: Promise<unknown>[] = []
  const call = (init: RequestInit = {}, path = '/api/me', watchPage?: WatchPage) =>
    authorize(new Request(ORIGIN + path, init), promise => behind.push(promise), watchPage)
  return {
    call,
    sent,
    clock,
    sessions,
    /** As another worker changes the session, and its news does not come. */
    elsewhere: open().change,
    freshSession,
    behind,
    refreshes: () => refreshes,
    tokens: () => sent.map(entry => entry.authorization),
  }
}

const expired = () => sessionOf({ expiresAt: NOW - 1 })
const unauthorized = () => new Response('no', { status: 401 })

describe('attaching', () => {
  it('adds the access token, and nothing else', async () => {
    const { call, sent } = setUp()
    await call({ method: 'PUT', headers: { 'X-Own': '1' }, body: 'body', credentials: 'include', cache: 'no-cache' })
    expect(sent).toHaveLength(1)
    expect(sent[0]).toMatchObject({ method: 'PUT', authorization: 'Bearer access-1', body: 'body' })
    expect(sent[0]?.request).toMatchObject({ credentials: 'include', cache: 'no-cache', redirect: 'follow' })
    expect(Object.fromEntries(sent[0]?.request.headers ?? [])).toMatchObject({ 'x-own': '1' })
  })

  it.each<[Partial<Options>, string, string]>([
    [{ authTokenType: 'JWT' }, 'authorization', 'JWT access-1'],
    [{ authTokenType: false }, 'authorization', 'access-1'],
    [{ authTokenType: '' as unknown as false }, 'authorization', 'access-1'],
    [{ authHeader: 'X-Auth-Token' }, 'x-auth-token', 'Bearer access-1'],
  ])('follows %j', async (options, name, value) => {
    const { call, sent } = setUp({ options })
    await call()
    expect(sent[0]?.request.headers.get(name)).toBe(value)
  })

  it('lets a custom header follow no redirect, which would carry it to other origins (R8)', async () => {
    const { call, sent } = setUp({ options: { authHeader: 'X-Auth-Token' } })
    await call()
    expect(sent[0]?.request.redirect).toBe('error')
  })

  it("leaves the page's own Authorization alone (H12)", async () => {
    const { call, tokens } = setUp({ stored: expired() })
    await call({ headers: { Authorization: 'Basic b3du' } })
    expect(tokens()).toEqual(['Basic b3du'])
  })

  it('takes a placeholder out of a login response for the token itself (H12)', async () => {
    const { call, tokens } = setUp()
    await call({ headers: { Authorization: `Bearer ${ACCESS_TOKEN_PLACEHOLDER}` } })
    expect(tokens()).toEqual(['Bearer access-1'])
  })

  it('sends no placeholder where nobody is logged in', async () => {
    const { call, tokens } = setUp({ stored: nobody })
    await call({ headers: { Authorization: `Bearer ${ACCESS_TOKEN_PLACEHOLDER}` } })
    expect(tokens()).toEqual([null])
  })

  it('passes the very request on where nobody is logged in, and its 401 back', async () => {
    const { call, tokens, refreshes } = setUp({ stored: nobody, api: unauthorized })
    expect((await call()).status).toBe(401)
    expect(tokens()).toEqual([null])
    expect(refreshes()).toBe(0)
  })

  it('passes the response on as it is', async () => {
    const response = new Response('teapot', { status: 418 })
    const { call } = setUp({ api: () => response })
    expect(await call()).toBe(response)
  })

  it('passes a network error on as one', async () => {
    const { call } = setUp({ api: () => Promise.reject(new TypeError('Failed to fetch')) })
    await expect(call()).rejects.toThrow(TypeError)
  })
})

describe('before the request', () => {
  it('refreshes an expired token, once for many requests (G1)', async () => {
    const { call, tokens, refreshes } = setUp({ stored: expired() })
    const responses = await Promise.all(Array.from({ length: 20 }, () => call()))
    expect(responses.map(response => response.status)).toEqual(Array.from({ length: 20 }, () => 200))
    expect(new Set(tokens())).toEqual(new Set(['Bearer access-2']))
    expect(refreshes()).toBe(1)
  })

  it('sends at once with a token that is soon to expire, and refreshes behind it', async () => {
    const { call, tokens, refreshes, behind, clock } = setUp()
    clock.time += 590_000
    await call()
    expect(tokens()).toEqual(['Bearer access-1'])
    await Promise.all(behind)
    await call()
    expect(tokens()).toEqual(['Bearer access-1', 'Bearer access-2'])
    expect(refreshes()).toBe(1)
  })

  it.each([
    ['forward a day', 86_400_000],
    ['back an hour', -3_600_000],
    ['forward ten minutes', 600_000],
    ['back ten minutes', -600_000],
  ])('a clock that jumps %s costs one refresh, and no more (C14)', async (_, jump) => {
    const { call, clock, refreshes, behind, tokens } = setUp()
    await call()
    clock.time += jump
    for (let n = 0; n < 20; n++) {
      expect((await call()).status).toBe(200)
      await Promise.all(behind)
    }
    expect(refreshes()).toBe(1)
    expect(tokens().at(-1)).toBe('Bearer access-2')
  })

  it('does not mind when the refresh behind it fails', async () => {
    const endpoint = async (): Promise<RefreshAnswer> => ({ outcome: 'unavailable', detail: 'down' })
    const { call, behind, clock } = setUp({ endpoint })
    clock.time += 590_000
    expect((await call()).status).toBe(200)
    await Promise.all(behind)
  })

  it('with autoUpdateToken off, sends the expired token and refreshes only after its 401', async () => {
    const api = ({ authorization }: Sent) => (authorization === 'Bearer access-1' ? unauthorized() : new Response('ok'))
    const { call, tokens } = setUp({ options: { autoUpdateToken: false }, stored: expired(), api })
    expect((await call()).status).toBe(200)
    expect(tokens()).toEqual(['Bearer access-1', 'Bearer access-2'])
  })

  it('sends no token once the session has expired and cannot be refreshed (A17)', async () => {
    const { call, tokens, refreshes } = setUp({ stored: sessionOf({ refreshToken: null, expiresAt: NOW - 1 }) })
    await call()
    expect(tokens()).toEqual([null])
    expect(refreshes()).toBe(0)
  })

  it.each<[Exclude<RefreshAnswer['outcome'], 'refreshed'>, number, string]>([
    ['unavailable', 503, 'refresh_unavailable'],
    ['rejected', 401, 'refresh_rejected'],
  ])('G5: a refresh that is %s makes it a %i with problem+json, unsent', async (outcome, status, code) => {
    const { call, sent } = setUp({ stored: expired(), endpoint: async () => ({ outcome, detail: 'so it is' }) })
    const response = await call({ method: 'POST', body: 'x' })
    expect(response.status).toBe(status)
    expect(response.headers.get('Content-Type')).toBe('application/problem+json')
    expect(response.headers.get('Cache-Control')).toBe('no-store')
    expect(response.headers.get('WWW-Authenticate')).toBe(status === 401 ? 'Bearer error="invalid_token"' : null)
    expect(await response.json()).toMatchObject({ status, code, detail: expect.stringContaining('so it is') })
    expect(sent).toEqual([])
  })

  it('G5: a token endpoint out of reach makes it a network error', async () => {
    const { call } = setUp({ stored: expired(), endpoint: async () => ({ outcome: 'network_error', detail: 'gone' }) })
    expect((await call()).type).toBe('error')
  })
})

describe('after a 401', () => {
  const refuse =
    (...refused: string[]) =>
    ({ authorization }: Sent) =>
      refused.includes(authorization ?? '') ? unauthorized() : new Response('ok')

  it('sends a large binary body again unless the API has taken the very token before; text and forms always', async () => {
    let isRefused = false
    const bytes = { method: 'POST', body: new Uint8Array([1, 2]) }
    const form = new FormData()
    form.append('file', new Blob(['x']), 'x')
    const { call, sent, refreshes } = setUp({
      api: ({ authorization }) => (isRefused ? takes(authorization) : new Response('ok')),
    })
    /** Takes no token but those that come after the last one. */
    let last = ''
    const takes = (token: string | null) => {
      last ||= token ?? ''
      return token === last ? new Response(null, { status: 401 }) : new Response('ok')
    }
    const refuse = async (init: RequestInit) => {
      ;[isRefused, last] = [true, '']
      const { status } = await call(init)
      isRefused = false
      return status
    }
    expect(await refuse(bytes)).toBe(200)
    expect((await call()).status).toBe(200)
    for (const init of [
      { method: 'POST', body: 'text' },
      { method: 'POST', body: form },
    ]) {
      expect(await refuse(init)).toBe(200)
      expect((await call()).status).toBe(200)
    }
    const before = sent.length
    expect(await refuse(bytes)).toBe(401)
    expect(sent).toHaveLength(before + 1)
    expect(refreshes()).toBe(4)
  })

  it('refreshes and sends once more, body and all (G10)', async () => {
    const { call, sent, tokens, refreshes } = setUp({ api: refuse('Bearer access-1') })
    const response = await call({ method: 'POST', body: 'the body' })
    expect(await response.text()).toBe('ok')
    expect(tokens()).toEqual(['Bearer access-1', 'Bearer access-2'])
    expect(sent.map(({ body }) => body)).toEqual(['the body', 'the body'])
    expect(refreshes()).toBe(1)
  })

  it('returns the second 401 (B13, N18), and does not refresh again for a while (B14, B15)', async () => {
    const { call, tokens, refreshes, clock } = setUp({ api: unauthorized })
    expect((await call()).status).toBe(401)
    expect(tokens()).toHaveLength(2)
    for (let n = 0; n < 50; n++) expect((await call()).status).toBe(401)
    expect(refreshes()).toBe(1)
    clock.time += 60_000
    await call()
    expect(refreshes()).toBe(2)
  })

  it('is mended for a token that another worker has refreshed long ago, once a replay with it was refused', async () => {
    const { call, sessions, elsewhere, refreshes, clock } = setUp({ api: refuse('Bearer access-1', 'Bearer access-b') })
    await sessions.current()
    await elsewhere(latest =>
      latest.status === 'authenticated' ? refreshed(latest, tokensOf({ accessToken: 'access-b' })) : latest,
    )
    clock.time += 60_000
    expect((await call()).status).toBe(401)
    expect((await call()).status).toBe(200)
    expect(refreshes()).toBe(1)
  })

  it('shares the refresh that a timer has started (N21)', async () => {
    const { call, freshSession, refreshes } = setUp({ api: refuse('Bearer access-1') })
    const [response] = await Promise.all([call(), freshSession.refresh(sessionOf())])
    expect(response.status).toBe(200)
    expect(refreshes()).toBe(1)
  })

  it.each(['', 'Bearer', 'Bearer error="invalid_token"', 'DPoP, Bearer', 'realm="api"', 'error="invalid_token"'])(
    'is one where WWW-Authenticate says no more: %j (B16)',
    async value => {
      const api = ({ authorization }: Sent) =>
        authorization === 'Bearer access-1'
          ? new Response('no', { status: 401, headers: value ? { 'WWW-Authenticate': value } : {} })
          : new Response('ok')
      const { call, refreshes } = setUp({ api })
      expect((await call()).status).toBe(200)
      expect(refreshes()).toBe(1)
    },
  )

  it('is mended for a token that was over when it was looked at, though a replay met the same fate', async () => {
    const held = deferred<void>()
    const { call, clock, refreshes, tokens } = setUp({
      api: async ({ authorization }) => {
        if (authorization === 'Bearer access-1') return unauthorized()
        if (authorization !== 'Bearer access-2') return new Response('ok')
        // In the queue of the browser's connections, until it has expired.
        await held.promise
        return unauthorized()
      },
    })
    const replayed = call()
    await expect.poll(tokens).toHaveLength(2)
    const other = call()
    await expect.poll(tokens).toHaveLength(3)
    clock.time += 601_000
    held.resolve()
    expect([(await replayed).status, (await other).status]).toEqual([401, 200])
    expect(refreshes()).toBe(2)
  })

  it('takes the token that another request has refreshed meanwhile, without a refresh of its own', async () => {
    const slow = deferred<Response>()
    const api = ({ authorization, url }: Sent) =>
      authorization !== 'Bearer access-1' ? new Response('ok') : url.endsWith('slow') ? slow.promise : unauthorized()
    const { call, refreshes, tokens } = setUp({ api })
    const late = call({}, '/api/slow')
    expect((await call()).status).toBe(200)
    slow.resolve(unauthorized())
    expect((await late).status).toBe(200)
    expect(refreshes()).toBe(1)
    expect(tokens().at(-1)).toBe('Bearer access-2')
  })

  it.each<[string, Partial<Options>]>([
    ['logoutOnInvalidToken', { logoutOnInvalidToken: true }],
    ['autoUpdateToken off', { autoUpdateToken: false }],
  ])('waits for a refresh that is under way, which may be its reason, with %s', async (_, options) => {
    const answer = deferred<RefreshAnswer>()
    const api = refuse('Bearer access-1')
    const { call, sessions, refreshes, tokens, freshSession } = setUp({ options, api, endpoint: () => answer.promise })
    const refresh = freshSession.refresh(sessionOf())
    await expect.poll(refreshes).toBe(1)
    const response = call()
    await expect.poll(tokens).toEqual(['Bearer access-1'])
    answer.resolve({ outcome: 'refreshed', tokens: tokensOf({ accessToken: 'access-2' }) })
    await refresh
    expect((await response).status).toBe(200)
    expect(sessions.current()).toMatchObject({ status: 'authenticated' })
  })

  it('of another origin, where a redirect led, is no verdict on our token', async () => {
    const api = () => received(unauthorized(), { url: 'https://other.example/', redirected: true })
    const { call, refreshes, tokens, sessions } = setUp({ options: { logoutOnInvalidToken: true }, api })
    expect((await call()).status).toBe(401)
    expect(tokens()).toHaveLength(1)
    expect(refreshes()).toBe(0)
    expect(sessions.current()).toMatchObject({ status: 'authenticated' })
  })

  it('is for 401 alone: a 403 is an answer (B12)', async () => {
    const { call, refreshes } = setUp({ api: () => new Response('no', { status: 403 }) })
    expect((await call()).status).toBe(403)
    expect(refreshes()).toBe(0)
  })

  it.each<[string, Partial<Options>, Parameters<typeof sessionOf>[0]]>([
    ['without a refresh token', {}, { refreshToken: null }],
    ['with autoUpdateToken off and a running token', { autoUpdateToken: false }, {}],
  ])('is returned %s, and the session kept', async (_, options, tokens) => {
    const { call, refreshes, sessions } = setUp({ options, stored: sessionOf(tokens), api: unauthorized })
    expect((await call()).status).toBe(401)
    expect(refreshes()).toBe(0)
    expect(sessions.current()).toMatchObject({ status: 'authenticated' })
  })

  it.each([true, false])(
    'takes it for the expiry of a token of unknown life, with autoUpdateToken %s',
    async autoUpdateToken => {
      const { call } = setUp({
        options: { autoUpdateToken },
        stored: sessionOf({ expiresAt: null }),
        api: refuse('Bearer access-1'),
      })
      expect((await call()).status).toBe(200)
    },
  )

  it.each<[string, Session]>([
    ['had not expired', sessionOf()],
    ['is of unknown life and cannot be refreshed', sessionOf({ expiresAt: null, refreshToken: null })],
  ])('with logoutOnInvalidToken, ends the session where the token %s', async (_, stored) => {
    const { call, refreshes, sessions } = setUp({ options: { logoutOnInvalidToken: true }, stored, api: unauthorized })
    expect((await call()).status).toBe(401)
    expect(sessions.current()).toMatchObject({ status: 'anonymous', reason: 'rejected' })
    expect(refreshes()).toBe(0)
  })

  it.each<[string, Session]>([
    ['that had expired', expired()],
    ['of unknown life', sessionOf({ expiresAt: null })],
  ])('with logoutOnInvalidToken, still refreshes one %s', async (_, stored) => {
    const { call, sessions } = setUp({
      options: { logoutOnInvalidToken: true, autoUpdateToken: false },
      stored,
      api: refuse('Bearer access-1'),
    })
    expect((await call()).status).toBe(200)
    expect(sessions.current()).toMatchObject({ status: 'authenticated' })
  })

  it.each<[Exclude<RefreshAnswer['outcome'], 'refreshed'>, number]>([
    ['rejected', 401],
    ['unavailable', 503],
    ['network_error', 0],
  ])('where the refresh is %s, is answered with %i', async (outcome, status) => {
    const { call } = setUp({ api: unauthorized, endpoint: async () => ({ outcome, detail: 'so it is' }) })
    const response = await call()
    expect(response.status).toBe(status)
    // The API's own answer, not one of ours.
    if (outcome === 'rejected') expect(await response.text()).toBe('no')
  })
})

describe("G4: a request of one session never gets another's token", () => {
  const asB = (previous: Session) => loggedIn(previous, 'session-b', tokensOf({ accessToken: 'access-b' }))

  it('returns a late 401 as it is, without a refresh of B (N11)', async () => {
    const answer = deferred<Response>()
    const { call, sessions, tokens, refreshes } = setUp({ api: () => answer.promise })
    const response = call()
    await expect.poll(tokens).toEqual(['Bearer access-1'])
    await sessions.change(asB)
    answer.resolve(unauthorized())
    expect((await response).status).toBe(401)
    expect(tokens()).toEqual(['Bearer access-1'])
    expect(refreshes()).toBe(0)
    expect(sessions.current()).toMatchObject({ id: 'session-b' })
  })

  it("delivers A's late answer as it is (N12)", async () => {
    const answer = deferred<Response>()
    const { call, sessions, tokens } = setUp({ api: () => answer.promise })
    const response = call()
    await expect.poll(tokens).toHaveLength(1)
    await sessions.change(asB)
    const answered = new Response("A's")
    answer.resolve(answered)
    expect(await response).toBe(answered)
  })

  it('fails a request that waited for a refresh of A when B logs in, and does not send it (N13)', async () => {
    const answer = deferred<RefreshAnswer>()
    const { call, sessions, sent, refreshes } = setUp({ stored: expired(), endpoint: () => answer.promise })
    const response = call({ method: 'POST', body: "A's" })
    await expect.poll(refreshes).toBe(1)
    await sessions.change(asB)
    answer.resolve({ outcome: 'refreshed', tokens: tokensOf({ accessToken: 'access-late' }) })
    expect((await response).type).toBe('error')
    expect(sent).toEqual([])
  })

  it('does not send a request that waited for a refresh when A logs out (N8)', async () => {
    const answer = deferred<RefreshAnswer>()
    const { call, sessions, sent, refreshes } = setUp({ stored: expired(), endpoint: () => answer.promise })
    const response = call()
    await expect.poll(refreshes).toBe(1)
    await sessions.change(latest => ended(latest, 'logout'))
    answer.resolve({ outcome: 'refreshed', tokens: tokensOf({ accessToken: 'access-late' }) })
    expect((await response).status).toBe(401)
    expect(sent).toEqual([])
  })

  it('returns a late 401 of A after a logout', async () => {
    const answer = deferred<Response>()
    const { call, sessions, tokens } = setUp({ api: () => answer.promise })
    const response = call()
    await expect.poll(tokens).toHaveLength(1)
    await sessions.change(latest => ended(latest, 'logout'))
    answer.resolve(unauthorized())
    expect((await response).status).toBe(401)
    expect(tokens()).toHaveLength(1)
  })
})

it('does not hide a defect of its own behind an answer', async () => {
  const { call } = setUp({ stored: expired(), endpoint: () => Promise.reject(new RangeError('defect')) })
  await expect(call()).rejects.toThrow(RangeError)
  expect(new RefreshWorkerError('internal_error', 'x').name).toBe('RefreshWorkerError')
})

describe("with storage: 'memory' and refreshTokenIn: 'cookie', a worker that has no access token", () => {
  const options = { storage: 'memory', refreshTokenIn: 'cookie' } as const
  const stored = { ...sessionOf(), accessToken: null, refreshToken: null }

  it.each([true, false])('gets one before it sends anything, once for all, with autoUpdateToken %s', async on => {
    const { call, sent, refreshes } = setUp({ options: { ...options, autoUpdateToken: on }, stored })
    await Promise.all(Array.from({ length: 20 }, () => call()))
    expect(new Set(sent.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer access-2']))
    expect(refreshes()).toBe(1)
  })

  it('sends nothing where it cannot get one (G5)', async () => {
    const endpoint: TokenEndpoint = async () => ({ outcome: 'unavailable', detail: 'down' })
    const { call, sent } = setUp({ options, stored, endpoint })
    expect((await call()).status).toBe(503)
    expect(sent).toEqual([])
  })

  it('says that nobody is logged in where the cookie has expired', async () => {
    const endpoint: TokenEndpoint = async () => ({ outcome: 'rejected', detail: 'no cookie' })
    const { call, sent } = setUp({ options, stored, endpoint })
    expect((await call()).status).toBe(401)
    expect((await call()).status).toBe(200)
    expect(sent.map(({ authorization }) => authorization)).toEqual([null])
  })

  it('gets one after a 401 where another worker has refreshed for itself meanwhile', async () => {
    const api = async (_: Sent, count: number) => {
      if (count > 1) return new Response('ok')
      await elsewhere(session => ({ ...session, generation: 2, accessToken: null }) as Session)
      await sessions.load()
      return unauthorized()
    }
    const { call, tokens, elsewhere, sessions, refreshes } = setUp({
      options,
      stored: sessionOf({ refreshToken: null }),
      api,
    })
    expect((await call()).status).toBe(200)
    expect(tokens()).toEqual(['Bearer access-1', 'Bearer access-2'])
    expect(refreshes()).toBe(1)
  })
})

describe('V39: a request whose page goes away', () => {
  const POST = { method: 'POST', body: 'two tickets' }
  const expired = { stored: sessionOf({ expiresAt: NOW }) }

  it('while it waits for a refresh is not sent; the refresh goes on', async () => {
    const { call, sent, refreshes, sessions } = setUp(expired)
    const response = await call(POST, '/api/orders', () => async () => true)
    expect(response.type).toBe('error')
    expect(sent).toEqual([])
    expect(refreshes()).toBe(1)
    expect(await sessions.current()).toMatchObject({ accessToken: 'access-2' })
  })

  it('is sent where the page is still there', async () => {
    const { call, tokens } = setUp(expired)
    expect((await call(POST, '/api/orders', () => async () => false)).status).toBe(200)
    expect(tokens()).toEqual(['Bearer access-2'])
  })

  it('is not sent again after a 401', async () => {
    const { call, sent } = setUp({ api: () => received(new Response('no', { status: 401 })) })
    expect((await call(POST, '/api/orders', () => async () => true)).status).toBe(401)
    expect(sent).toHaveLength(1)
  })

  it('is not watched where it need not wait', async () => {
    const { call } = setUp()
    let watched = 0
    await call(POST, '/api/orders', () => {
      watched++
      return async () => true
    })
    expect(watched).toBe(0)
  })
})
