import { describe, expect, it } from 'vitest'
import type { Options } from '../../../../src/core/options/options.ts'
import { createLogout } from '../../../../src/core/requests/logout.ts'
import { createTellLogout } from '../../../../src/core/requests/tell-logout.ts'
import { ended, nobody, type Session } from '../../../../src/core/session/session.ts'
import { createSessionStore } from '../../../../src/core/session/session-store.ts'
import { createRevoke } from '../../../../src/core/tokens/revocation.ts'
import { ACCESS_TOKEN_PLACEHOLDER as ACCESS, REFRESH_TOKEN_PLACEHOLDER as REFRESH } from '../../../../src/protocol.ts'
import {
  configOf,
  createLocks,
  createMemoryStore,
  createServer,
  deferred,
  jsonResponse,
  NOW,
  ORIGIN,
  type Sent,
  sendLogoutOf,
  sessionOf,
} from '../../kit.ts'

function setUp(
  options: Partial<Options> = {},
  stored: Session = sessionOf(),
  answer: (sent: Sent) => Response | Promise<Response> = () => new Response(),
  locks = createLocks(),
) {
  const config = configOf(options)
  const { records, store } = createMemoryStore(new Map([[config.storageKey, stored]]))
  const changes: string[] = []
  const sessions = createSessionStore({
    now: () => NOW,
    config,
    store,
    onChange: async (_, reason) => void changes.push(reason),
  })
  const { fetch, sent } = createServer(answer)
  const log: string[] = []
  const behind: Promise<unknown>[] = []
  const { logout, forward, revocation } = createLogout({
    config,
    sessions,
    fetch,
    tellLogout: createTellLogout({
      config,
      sessions,
      sendLogout: sendLogoutOf(config, fetch, () => NOW),
      locks,
      log: (_, line) => void log.push(line),
    }),
    revoke: createRevoke({
      config,
      fetch,
      now: () => NOW,
      later: (_, task) => task(),
      log: (_, line) => log.push(line),
    }),
  })
  return {
    logout: () => logout(promise => behind.push(promise)),
    forward: (request: Request) => forward(request, promise => behind.push(promise)),
    revocation: (body: BodyInit, headers?: HeadersInit) =>
      revocation(new Request(`${ORIGIN}/auth/revoke`, { method: 'POST', body, ...(headers && { headers }) }), promise =>
        behind.push(promise),
      ),
    sent,
    log,
    behind,
    changes,
    stored: () => records.get(config.storageKey),
  }
}

describe('logout', () => {
  it('ends the stored session and tells the pages, without a token left (R29)', async () => {
    const { logout, stored, changes, sent } = setUp()
    expect(await logout()).toMatchObject({ status: 'anonymous', reason: 'logout' })
    expect(stored()).toMatchObject(ended(sessionOf(), 'logout'))
    expect(JSON.stringify(stored())).not.toMatch(/access-1|refresh-1/)
    expect(changes).toEqual(['logout'])
    expect(sent).toEqual([])
  })

  it.each([
    [undefined, 'GET'],
    ['post', 'POST'],
  ])('asks logoutUrl with the token it had, by %s', async (logoutMethod, method) => {
    const { logout, sent, behind } = setUp({ logoutUrl: '/auth/logout', ...(logoutMethod ? { logoutMethod } : {}) })
    await logout()
    await Promise.all(behind)
    expect(sent).toMatchObject([{ method, url: `${ORIGIN}/auth/logout`, authorization: 'Bearer access-1' }])
    // Its answer may be one, and it is not followed.
    expect(sent[0]?.request.redirect).toBe('manual')
  })

  it('is done before the server has answered, whatever it will', async () => {
    const never = deferred<Response>()
    const { logout, stored, behind, log } = setUp({ logoutUrl: '/auth/logout' }, sessionOf(), () => never.promise)
    await logout()
    expect(stored()).toMatchObject({ status: 'anonymous' })
    never.reject(new TypeError('offline'))
    await Promise.all(behind)
    expect(log).toEqual([expect.stringContaining('could not be reached')])
  })

  it('carries no token with httpInterceptor off', async () => {
    const { logout, forward, sent, behind } = setUp({ logoutUrl: '/auth/logout', httpInterceptor: false })
    await logout()
    await Promise.all(behind)
    await forward(new Request(`${ORIGIN}/auth/logout`))
    expect(sent).toMatchObject([{ authorization: null }, { authorization: null }])
  })

  it('is idempotent: the second tells nobody (N10)', async () => {
    const { logout, sent, changes, behind } = setUp({ logoutUrl: '/auth/logout' })
    await Promise.all([logout(), logout()])
    await Promise.all(behind)
    expect(sent).toHaveLength(1)
    expect(changes).toEqual(['logout'])
  })

  it('of nobody is nothing', async () => {
    const { logout, sent, stored } = setUp({ logoutUrl: '/auth/logout' }, nobody)
    await logout()
    expect(sent).toEqual([])
    expect(stored()).toEqual(nobody)
  })
})

