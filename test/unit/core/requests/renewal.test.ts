import { describe, expect, it } from 'vitest'
import type { Options } from '../../../../src/core/options/options.ts'
import { createRenew } from '../../../../src/core/requests/renewal.ts'
import type { RequestKind } from '../../../../src/core/requests/routes.ts'
import { nobody, refreshed, type Session } from '../../../../src/core/session/session.ts'
import { RefreshWorkerError } from '../../../../src/errors.ts'
import { ACCESS_TOKEN_PLACEHOLDER, REFRESH_TOKEN_PLACEHOLDER } from '../../../../src/protocol.ts'
import { configOf, createClock, jwt, NOW, ORIGIN, sessionOf, tokensOf } from '../../kit.ts'

/** As pages see them: each names its session. */
const ACCESS = `${ACCESS_TOKEN_PLACEHOLDER}-session-a`
const REFRESH = `${REFRESH_TOKEN_PLACEHOLDER}-session-a`

interface Setting {
  options?: Partial<Options>
  session?: Session
  failure?: ConstructorParameters<typeof RefreshWorkerError>[0]
}

function setUp({ options, session = sessionOf(), failure }: Setting = {}) {
  const clock = createClock()
  let refreshes = 0
  const answer = createRenew({
    config: configOf(options),
    now: clock.now,
    freshSession: {
      current: async () => session,
      refresh: async old => {
        refreshes++
        if (failure) throw new RefreshWorkerError(failure, 'the reason')
        return refreshed(
          old,
          tokensOf({ accessToken: 'access-2', receivedAt: clock.time, expiresAt: clock.time + 60_000 }),
        )
      },
      isRefreshing: () => false,
      refreshes: () => [],
    },
  })
  const renew = (request: Request, kind: RequestKind = 'login') => answer(request, kind, () => undefined)
  const post = (body: BodyInit, type?: string) =>
    new Request(`${ORIGIN}/auth/token`, {
      method: 'POST',
      body,
      ...(type ? { headers: { 'Content-Type': type } } : {}),
    })
  const form = (fields: Record<string, string>) => post(new URLSearchParams(fields))
  const json = (body: unknown) => post(JSON.stringify(body), 'application/json')
  return { renew, clock, post, form, json, refreshes: () => refreshes }
}

const GRANT = { grant_type: 'refresh_token', refresh_token: REFRESH }

describe("a page's own refresh request with the placeholder", () => {
  it.each(['form', 'json'] as const)(
    'is a refresh of the session, answered as RFC 6749 has it, without a token (%s)',
    async how => {
      const { renew, clock, refreshes, ...posts } = setUp()
      clock.time = NOW + 400_000
      const response = await renew(posts[how]({ ...GRANT, client_id: 'web' }))
      expect(response?.headers.get('Cache-Control')).toBe('no-store')
      expect(await response?.json()).toEqual({
        access_token: ACCESS,
        refresh_token: REFRESH,
        token_type: 'Bearer',
        expires_in: 60,
      })
      expect(refreshes()).toBe(1)
    },
  )

  it('gets what another tab has just refreshed', async () => {
    const { renew, form, clock, refreshes } = setUp()
    clock.time = NOW + 299_000
    expect(await (await renew(form(GRANT)))?.json()).toMatchObject({ access_token: ACCESS, expires_in: 301 })
    expect(refreshes()).toBe(0)
  })

  it('has the shape of the server where the configuration says so', async () => {
    const { renew, json } = setUp({
      options: {
        refreshTokenSubmitProp: 'token',
        accessTokenProp: 'data.access',
        refreshTokenProp: 'data.refresh',
        authTokenType: 'JWT',
      },
      session: sessionOf({ expiresAt: null }),
    })
    const response = await renew(json({ grant_type: 'refresh_token', token: REFRESH }))
    expect(await response?.json()).toEqual({ token_type: 'JWT', data: { access: ACCESS, refresh: REFRESH } })
  })

  it('hears of the token_type that the login had, where the token is bound to a key (RFC 9449)', async () => {
    const { renew, form } = setUp({ options: { dpop: true }, session: sessionOf({ isBound: true }) })
    expect(await (await renew(form(GRANT)))?.json()).toMatchObject({ access_token: ACCESS, token_type: 'DPoP' })
  })

  const idTokenFor = (seconds: number) => jwt({ sub: 'ada', exp: NOW / 1000 + seconds })
  it.each<[string, string, Partial<Options>, string | undefined]>([
    ['brings the id token, by which libraries notice another user', idTokenFor(1), {}, idTokenFor(1)],
    ['leaves out an id token that has expired, which they refuse', idTokenFor(0), {}, undefined],
    ['leaves out an id token that does not say', jwt({ sub: 'ada' }), {}, undefined],
    ['leaves out the id token with exposeIdToken off', idTokenFor(1), { exposeIdToken: false }, undefined],
  ])('%s', async (_, idToken, options, sees) => {
    const { renew, form } = setUp({ options, session: sessionOf({ idToken }) })
    expect(await (await renew(form(GRANT)))?.json()).toEqual({
      access_token: ACCESS,
      refresh_token: REFRESH,
      id_token: sees,
      token_type: 'Bearer',
      expires_in: 600,
    })
  })

  it.each([
    ['refresh_rejected', 400, 'invalid_grant'],
    ['session_replaced', 400, 'invalid_grant'],
    ['no_refresh_token', 400, 'invalid_grant'],
    ['refresh_unavailable', 503, 'temporarily_unavailable'],
  ] as const)('that fails with %s is answered %i %s', async (failure, status, error) => {
    const { renew, form, clock } = setUp({ failure })
    clock.time = NOW + 600_000
    const response = await renew(form(GRANT))
    expect(response?.status).toBe(status)
    expect(await response?.json()).toEqual({ error, error_description: 'the reason' })
  })

  it('that finds no network fails as one that finds none', async () => {
    const { renew, form, clock } = setUp({ failure: 'refresh_network_error' })
    clock.time = NOW + 600_000
    expect((await renew(form(GRANT)))?.type).toBe('error')
  })

  it('of nobody is refused', async () => {
    const { renew, form } = setUp({ session: nobody })
    expect((await renew(form(GRANT)))?.status).toBe(400)
  })
})

