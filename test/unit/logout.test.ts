import { describe, expect, it } from 'vitest'
import type { Options } from '../../sw/config.ts'
import { createLogout } from '../../sw/logout.ts'
import { createRevoke } from '../../sw/revocation.ts'
import { ended, nobody, type Session } from '../../sw/session.ts'
import { createSessionStore } from '../../sw/session-store.ts'
import { configOf, createLocks, createMemoryStore, createServer, deferred, NOW, ORIGIN, sessionOf } from './kit.ts'

function setUp(
  options: Partial<Options> = {},
  stored: Session = sessionOf(),
  answer = () => Promise.resolve(new Response()),
  locks = createLocks(),
) {
  const config = configOf(options)
  const { records, store } = createMemoryStore(new Map([[config.storageKey, stored]]))
  const changes: string[] = []
  const sessions = createSessionStore({ config, store, onChange: async (_, reason) => void changes.push(reason) })
  const { fetch, sent } = createServer(answer)
  const log: string[] = []
  const behind: Promise<unknown>[] = []
  const { logout, forward } = createLogout({
    config,
    sessions,
    fetch,
    locks,
    revoke: createRevoke({
      config,
      fetch,
      now: () => NOW,
      later: (_, task) => task(),
      log: (_, line) => log.push(line),
    }),
    log: (_, line) => log.push(line),
  })
  return {
    logout: () => logout(promise => behind.push(promise)),
    forward: (request: Request) => forward(request, promise => behind.push(promise)),
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
    expect(stored()).toEqual(ended(sessionOf(), 'logout'))
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
    expect(sent[0]?.request.redirect).toBe('error')
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
    const { logout, sent, changes } = setUp({ logoutUrl: '/auth/logout' })
    await Promise.all([logout(), logout()])
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