describe('with revocationUrl (RFC 7009)', () => {
  const options = { revocationUrl: '/auth/revoke', clientId: 'web' }

  it.each(['logout', 'forward'] as const)(
    'the refresh token is revoked once, by the one that ended the session (N10): %s',
    async how => {
      const { logout, forward, sent, behind, stored } = setUp(options)
      const end = () => (how === 'logout' ? logout() : forward(new Request(`${ORIGIN}/auth/logout`)))
      await Promise.all([end(), end()])
      await Promise.all(behind)
      const revocations = sent.filter(({ url }) => url.endsWith('/auth/revoke'))
      expect(revocations).toMatchObject([{ method: 'POST', authorization: 'Bearer access-1' }])
      expect(JSON.parse(revocations[0]?.body ?? '')).toEqual({
        token: 'refresh-1',
        token_type_hint: 'refresh_token',
        client_id: 'web',
      })
      expect(revocations[0]?.request).toMatchObject({
        redirect: 'error',
        cache: 'no-store',
        referrerPolicy: 'no-referrer',
      })
      expect(stored()).toMatchObject({ status: 'anonymous' })
    },
  )

  it('is asked in form encoding where the server wants it, without a header', async () => {
    const form = { 'Content-Type': 'application/x-www-form-urlencoded' }
    const { logout, sent, behind } = setUp({ ...options, defaultHeadersForTokenRequests: form })
    await logout()
    await Promise.all(behind)
    expect(sent).toMatchObject([
      { authorization: null, body: 'token=refresh-1&token_type_hint=refresh_token&client_id=web' },
    ])
  })

  it('revokes the access token of a session that has no other', async () => {
    const { logout, sent, behind } = setUp(options, sessionOf({ refreshToken: null }))
    await logout()
    await Promise.all(behind)
    expect(JSON.parse(sent[0]?.body ?? '')).toMatchObject({ token: 'access-1', token_type_hint: 'access_token' })
  })

  it.each<[string, number, () => Promise<Response>]>([
    ['200', 1, async () => new Response()],
    ['400', 1, async () => new Response('', { status: 400 })],
    ['503', 3, async () => new Response('', { status: 503 })],
    ['503 for an hour', 1, async () => new Response('', { status: 503, headers: { 'Retry-After': '3600' } })],
    ['429', 3, async () => new Response('', { status: 429 })],
    ['no CORS header, or no network', 3, () => Promise.reject(new TypeError('Failed to fetch access-1'))],
  ])(
    'the session has ended before, and so many requests are sent, when the server answers %s: %i (B19)',
    async (_, count, answer) => {
      const { logout, sent, behind, log, stored } = setUp(options, sessionOf(), answer)
      await logout()
      expect(stored()).toMatchObject({ status: 'anonymous', reason: 'logout' })
      await Promise.all(behind)
      expect(sent).toHaveLength(count)
      expect(log.join()).not.toMatch(/access-1|refresh-1/)
    },
  )

  it('does not wait for one that hangs (B19)', async () => {
    const { logout, stored } = setUp(options, sessionOf(), () => new Promise<Response>(() => undefined))
    await logout()
    expect(stored()).toMatchObject({ status: 'anonymous' })
  })
})