describe("a page's own refresh request without a placeholder (V15)", () => {
  const inCookie: Partial<Options> = { refreshTokenIn: 'cookie', refreshTokenUrl: '/auth/token' }
  const session = sessionOf({ refreshToken: null })

  it.each<[string, (posts: ReturnType<typeof setUp>) => Request]>([
    ['no body', () => new Request(`${ORIGIN}/auth/token`, { method: 'POST' })],
    ['an empty object', ({ json }) => json({})],
    ['a grant type', ({ form }) => form({ grant_type: 'refresh_token' })],
    ['a client id', ({ json }) => json({ client_id: 'web' })],
  ])('is answered from the session where the token is in a cookie: %s', async (_, of) => {
    const setting = setUp({ options: inCookie, session })
    const response = await setting.renew(of(setting), 'token')
    expect(await response?.json()).toEqual({ access_token: ACCESS, token_type: 'Bearer', expires_in: 600 })
    expect(setting.refreshes()).toBe(0)
  })

  it('causes a refresh where one is due', async () => {
    const { renew, json, clock, refreshes } = setUp({ options: inCookie, session })
    clock.time = NOW + 301_000
    expect(await (await renew(json({}), 'token'))?.json()).toMatchObject({ access_token: ACCESS })
    expect(refreshes()).toBe(1)
  })

  it('is for the server where nobody is logged in: the cookie may be of before the worker', async () => {
    const { renew, json } = setUp({ options: inCookie, session: nobody })
    expect(await renew(json({}), 'token')).toBeNull()
  })

  it('is no refresh at a URL that takes logins too, unless it says so', async () => {
    const { renew, json, form } = setUp({ options: inCookie, session })
    expect(await renew(json({}), 'login')).toBeNull()
    expect(await renew(form({ grant_type: 'refresh_token' }), 'login')).not.toBeNull()
  })

  it("with the session's refresh token gets the session's tokens, and spends none", async () => {
    const { renew, form, refreshes } = setUp({ options: { redactTokens: false } })
    const response = await renew(form({ grant_type: 'refresh_token', refresh_token: 'refresh-1' }))
    expect(await response?.json()).toMatchObject({ access_token: 'access-1', refresh_token: 'refresh-1' })
    expect(refreshes()).toBe(0)
  })
})

describe('any other request', () => {
  const setting = setUp()
  it.each<[string, Request]>([
    ['a login', setting.json({ username: 'ada', password: 'secret' })],
    ['a code that is exchanged', setting.form({ grant_type: 'authorization_code', code: 'c' })],
    ['a refresh token of the page', setting.form({ grant_type: 'refresh_token', refresh_token: 'own' })],
    ['broken JSON', setting.post('{"grant_type":', 'application/json')],
    ['null', setting.json(null)],
    ['a file', setting.post(new Blob(['x']))],
    ['nothing', new Request(`${ORIGIN}/auth/token`, { method: 'POST' })],
  ])('is not answered, and can still be sent: %s', async (_, request) => {
    for (const kind of ['login', 'token'] as const) expect(await setting.renew(request, kind)).toBeNull()
    expect(request.bodyUsed).toBe(false)
  })
})