describe("a page's own revocation request (RFC 7009)", () => {
  const options = {
    revocationUrl: '/auth/revoke',
    clientId: 'web',
    defaultHeadersForTokenRequests: { 'Content-Type': 'application/x-www-form-urlencoded' },
  }
  const form = (token: string, hint: string) => new URLSearchParams({ token, token_type_hint: hint, client_id: 'web' })
  const never = () => new Promise<Response>(() => undefined)

  it.each([
    ['access_token', ACCESS],
    ['refresh_token', REFRESH],
  ])('with the placeholder of the %s is a logout: the real tokens are revoked', async (hint, placeholder) => {
    const { revocation, sent, stored, changes, behind } = setUp({ ...options, logoutUrl: '/auth/logout' })
    const response = await revocation(form(placeholder, hint))
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('')
    expect(stored()).toMatchObject({ status: 'anonymous', reason: 'logout' })
    expect(changes).toEqual(['logout'])
    await Promise.all(behind)
    expect(sent.toSorted((a, b) => b.url.localeCompare(a.url))).toMatchObject([
      { url: `${ORIGIN}/auth/revoke`, body: 'token=refresh-1&token_type_hint=refresh_token&client_id=web' },
      { url: `${ORIGIN}/auth/logout`, authorization: 'Bearer access-1' },
    ])
  })

  it('is one in JSON too', async () => {
    const { revocation, stored } = setUp(options)
    const response = await revocation(JSON.stringify({ token: REFRESH }), { 'Content-Type': 'application/json' })
    expect(response.status).toBe(200)
    expect(stored()).toMatchObject({ status: 'anonymous', reason: 'logout' })
  })

  it('is answered at once, while the server hangs or is out of reach', async () => {
    const { revocation, stored } = setUp(options, sessionOf(), never)
    expect((await revocation(form(REFRESH, 'refresh_token'))).status).toBe(200)
    expect(stored()).toMatchObject({ status: 'anonymous', reason: 'logout' })
    const offline = setUp(options, sessionOf(), () => Promise.reject(new TypeError('offline')))
    expect((await offline.revocation(form(REFRESH, 'refresh_token'))).status).toBe(200)
    await Promise.all(offline.behind)
    expect(offline.sent).toHaveLength(3)
    expect(offline.log).toEqual([expect.stringContaining('could not be revoked')])
  })

  it('of the second token, when nobody is logged in any more, is a 200 that tells nobody', async () => {
    const { revocation, sent, changes, behind } = setUp(options)
    const answers = [ACCESS, REFRESH].map(token => revocation(form(token, '')))
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200])
    await Promise.all(behind)
    expect(changes).toEqual(['logout'])
    expect(sent).toHaveLength(1)
  })

  it.each<[string, BodyInit]>([
    ['a token of its own', new URLSearchParams({ token: 'own', client_id: 'web' })],
    ['no token', new URLSearchParams()],
    ['no form', new Blob(['x'])],
  ])('with %s is sent as it is, and ends nothing', async (_, body) => {
    const { revocation, sent, stored } = setUp(options, sessionOf(), async () => new Response('', { status: 400 }))
    const text = await new Response(body).text()
    expect((await revocation(body)).status).toBe(400)
    expect(sent).toMatchObject([{ authorization: null, body: text }])
    expect(stored()).toEqual(sessionOf())
  })

  it('with a token of its own, and a placeholder besides, is not sent, and ends nothing', async () => {
    const { revocation, sent, stored } = setUp(options)
    const response = await revocation(new URLSearchParams({ token: 'own', token_type_hint: REFRESH }))
    expect([response.status, (await response.json()).code]).toEqual([400, 'placeholder_misplaced'])
    expect(sent).toEqual([])
    expect(stored()).toEqual(sessionOf())
  })
})

describe("a page's own request to the logout URL", () => {
  it('ends the session, and is sent with the token it had', async () => {
    const { forward, sent, stored, changes } = setUp()
    const response = await forward(new Request(`${ORIGIN}/auth/logout`, { method: 'POST', body: 'bye' }))
    expect(response.status).toBe(200)
    expect(sent).toMatchObject([{ method: 'POST', authorization: 'Bearer access-1', body: 'bye' }])
    expect(stored()).toMatchObject({ status: 'anonymous', reason: 'logout' })
    expect(changes).toEqual(['logout'])
  })

  it('ends it even where the server is out of reach', async () => {
    const { forward, stored } = setUp({}, sessionOf(), () => Promise.reject(new TypeError('offline')))
    await expect(forward(new Request(`${ORIGIN}/auth/logout`))).rejects.toThrow(TypeError)
    expect(stored()).toMatchObject({ status: 'anonymous', reason: 'logout' })
  })

  it("leaves the page's own Authorization alone", async () => {
    const { forward, sent } = setUp()
    await forward(new Request(`${ORIGIN}/auth/logout`, { headers: { Authorization: 'Basic b3du' } }))
    expect(sent).toMatchObject([{ authorization: 'Basic b3du' }])
  })
})

describe("with refreshTokenIn: 'cookie'", () => {
  const options = { logoutUrl: '/auth/logout', refreshTokenIn: 'cookie' } as const
  const bare = { ...sessionOf(), accessToken: null, refreshToken: null }

  it('the cookie goes along, also where there is no access token', async () => {
    const { logout, sent, behind } = setUp(options, bare)
    await logout()
    await Promise.all(behind)
    expect(sent).toMatchObject([{ authorization: null }])
    expect(sent[0]?.request.credentials).toBe('include')
  })

  it('the session ends at once, but the server is told after a refresh that is under way (N8)', async () => {
    const locks = createLocks()
    const refresh = deferred<void>()
    locks('refresh-worker:refresh', 0, () => refresh.promise)
    const { logout, forward, sent, stored, behind } = setUp(options, sessionOf(), undefined, locks)
    await logout()
    const response = forward(new Request(`${ORIGIN}/auth/logout`))
    await new Promise(resolve => setImmediate(resolve))
    expect(stored()).toMatchObject({ status: 'anonymous', reason: 'logout' })
    expect(sent).toEqual([])
    refresh.resolve()
    await Promise.all([...behind, response])
    expect(sent).toHaveLength(2)
  })
})

describe('a server that refuses the token with which it is told of a logout', () => {
  /** Of such as take no expired token to a logout, and go on with their own session. */
  const strict =
    (refresh: () => Response = () => jsonResponse({ access_token: 'access-2', refresh_token: 'refresh-2' })) =>
    ({ url, authorization }: Sent) => {
      if (url.endsWith('/auth/login')) return refresh()
      return new Response(null, { status: authorization === 'Bearer access-2' ? 204 : 401 })
    }
  const options = { logoutUrl: '/auth/logout', logoutMethod: 'post' } as const
  const steps = (sent: readonly Sent[]) =>
    sent.map(({ url, authorization }) => [url.slice(ORIGIN.length), authorization])
  const THREE = [
    ['/auth/logout', 'Bearer access-1'],
    ['/auth/login', 'Bearer access-1'],
    ['/auth/logout', 'Bearer access-2'],
  ]

  it('is told once more with a fresh one, which nobody keeps', async () => {
    const { logout, behind, sent, stored } = setUp(options, sessionOf(), strict())
    await logout()
    await Promise.all(behind)
    expect(steps(sent)).toEqual(THREE)
    expect(stored()).toMatchObject(ended(sessionOf(), 'logout'))
  })

  it("gets the page's own request once more, with its body, and the page that answer", async () => {
    const { forward, sent, stored } = setUp(options, sessionOf(), strict())
    const request = new Request(`${ORIGIN}/auth/logout`, { method: 'POST', body: '{"everywhere":true}' })
    expect((await forward(request)).status).toBe(204)
    expect(steps(sent)).toEqual(THREE)
    expect(sent.map(({ body }) => body)).toEqual(['{"everywhere":true}', expect.anything(), '{"everywhere":true}'])
    expect(stored()).toMatchObject({ status: 'anonymous', reason: 'logout' })
  })

  it.each([
    ['the refresh is refused', () => jsonResponse({ error: 'invalid_grant' }, { status: 400 })],
    ['the refresh fails', () => new Response(null, { status: 503 })],
  ])('is left at that where %s', async (_, refresh) => {
    const { forward, sent } = setUp(options, sessionOf(), strict(refresh))
    const request = new Request(`${ORIGIN}/auth/logout`, { method: 'POST' })
    expect((await forward(request)).status).toBe(401)
    expect(sent).toHaveLength(2)
  })

  it.each([
    ['has no refresh token', {}, sessionOf({ refreshToken: null })],
    ['is revoked besides', { revocationUrl: '/auth/revoke' }, sessionOf()],
    ['is not to be refreshed unasked', { autoUpdateToken: false }, sessionOf()],
    ['gets no token from the worker', { httpInterceptor: false }, sessionOf()],
  ])('is told once where the session %s', async (_, more, session) => {
    const { logout, behind, sent } = setUp({ ...options, ...more }, session, strict())
    await logout()
    await Promise.all(behind)
    expect(sent.filter(({ url }) => url.endsWith('/auth/logout'))).toHaveLength(1)
    expect(sent.filter(({ url }) => url.endsWith('/auth/login'))).toEqual([])
  })

  it('has not heard of the end of a session in cookies unless a refresh is refused too', async () => {
    const inCookies = { ...options, accessTokenIn: 'cookie', refreshTokenUrl: '/auth/login' } as const
    const session = sessionOf({ accessToken: 'in cookie', refreshToken: null })
    const failing = setUp(
      inCookies,
      session,
      strict(() => new Response(null, { status: 503 })),
    )
    expect(await failing.logout()).toMatchObject({ status: 'anonymous', isCookieLeft: true })
    const refusing = setUp(
      inCookies,
      session,
      strict(() => jsonResponse({ error: 'invalid_grant' }, { status: 400 })),
    )
    expect(await refusing.logout()).not.toHaveProperty('isCookieLeft')
  })
})

it.each([404, 405])('a logout URL that answers %s to the method is named in development', async status => {
  const { logout, behind, log } = setUp(
    { logoutUrl: '/auth/logout' },
    sessionOf(),
    () => new Response(null, { status }),
  )
  await logout()
  await Promise.all(behind)
  expect(log).toEqual([`the logout URL answered ${status} to a GET: see logoutMethod`])
})
