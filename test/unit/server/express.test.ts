import type { Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import express5, { type ErrorRequestHandler, type Request, type RequestHandler } from 'express'
import { decodeJwt, decodeProtectedHeader, jwtVerify, SignJWT, UnsecuredJWT } from 'jose'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ConfigError } from '../../../src/errors.ts'
import {
  clearRefreshTokenCookie,
  issueTokens,
  type RefreshSession,
  type RefreshTokenOptions,
  readRefreshTokenCookie,
  refreshToken,
  setRefreshTokenCookie,
  type TokenOptions,
  type TokenResponse,
} from '../../../src/server/express.ts'

// The alias has no types of its own
const express4: typeof express5 = createRequire(import.meta.url)('express4')

const accessTokenSecret = 'access-secret-access-secret-1234'
const refreshTokenSecret = 'refresh-secret-refresh-secret-12'
const tokens: TokenOptions = { accessTokenSecret, refreshTokenSecret }
const user = { sub: 'user-1', name: 'Ada', roles: ['admin'], aud: 'https://api.example', iss: 'https://auth.example' }
const start = new Date('2030-01-01T00:00:00Z')
const epoch = start.getTime() / 1000
const day = 86_400
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

const bytes = (secret: string) => new TextEncoder().encode(secret)

function later(seconds: number) {
  vi.setSystemTime(Date.now() + seconds * 1000)
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: start })
})
afterEach(() => {
  vi.useRealTimers()
})

/** Signs what the payload says, which the middleware's own functions would never sign. */
function forge(payload: Record<string, unknown>, typ: string, secret: string, alg = 'HS256') {
  return new SignJWT(payload).setProtectedHeader({ alg, typ }).sign(bytes(secret))
}

describe('issueTokens', () => {
  it('answers what a login answers', async () => {
    const answer = await issueTokens(user, tokens)
    expect(answer).toEqual({
      access_token: expect.any(String),
      refresh_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: day,
    })
    expect(decodeProtectedHeader(answer.access_token)).toEqual({ alg: 'HS256', typ: 'at+jwt' })
    expect(decodeProtectedHeader(answer.refresh_token)).toEqual({ alg: 'HS256', typ: 'rt+jwt' })
  })

  it('signs the claims, the times and the session into the access token', async () => {
    const { access_token } = await issueTokens(user, tokens)
    const { payload } = await jwtVerify(access_token, bytes(accessTokenSecret))
    const ids = { sid: expect.stringMatching(uuid), jti: expect.stringMatching(uuid) }
    expect(payload).toEqual({ ...user, ...ids, iat: epoch, exp: epoch + day })
  })

  it('signs only the user, the session and the times into the refresh token', async () => {
    const { access_token, refresh_token } = await issueTokens(user, tokens)
    const { payload } = await jwtVerify(refresh_token, bytes(refreshTokenSecret))
    const { sid, jti: ati } = decodeJwt(access_token)
    expect(payload).toEqual({
      sub: 'user-1',
      sid,
      ati,
      jti: expect.stringMatching(uuid),
      iat: epoch,
      exp: epoch + 10 * day,
      auth_time: epoch,
    })
    expect(payload.jti).not.toBe(ati)
  })

  it('starts a session of its own for every login', async () => {
    const answers = [await issueTokens(user, tokens), await issueTokens(user, tokens)]
    expect(new Set(answers.map(answer => decodeJwt(answer.access_token).sid)).size).toBe(2)
  })

  it('takes neither times nor ids from the claims', async () => {
    const old = { exp: 1, iat: 1, nbf: 4e9, jti: 'mine', sid: 'mine' }
    const { access_token } = await issueTokens({ ...user, ...old }, tokens)
    const claims = decodeJwt(access_token)
    expect(claims).toMatchObject({ iat: epoch, exp: epoch + day, sub: 'user-1' })
    expect(claims).not.toHaveProperty('nbf')
    expect(claims.jti).toMatch(uuid)
    expect(claims.sid).toMatch(uuid)
  })

  it('takes the lifetimes in seconds', async () => {
    const answer = await issueTokens(user, { ...tokens, accessTokenLifetime: 60, refreshTokenLifetime: 120 })
    expect(answer.expires_in).toBe(60)
    expect(decodeJwt(answer.access_token).exp).toBe(epoch + 60)
    expect(decodeJwt(answer.refresh_token).exp).toBe(epoch + 120)
  })

  it.each([undefined, null, '', 7])('throws at once where the user is %o', sub => {
    expect(() => issueTokens({ sub } as unknown as { sub: string }, tokens)).toThrow(
      new ConfigError('claims.sub', 'must be a string that is not empty'),
    )
  })
})

describe('options', () => {
  const withBytes = { accessTokenSecret: bytes(accessTokenSecret), refreshTokenSecret: bytes(refreshTokenSecret) }

  it.each<[string, object | undefined, string]>([
    ['no options', undefined, 'accessTokenSecret'],
    ['no access token secret', { refreshTokenSecret }, 'accessTokenSecret'],
    ['no refresh token secret', { accessTokenSecret }, 'refreshTokenSecret'],
    ['a secret of 31 bytes', { ...tokens, accessTokenSecret: 'x'.repeat(31) }, 'accessTokenSecret'],
    ['a secret of 31 bytes in an array', { ...tokens, refreshTokenSecret: new Uint8Array(31) }, 'refreshTokenSecret'],
    ['a secret that is no string', { ...tokens, refreshTokenSecret: 12345 }, 'refreshTokenSecret'],
    ['one secret for both', { ...tokens, refreshTokenSecret: accessTokenSecret }, 'refreshTokenSecret'],
    ['the same bytes', { ...tokens, refreshTokenSecret: Buffer.from(accessTokenSecret) }, 'refreshTokenSecret'],
    ['a lifetime of 0', { ...tokens, accessTokenLifetime: 0 }, 'accessTokenLifetime'],
    ['a lifetime below 0', { ...tokens, refreshTokenLifetime: -1 }, 'refreshTokenLifetime'],
    ['a lifetime without end', { ...tokens, refreshTokenLifetime: Number.POSITIVE_INFINITY }, 'refreshTokenLifetime'],
    ['a lifetime that is no number', { ...tokens, accessTokenLifetime: Number.NaN }, 'accessTokenLifetime'],
    ['a lifetime in a string', { ...tokens, accessTokenLifetime: '60' }, 'accessTokenLifetime'],
    ['a lifetime of half a second', { ...tokens, accessTokenLifetime: 0.5 }, 'accessTokenLifetime'],
    ['an age of 0', { ...tokens, maxAge: 0 }, 'maxAge'],
    ['an age of none', { ...tokens, maxAge: null }, 'maxAge'],
    ['an empty header name', { ...tokens, authHeader: '' }, 'authHeader'],
    ['a scheme that is no string', { ...tokens, authTokenType: 5 }, 'authTokenType'],
    ['an empty property name', { ...tokens, refreshTokenSubmitProp: '' }, 'refreshTokenSubmitProp'],
    ['a hook that is no function', { ...tokens, authorize: true }, 'authorize'],
    ['a cookie that is none', { ...tokens, refreshTokenCookie: true }, 'refreshTokenCookie'],
    ['a cookie without a path', { ...tokens, refreshTokenCookie: {} }, 'refreshTokenCookie'],
    ['a cookie with a path of two', { ...tokens, refreshTokenCookie: { path: '/; Path=/a' } }, 'refreshTokenCookie'],
    [
      'a cookie with a name of two',
      { ...tokens, refreshTokenCookie: { path: '/', name: 'a=b' } },
      'refreshTokenCookie',
    ],
    ['a cookie perhaps secure', { ...tokens, refreshTokenCookie: { path: '/', secure: 0 } }, 'refreshTokenCookie'],
    ['a cookie of another make', { ...tokens, refreshTokenCookie: { path: '/', domain: 'x' } }, 'refreshTokenCookie'],
    ['an unknown option', { ...tokens, accesTokenLifetime: 60 }, 'accesTokenLifetime'],
  ])('throw at once, by name: %s', (_, options, option) => {
    for (const call of [refreshToken, (given: RefreshTokenOptions) => issueTokens(user, given)]) {
      let thrown: unknown
      try {
        call(options as unknown as RefreshTokenOptions)
      } catch (error) {
        thrown = error
      }
      expect(thrown).toBeInstanceOf(ConfigError)
      expect(thrown).toMatchObject({ code: 'config_error', option })
      expect(String(thrown)).not.toMatch(/access-secret|refresh-secret|xxx|12345/)
    }
  })

  it('take secrets as bytes', async () => {
    const { access_token } = await issueTokens(user, withBytes)
    await expect(jwtVerify(access_token, bytes(accessTokenSecret))).resolves.toBeTruthy()
  })

  it('take undefined for a default', async () => {
    const unset = { ...tokens, accessTokenLifetime: undefined, authHeader: undefined, authorize: undefined }
    expect(() => refreshToken(unset as unknown as RefreshTokenOptions)).not.toThrow()
  })
})

describe.each([
  ['Express 4', express4],
  ['Express 5', express5],
])('refreshToken in %s', (_, express) => {
  let server: Server | undefined
  const errors: unknown[] = []

  /** A login's URL, with a handler after the middleware, and an error handler. */
  async function serve(options: Partial<RefreshTokenOptions> = {}, parser: RequestHandler | null = express.json()) {
    const app = express()
    if (parser) app.use(parser)
    app.use(refreshToken({ ...tokens, ...options }))
    app.post('/auth/login', (_request, response) => {
      response.json({ next: true })
    })
    app.use(((error, _request, response, _next) => {
      errors.push(error)
      response.status(500).json({ error: 'handled' })
    }) satisfies ErrorRequestHandler)
    const listening = app.listen(0)
    server = listening
    await new Promise(resolve => listening.once('listening', resolve))
    return `http://127.0.0.1:${(listening.address() as AddressInfo).port}/auth/login`
  }

  afterEach(async () => {
    server?.closeAllConnections()
    await new Promise(resolve => (server ? server.close(resolve) : resolve(undefined)))
    server = undefined
    errors.length = 0
  })

  function post(url: string, body: unknown, headers: Record<string, string> = {}) {
    return fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
  }

  function refresh(url: string, pair: { access_token: string; refresh_token: unknown }) {
    const body = { grant_type: 'refresh_token', refresh_token: pair.refresh_token }
    return post(url, body, { Authorization: `Bearer ${pair.access_token}` })
  }

  async function refreshed(response: Response): Promise<TokenResponse> {
    expect(response.status).toBe(200)
    return response.json()
  }

  /** Every refusal is told in the words of RFC 6749 §5.2, and tells no secret. */
  async function expectRefusal(response: Response, status: 400 | 401, description: string | RegExp, sent: unknown[]) {
    const text = await response.text()
    expect(response.status, text).toBe(status)
    expect(response.headers.get('Cache-Control')).toBe('no-store')
    expect(response.headers.get('WWW-Authenticate')).toBe(status === 401 ? 'Bearer' : null)
    expect(JSON.parse(text)).toEqual({
      error: status === 401 ? 'invalid_grant' : 'invalid_request',
      error_description: expect.stringMatching(description),
    })
    expect(JSON.parse(text).error_description).toMatch(/^[\x20-\x21\x23-\x5B\x5D-\x7E]+$/)
    expect(text).not.toMatch(/secret/)
    for (const part of sent.flatMap(token => String(token).split('.')).filter(part => part.length > 3))
      expect(text).not.toContain(part)
    expect(errors).toEqual([])
  }

  async function expectInvalidGrant(
    pair: { access_token: string; refresh_token: unknown },
    description: string | RegExp,
  ) {
    const sent = [pair.access_token, pair.refresh_token]
    await expectRefusal(await refresh(await serve(), pair), 401, description, sent)
  }

  describe('a refresh', () => {
    it('answers like a login, and is never cached', async () => {
      const response = await refresh(await serve(), await issueTokens(user, tokens))
      expect(response.headers.get('Cache-Control')).toBe('no-store')
      expect(response.headers.get('Content-Type')).toMatch(/^application\/json/)
      expect(await refreshed(response)).toEqual({
        access_token: expect.any(String),
        refresh_token: expect.any(String),
        token_type: 'Bearer',
        expires_in: day,
      })
    })

    it('takes an access token that expired days ago', async () => {
      const old = await issueTokens(user, tokens)
      later(9 * day)
      const { access_token } = await refreshed(await refresh(await serve(), old))
      const { payload } = await jwtVerify(access_token, bytes(accessTokenSecret), { typ: 'at+jwt' })
      expect(payload).toMatchObject({ iat: epoch + 9 * day, exp: epoch + 10 * day })
    })

    it('keeps the claims and the session, and renews the ids', async () => {
      const old = await issueTokens(user, tokens)
      const before = decodeJwt(old.access_token)
      later(1)
      const { access_token, refresh_token } = await refreshed(await refresh(await serve(), old))
      const after = decodeJwt(access_token)
      expect(after).toEqual({
        ...before,
        jti: expect.stringMatching(uuid),
        iat: epoch + 1,
        exp: epoch + 1 + day,
      })
      expect(after.jti).not.toBe(before.jti)
      expect(decodeJwt(refresh_token)).toMatchObject({ sub: 'user-1', sid: before.sid, ati: after.jti })
      expect(decodeJwt(refresh_token).jti).not.toBe(decodeJwt(old.refresh_token).jti)
    })

    it('signs each token with its type, its secret and its lifetime', async () => {
      const url = await serve({ accessTokenLifetime: 60, refreshTokenLifetime: 120 })
      const answer = await refreshed(await refresh(url, await issueTokens(user, tokens)))
      expect(answer.expires_in).toBe(60)
      const access = await jwtVerify(answer.access_token, bytes(accessTokenSecret))
      expect(access).toMatchObject({ protectedHeader: { alg: 'HS256', typ: 'at+jwt' }, payload: { exp: epoch + 60 } })
      const fresh = await jwtVerify(answer.refresh_token, bytes(refreshTokenSecret))
      expect(fresh).toMatchObject({ protectedHeader: { alg: 'HS256', typ: 'rt+jwt' }, payload: { exp: epoch + 120 } })
    })

    it('works again and again, beyond the lifetime of the first refresh token', async () => {
      const url = await serve()
      let pair = await issueTokens(user, tokens)
      const { sid } = decodeJwt(pair.access_token)
      for (let round = 0; round < 5; round++) {
        later(5 * day)
        pair = await refreshed(await refresh(url, pair))
        expect(decodeJwt(pair.access_token)).toMatchObject({ ...user, sid })
      }
    })

    it('can be repeated with the same tokens, whose answer was lost', async () => {
      const url = await serve()
      const pair = await issueTokens(user, tokens)
      await refreshed(await refresh(url, pair))
      await refreshed(await refresh(url, pair))
    })
  })

  describe('another request', () => {
    const login = { username: 'ada', password: 'correct horse' }

    it.each<[string, unknown]>([
      ['without a grant type', login],
      ['of another grant', { ...login, grant_type: 'password' }],
      ['with a grant type in an array', { grant_type: ['refresh_token'], refresh_token: 'x' }],
      ['with an array as its body', [{ grant_type: 'refresh_token' }]],
      ['with an empty body', {}],
    ])('goes on to the next handler: %s', async (_, body) => {
      const response = await post(await serve(), body)
      expect(await response.json()).toEqual({ next: true })
    })

    it('goes on to the next handler: without a body', async () => {
      const response = await fetch(await serve(), { method: 'POST' })
      expect(await response.json()).toEqual({ next: true })
    })

    it('goes on to the next handler: where no parser is mounted', async () => {
      const pair = await issueTokens(user, tokens)
      const response = await refresh(await serve({}, null), pair)
      expect(await response.json()).toEqual({ next: true })
    })

    it('goes on to the next handler: with a grant type that only its prototype has', () => {
      const next = vi.fn()
      const body: unknown = Object.create({ grant_type: 'refresh_token' })
      refreshToken(tokens)({ headers: {}, body }, { setHeader: vi.fn(), appendHeader: vi.fn(), status: vi.fn() }, next)
      expect(next).toHaveBeenCalledExactlyOnceWith()
    })

    it('goes on to the next handler: with a body of text', async () => {
      const response = await fetch(await serve({}, express.text()), {
        method: 'POST',
        body: 'grant_type=refresh_token',
      })
      expect(await response.json()).toEqual({ next: true })
    })
  })

  describe('the four holes of the predecessor', () => {
    it('signs no undefined claim: the old times and ids do not survive', async () => {
      const { sid } = decodeJwt((await issueTokens(user, tokens)).access_token)
      const session = { sub: 'user-1', sid }
      const old = { ...session, jti: 'a', nbf: epoch - 100, iat: epoch - 100, exp: epoch - 50, name: 'Ada' }
      const pair = {
        access_token: await forge(old, 'at+jwt', accessTokenSecret),
        refresh_token: await forge(
          { ...session, jti: 'r', ati: 'a', exp: epoch + 1, auth_time: epoch },
          'rt+jwt',
          refreshTokenSecret,
        ),
      }
      const { access_token } = await refreshed(await refresh(await serve(), pair))
      const ids = { jti: expect.stringMatching(uuid), iat: epoch, exp: epoch + day }
      expect(decodeJwt(access_token)).toStrictEqual({ ...session, name: 'Ada', ...ids })
    })

    it('takes no access token for a refresh token', async () => {
      const { access_token } = await issueTokens(user, tokens)
      await expectInvalidGrant({ access_token, refresh_token: access_token }, /refresh token/)
    })

    it('takes no refresh token for an access token', async () => {
      const { refresh_token } = await issueTokens(user, tokens)
      await expectInvalidGrant({ access_token: refresh_token, refresh_token }, /access token/)
    })

    it.each(['at+jwt', 'JWT'])(
      'takes no refresh token of type %s, even with the right secret and claims',
      async typ => {
        const { access_token, refresh_token } = await issueTokens(user, tokens)
        const same = await forge(decodeJwt(refresh_token), typ, refreshTokenSecret)
        await expectInvalidGrant({ access_token, refresh_token: same }, /refresh token/)
      },
    )

    it.each(['rt+jwt', 'JWT'])('takes no access token of type %s, even with the right secret and claims', async typ => {
      const { access_token, refresh_token } = await issueTokens(user, tokens)
      const same = await forge(decodeJwt(access_token), typ, accessTokenSecret)
      await expectInvalidGrant({ access_token: same, refresh_token }, /access token/)
    })

    it("refuses one user's refresh token with another's access token", async () => {
      const [ada, bob] = [await issueTokens(user, tokens), await issueTokens({ sub: 'user-2' }, tokens)]
      await expectInvalidGrant({ access_token: bob.access_token, refresh_token: ada.refresh_token }, /belong together/)
    })

    it('refuses the tokens of two sessions of one user', async () => {
      const [desk, phone] = [await issueTokens(user, tokens), await issueTokens(user, tokens)]
      const mixed = { access_token: phone.access_token, refresh_token: desk.refresh_token }
      await expectInvalidGrant(mixed, /belong together/)
    })

    it.each(['sub', 'sid', 'jti'])('compares the %s by itself', async claim => {
      const { access_token, refresh_token } = await issueTokens(user, tokens)
      const other = await forge({ ...decodeJwt(access_token), [claim]: 'other' }, 'at+jwt', accessTokenSecret)
      await expectInvalidGrant({ access_token: other, refresh_token }, /belong together/)
    })

    it('refuses an older access token of the same session, whose claims may be out of date', async () => {
      const url = await serve({ authorize: ({ claims: { roles, ...rest } }) => rest })
      const old = await issueTokens(user, tokens)
      const fresh = await refreshed(await refresh(url, old))
      expect(decodeJwt(fresh.access_token)).not.toHaveProperty('roles')
      const mixed = { access_token: old.access_token, refresh_token: fresh.refresh_token }
      await expectRefusal(await refresh(url, mixed), 401, /belong together/, Object.values(mixed))
    })

    const bad: [string, (good: string, secret: string) => unknown][] = [
      ['not a JWT', () => 'garbage'],
      ['of two parts', () => 'eyJhbGciOiJIUzI1NiJ9.e30'],
      ['of nothing but dots', () => '....'],
      ['of bad base64', () => '!!!.???.***'],
      ['of another secret', good => forge(decodeJwt(good), typOf(good), 'x'.repeat(32))],
      ['of another algorithm', (good, secret) => forge(decodeJwt(good), typOf(good), secret, 'HS512')],
      ['unsigned', good => new UnsecuredJWT(decodeJwt(good)).encode()],
      ['with its signature cut off', good => good.slice(0, good.lastIndexOf('.') + 1)],
      ['with other claims under its signature', good => tampered(good)],
      ['without a user', (good, secret) => forge(without(good, 'sub'), typOf(good), secret)],
      ['without a session', (good, secret) => forge(without(good, 'sid'), typOf(good), secret)],
      ['without an id', (good, secret) => forge(without(good, 'jti'), typOf(good), secret)],
      ['without an expiry', (good, secret) => forge(without(good, 'exp'), typOf(good), secret)],
    ]

    it.each(bad)('answers 401, not 500, to a refresh token %s', async (_, spoil) => {
      const pair = await issueTokens(user, tokens)
      const refresh_token = await spoil(pair.refresh_token, refreshTokenSecret)
      await expectInvalidGrant({ ...pair, refresh_token }, /refresh token/)
    })

    it.each(bad)('answers 401, not 500, to an access token %s', async (_, spoil) => {
      const pair = await issueTokens(user, tokens)
      const access_token = String(await spoil(pair.access_token, accessTokenSecret))
      await expectInvalidGrant({ ...pair, access_token }, /access token/)
    })

    it.each([[7], [0], [true], [false], [[]], [['a', 'b']], [{}], [{ token: 'a' }]])(
      'answers 401, not 500, to the refresh token %j',
      async refresh_token => {
        const { access_token } = await issueTokens(user, tokens)
        await expectInvalidGrant({ access_token, refresh_token }, /refresh token/)
      },
    )

    it('answers 401 to the refresh token in an array, which is not one', async () => {
      const { access_token, refresh_token } = await issueTokens(user, tokens)
      await expectInvalidGrant({ access_token, refresh_token: [refresh_token] }, /refresh token/)
    })

    it('answers 401 to a refresh token that does not tell when the login was', async () => {
      const pair = await issueTokens(user, tokens)
      const refresh_token = await forge(without(pair.refresh_token, 'auth_time'), 'rt+jwt', refreshTokenSecret)
      await expectInvalidGrant({ ...pair, refresh_token }, /refresh token/)
    })

    it('answers 401 to a refresh token that has expired', async () => {
      const pair = await issueTokens(user, tokens)
      later(10 * day)
      await expectInvalidGrant(pair, /expired/)
    })
  })

  describe('a request that lacks a token', () => {
    const absent = /has no/

    it.each<[string, object]>([
      ['absent', {}],
      ['null', { refresh_token: null }],
      ['empty', { refresh_token: '' }],
    ])('is answered 400: the refresh token is %s', async (_, rest) => {
      const { access_token } = await issueTokens(user, tokens)
      const headers = { Authorization: `Bearer ${access_token}` }
      const response = await post(await serve(), { grant_type: 'refresh_token', ...rest }, headers)
      await expectRefusal(response, 400, /no refresh token/, [access_token])
    })

    it.each<[string, Record<string, string>]>([
      ['has no header', {}],
      ['has an empty header', { Authorization: '' }],
      ['has a scheme without a token', { Authorization: 'Bearer' }],
      ['has another scheme', { Authorization: 'Basic YWRhOnNlY3JldA==' }],
      ['has a scheme that only starts alike', { Authorization: 'BearerX abc' }],
    ])('is answered 400: it %s', async (_, headers) => {
      const { refresh_token } = await issueTokens(user, tokens)
      const response = await post(await serve(), { grant_type: 'refresh_token', refresh_token }, headers)
      await expectRefusal(response, 400, /no access token/, [refresh_token])
    })

    it('is answered 400: it has neither', async () => {
      await expectRefusal(await post(await serve(), { grant_type: 'refresh_token' }), 400, absent, [])
    })

    it('is answered 400: the token is in another property', async () => {
      const pair = await issueTokens(user, tokens)
      const response = await refresh(await serve({ refreshTokenSubmitProp: 'rt' }), pair)
      await expectRefusal(response, 400, absent, Object.values(pair))
    })
  })

  describe('the ways of sending', () => {
    it.each(['bearer', 'BEARER', 'Bearer  '])('takes the scheme as %o', async scheme => {
      const { access_token, refresh_token } = await issueTokens(user, tokens)
      const headers = { Authorization: `${scheme} ${access_token}` }
      await refreshed(await post(await serve(), { grant_type: 'refresh_token', refresh_token }, headers))
    })

    it('takes another header and another scheme', async () => {
      const { access_token, refresh_token } = await issueTokens(user, tokens)
      const url = await serve({ authHeader: 'X-Auth', authTokenType: 'Token' })
      const body = { grant_type: 'refresh_token', refresh_token }
      await refreshed(await post(url, body, { 'x-auth': `token ${access_token}` }))
      const elsewhere = await post(url, body, { Authorization: `Bearer ${access_token}` })
      await expectRefusal(elsewhere, 400, /no access token/, [])
    })

    it.each([[false], [null], ['']] as const)('takes a bare token where the scheme is %o', async authTokenType => {
      const { access_token, refresh_token } = await issueTokens(user, tokens)
      const url = await serve({ authTokenType })
      const body = { grant_type: 'refresh_token', refresh_token }
      await refreshed(await post(url, body, { Authorization: access_token }))
      const schemed = await post(url, body, { Authorization: `Bearer ${access_token}` })
      await expectRefusal(schemed, 401, /access token/, [access_token])
    })

    it('takes the refresh token from another property', async () => {
      const { access_token, refresh_token: rt } = await issueTokens(user, tokens)
      const url = await serve({ refreshTokenSubmitProp: 'rt' })
      const headers = { Authorization: `Bearer ${access_token}` }
      await refreshed(await post(url, { grant_type: 'refresh_token', rt }, headers))
    })

    it.each([true, false])('takes a form (extended: %o)', async extended => {
      const { access_token, refresh_token } = await issueTokens(user, tokens)
      const url = await serve({}, express.urlencoded({ extended }))
      const send = (form: [string, string][]) =>
        fetch(url, {
          method: 'POST',
          headers: { Authorization: `Bearer ${access_token}` },
          body: new URLSearchParams([['grant_type', 'refresh_token'], ...form]),
        })
      await refreshed(await send([['refresh_token', refresh_token]]))
      const twice = await send([
        ['refresh_token', refresh_token],
        ['refresh_token', refresh_token],
      ])
      await expectRefusal(twice, 401, /refresh token/, [refresh_token])
    })

    it('takes a post to one route only', async () => {
      const app = express()
      app.use(express.json())
      app.post('/token', refreshToken(tokens), (_request, response) => {
        response.json({ next: true })
      })
      const listening = app.listen(0)
      server = listening
      const url = `http://127.0.0.1:${(listening.address() as AddressInfo).port}/token`
      await refreshed(await refresh(url, await issueTokens(user, tokens)))
      expect(await (await post(url, { grant_type: 'password' })).json()).toEqual({ next: true })
    })
  })

  describe('authorize', () => {
    it('is told the session and the request', async () => {
      const told: unknown[] = []
      const url = await serve({
        authorize: (session, request) => {
          told.push(session, request.headers['x-device'])
          return session.claims
        },
      })
      const { access_token, refresh_token } = await issueTokens(user, tokens)
      const headers = { Authorization: `Bearer ${access_token}`, 'X-Device': 'phone' }
      await refreshed(await post(url, { grant_type: 'refresh_token', refresh_token }, headers))
      const session = { claims: decodeJwt(access_token), refreshClaims: decodeJwt(refresh_token) }
      expect(told).toEqual([session, 'phone'])
    })

    it("may be written for Express's own request", async () => {
      const url = await serve({ authorize: ({ claims }, request: Request) => ({ ...claims, ip: request.ip }) })
      const { access_token } = await refreshed(await refresh(url, await issueTokens(user, tokens)))
      expect(decodeJwt(access_token).ip).toMatch(/127\.0\.0\.1/)
    })

    it('gives the new claims, but not the user, the session or the times', async () => {
      const stubborn = { sub: 'user-2', sid: 'mine', jti: 'mine', exp: 1, iat: 1, nbf: 4e9 }
      const url = await serve({ authorize: async () => ({ roles: ['guest'], ...stubborn }) })
      const old = await issueTokens(user, tokens)
      const answer = await refreshed(await refresh(url, old))
      const session = { sub: 'user-1', sid: decodeJwt(old.access_token).sid }
      const ids = { jti: expect.stringMatching(uuid), iat: epoch, exp: epoch + day }
      expect(decodeJwt(answer.access_token)).toStrictEqual({ ...session, roles: ['guest'], ...ids })
      expect(decodeJwt(answer.refresh_token)).toMatchObject(session)
    })

    it.each([() => null, async () => null])('refuses by null (%o)', async authorize => {
      const pair = await issueTokens(user, tokens)
      await expectRefusal(await refresh(await serve({ authorize }), pair), 401, /ended/, Object.values(pair))
    })

    it.each([
      () => {
        throw new Error('database down')
      },
      async () => {
        throw new Error('database down')
      },
    ])('throws to the error handler (%o)', async authorize => {
      const response = await refresh(await serve({ authorize }), await issueTokens(user, tokens))
      expect(response.status).toBe(500)
      expect(await response.json()).toEqual({ error: 'handled' })
      expect(errors).toEqual([new Error('database down')])
    })

    it("leaves a JWT error of the hook's own to the error handler", async () => {
      const authorize = async () => (await jwtVerify('garbage', bytes(accessTokenSecret))).payload
      const response = await refresh(await serve({ authorize }), await issueTokens(user, tokens))
      expect(response.status).toBe(500)
    })

    it.each([undefined, false, 'claims'])('is an error of the server where it returns %o', async returned => {
      const authorize = (() => returned) as unknown as () => null
      const response = await refresh(await serve({ authorize }), await issueTokens(user, tokens))
      expect(response.status).toBe(500)
      expect(errors).toEqual([new ConfigError('authorize', 'must return claims or null')])
    })

    it('is not asked about tokens that were refused', async () => {
      const authorize = vi.fn(() => ({}))
      const url = await serve({ authorize })
      const [ada, bob] = [await issueTokens(user, tokens), await issueTokens({ sub: 'user-2' }, tokens)]
      const mixed = await refresh(url, { access_token: bob.access_token, refresh_token: ada.refresh_token })
      await expectRefusal(mixed, 401, /belong together/, [])
      expect(authorize).not.toHaveBeenCalled()
    })

    it('lets a refresh token be used once, and ends the session where it is used twice', async () => {
      const used = new Set<string>()
      const ended = new Set<string>()
      const url = await serve({
        authorize: ({ claims, refreshClaims: { jti, sid } }) => {
          if (used.has(jti)) ended.add(sid)
          used.add(jti)
          return ended.has(sid) ? null : claims
        },
      })
      const first = await issueTokens(user, tokens)
      const second = await refreshed(await refresh(url, first))
      await expectRefusal(await refresh(url, first), 401, /ended/, Object.values(first))
      await expectRefusal(await refresh(url, second), 401, /ended/, Object.values(second))
    })
  })

  describe('maxAge', () => {
    it('ends a session that was refreshed all along, by the time of its login', async () => {
      const authorize = vi.fn(({ claims }: RefreshSession) => claims)
      const url = await serve({ maxAge: 3600, authorize })
      let pair = await issueTokens(user, tokens)
      for (let round = 1; round <= 3; round++) {
        later(1000)
        pair = await refreshed(await refresh(url, pair))
        expect(decodeJwt(pair.refresh_token).auth_time).toBe(epoch)
      }
      later(599)
      pair = await refreshed(await refresh(url, pair))
      later(1)
      await expectRefusal(await refresh(url, pair), 401, /too long ago/, Object.values(pair))
      expect(authorize).toHaveBeenCalledTimes(4)
      await refreshed(await refresh(url, await issueTokens(user, tokens)))
    })

    it('ends one with its refresh token in a cookie', async () => {
      const options = { ...tokens, refreshTokenCookie: { path: '/auth' } }
      const url = await serve({ ...options, maxAge: 60 })
      const { refresh_token } = await issueTokens(user, options)
      const ask = () =>
        post(
          url,
          { grant_type: 'refresh_token' },
          {
            Cookie: `refresh_token=${refresh_token}`,
            'X-Requested-With': 'refresh-worker',
          },
        )
      later(59)
      expect((await ask()).status).toBe(200)
      later(1)
      await expectRefusal(await ask(), 401, /too long ago/, [refresh_token])
    })
  })

  describe('with refreshTokenCookie', () => {
    const refreshTokenCookie = { path: '/auth' }
    const inCookie = { ...tokens, refreshTokenCookie }
    const grant = { grant_type: 'refresh_token' }
    const OURS = { 'X-Requested-With': 'refresh-worker' }

    /** A refresh request with this Cookie header. */
    const ask = (url: string, cookie: string, headers: Record<string, string> = {}) =>
      post(url, grant, { ...OURS, Cookie: cookie, ...headers })

    const cookieIn = (response: Response) =>
      /^refresh_token=([^;]*)/.exec(response.headers.getSetCookie()[0] ?? '')?.[1]

    it('answers the access token alone, and sets the next cookie', async () => {
      const pair = await issueTokens(user, inCookie)
      const response = await ask(await serve({ refreshTokenCookie }), `a=1; refresh_token=${pair.refresh_token}; b=2`)
      expect(response.status).toBe(200)
      expect(response.headers.get('Cache-Control')).toBe('no-store')
      const answer = await response.json()
      expect(answer).toEqual({ access_token: expect.any(String), token_type: 'Bearer', expires_in: day })
      const [cookie] = response.headers.getSetCookie()
      const next = cookieIn(response) ?? ''
      expect(cookie).toBe(`refresh_token=${next}; Path=/auth; Max-Age=${10 * day}; HttpOnly; SameSite=Strict; Secure`)
      expect(next).not.toBe(pair.refresh_token)
      expect(decodeProtectedHeader(next).typ).toBe('rt+jwt')

      const { sid } = decodeJwt(pair.access_token)
      expect(decodeJwt(answer.access_token)).toMatchObject({ ...user, sid })
      expect(decodeJwt(next)).toMatchObject({ sub: 'user-1', sid, ati: decodeJwt(answer.access_token).jti })
      // And so on
      expect((await ask(await serve({ refreshTokenCookie }), `refresh_token=${next}`)).status).toBe(200)
    })

    it('takes name and secure from the options', async () => {
      const cookie = { path: '/', name: 'rt', secure: false }
      const { refresh_token } = await issueTokens(user, { ...tokens, refreshTokenCookie: cookie })
      const response = await ask(await serve({ refreshTokenCookie: cookie }), `rt=${refresh_token}`)
      expect(response.headers.getSetCookie()[0]).toMatch(
        /^rt=[\w.-]+; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict$/,
      )
    })

    it('leaves the cookies that others have set', async () => {
      const { refresh_token } = await issueTokens(user, inCookie)
      const authorize: RefreshTokenOptions['authorize'] = ({ claims }, request) => {
        ;(request as Request).res?.cookie('theme', 'dark')
        return claims
      }
      const response = await ask(await serve({ refreshTokenCookie, authorize }), `refresh_token=${refresh_token}`)
      expect(response.headers.getSetCookie()).toHaveLength(2)
    })

    it.each<[string, Record<string, string>]>([
      ['without the header, as a form of another site is', {}],
      ['with the header of others', { 'X-Requested-With': 'XMLHttpRequest' }],
      ['with an empty one', { 'X-Requested-With': '' }],
    ])('refuses a request %s, and spends no token (CSRF)', async (_, headers) => {
      const { refresh_token } = await issueTokens(user, inCookie)
      const authorize = vi.fn(() => null)
      const url = await serve({ refreshTokenCookie, authorize })
      const response = await post(url, grant, { Cookie: `refresh_token=${refresh_token}`, ...headers })
      expect(response.headers.getSetCookie()).toEqual([])
      expect(authorize).not.toHaveBeenCalled()
      await expectRefusal(response, 400, /X-Requested-With/, [refresh_token])
    })

    it('refuses a form of another site, whatever it is parsed by (CSRF)', async () => {
      const { refresh_token } = await issueTokens(user, inCookie)
      const response = await fetch(await serve({ refreshTokenCookie }, express.urlencoded({ extended: false })), {
        method: 'POST',
        headers: { Cookie: `refresh_token=${refresh_token}` },
        body: new URLSearchParams(grant),
      })
      await expectRefusal(response, 400, /X-Requested-With/, [refresh_token])
    })

    it('tells of a cookie that has expired, as browsers do not send it, that the session is over', async () => {
      await expectRefusal(await post(await serve({ refreshTokenCookie }), grant, OURS), 401, /cookie/, [])
    })

    it.each<[string, (token: string) => string]>([
      ['another name', token => `xrefresh_token=${token}`],
      ['another case', token => `Refresh_Token=${token}`],
      ['one that was tampered with', token => `refresh_token=${token.slice(0, -4)}AAAA`],
      ['an empty one', () => 'refresh_token='],
      ['none', () => 'a=1; b'],
    ])('refuses %s', async (_, cookie) => {
      const { refresh_token } = await issueTokens(user, inCookie)
      await expectRefusal(await ask(await serve({ refreshTokenCookie }), cookie(refresh_token)), 401, /cookie/, [
        refresh_token,
      ])
    })

    describe('where several cookies have its name (V17)', () => {
      const both = (a: { refresh_token: string }, b: { refresh_token: string }) =>
        `refresh_token=${a.refresh_token}; refresh_token=${b.refresh_token}`

      it("takes the session's, by its access token", async () => {
        const [mine, planted] = [await issueTokens(user, inCookie), await issueTokens({ sub: 'user-2' }, inCookie)]
        const url = await serve({ refreshTokenCookie })
        for (const cookie of [both(mine, planted), both(planted, mine)]) {
          const response = await ask(url, cookie, { Authorization: `Bearer ${mine.access_token}` })
          expect(decodeJwt((await response.json()).access_token)).toMatchObject({ sub: 'user-1' })
        }
        const other = await issueTokens(user, inCookie)
        const foreign = await ask(url, both(mine, planted), { Authorization: `Bearer ${other.access_token}` })
        await expectRefusal(foreign, 401, /belong together/, [mine.refresh_token, planted.refresh_token])
      })

      it('without one says so, and what to do, where they are of several sessions', async () => {
        const [mine, planted] = [await issueTokens(user, inCookie), await issueTokens({ sub: 'user-2' }, inCookie)]
        const authorize = vi.fn(() => null)
        const response = await ask(await serve({ refreshTokenCookie, authorize }), both(mine, planted))
        await expectRefusal(response, 401, /several sessions.*__Host-/, [mine.refresh_token, planted.refresh_token])
        expect(authorize).not.toHaveBeenCalled()
      })

      it('takes the newest of one session, and passes by what does not hold', async () => {
        const old = await issueTokens(user, inCookie)
        later(1)
        const url = await serve({ refreshTokenCookie })
        const next = cookieIn(await ask(url, `refresh_token=${old.refresh_token}`)) ?? ''
        for (const cookie of [both(old, { refresh_token: next }), both({ refresh_token: next }, old)]) {
          const authorize = vi.fn<NonNullable<RefreshTokenOptions['authorize']>>(({ claims }) => claims)
          const response = await ask(await serve({ refreshTokenCookie, authorize }), `refresh_token=broken; ${cookie}`)
          expect(response.status).toBe(200)
          expect(authorize.mock.calls[0]?.[0].refreshClaims.jti).toBe(decodeJwt(next).jti)
        }
      })
    })

    it('refuses a refresh token in the body, however good', async () => {
      const { access_token, refresh_token } = await issueTokens(user, inCookie)
      const headers = { ...OURS, Authorization: `Bearer ${access_token}` }
      const response = await post(await serve({ refreshTokenCookie }), { ...grant, refresh_token }, headers)
      await expectRefusal(response, 401, /cookie/, [access_token, refresh_token])
    })

    it('refuses one that has expired', async () => {
      const { refresh_token } = await issueTokens(user, inCookie)
      later(10 * day + 1)
      const response = await ask(await serve({ refreshTokenCookie }), `refresh_token=${refresh_token}`)
      await expectRefusal(response, 401, /expired/, [refresh_token])
    })

    it('refuses an access token in place of it, and a refresh token that was made for a body', async () => {
      const url = await serve({ refreshTokenCookie })
      for (const token of [
        (await issueTokens(user, inCookie)).access_token,
        (await issueTokens(user, tokens)).refresh_token,
      ])
        await expectRefusal(await ask(url, `refresh_token=${token}`), 401, /cookie/, [token])
    })

    it("takes the session's access token, however old, and refuses another's", async () => {
      const [mine, other] = [await issueTokens(user, inCookie), await issueTokens(user, inCookie)]
      const url = await serve({ refreshTokenCookie })
      const cookie = `refresh_token=${mine.refresh_token}`
      const next = cookieIn(await ask(url, cookie))
      later(2 * day)
      expect((await ask(url, `refresh_token=${next}`, { Authorization: `Bearer ${mine.access_token}` })).status).toBe(
        200,
      )
      const foreign = await ask(url, cookie, { Authorization: `Bearer ${other.access_token}` })
      await expectRefusal(foreign, 401, /belong together/, [mine.refresh_token, other.access_token])
      const broken = await ask(url, cookie, { Authorization: 'Bearer nonsense' })
      await expectRefusal(broken, 401, /access token/, [mine.refresh_token])
    })

    it("gives the hook the claims as the refresh token tells them, and takes the hook's from then on", async () => {
      const { access_token, refresh_token } = await issueTokens({ ...user, roles: ['admin'] }, inCookie)
      const authorize = vi.fn<NonNullable<RefreshTokenOptions['authorize']>>(({ claims }) => ({ ...claims, roles: [] }))
      const response = await ask(await serve({ refreshTokenCookie, authorize }), `refresh_token=${refresh_token}`)
      const { iat, ...old } = decodeJwt(access_token)
      expect(authorize.mock.calls[0]?.[0]).toMatchObject({
        claims: old,
        refreshClaims: { jti: expect.stringMatching(uuid) },
      })
      expect(authorize.mock.calls[0]?.[0].refreshClaims).not.toHaveProperty('claims')

      const next = cookieIn(response) ?? ''
      const last = await ask(await serve({ refreshTokenCookie }), `refresh_token=${next}`)
      expect(decodeJwt((await last.json()).access_token)).toMatchObject({ sub: 'user-1', roles: [] })
    })

    it('sets the cookie of a login, reads it and clears it', async () => {
      const response = { appendHeader: vi.fn() }
      const pair = await issueTokens(user, inCookie)
      const { refresh_token, ...rest } = pair
      expect(setRefreshTokenCookie(response, pair, inCookie)).toEqual(rest)
      const { sid } = decodeJwt(refresh_token)
      const cookie = String(response.appendHeader.mock.calls[0]?.[1]).split(';', 1)[0]
      expect(await readRefreshTokenCookie({ headers: { cookie } }, inCookie)).toMatchObject({ sub: 'user-1', sid })
      expect(await readRefreshTokenCookie({ headers: {} }, inCookie)).toBeUndefined()

      clearRefreshTokenCookie(response, inCookie)
      expect(response.appendHeader).toHaveBeenLastCalledWith(
        'Set-Cookie',
        'refresh_token=; Path=/auth; Max-Age=0; HttpOnly; SameSite=Strict; Secure',
      )
    })

    it.each([
      ['__Host-rt', '/auth', true],
      ['__Host-rt', '/', false],
      ['__host-rt', '/auth', true],
      ['__Secure-rt', '/auth', false],
    ])('V16: takes no %s with the path %s and secure: %s, which browsers drop', (name, path, secure) => {
      const make = () => issueTokens(user, { ...tokens, refreshTokenCookie: { name, path, secure } })
      expect(make).toThrow(/refreshTokenCookie.*__/i)
    })

    it('makes no cookie that browsers would drop, nor one without its options', async () => {
      const response = { appendHeader: vi.fn() }
      const long = await issueTokens({ ...user, note: 'x'.repeat(4000) }, inCookie)
      expect(() => setRefreshTokenCookie(response, long, inCookie)).toThrow(/refreshTokenCookie.*4096/)
      expect(() => setRefreshTokenCookie(response, long, tokens)).toThrow(/refreshTokenCookie/)
      expect(() => clearRefreshTokenCookie(response, tokens)).toThrow(/refreshTokenCookie/)
      expect(response.appendHeader).not.toHaveBeenCalled()
    })
  })
})

function typOf(token: string): string {
  return String(decodeProtectedHeader(token).typ)
}

function without(token: string, claim: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(decodeJwt(token)).filter(([name]) => name !== claim))
}

/** Another user's claims between the header and the signature of this one. */
function tampered(token: string): string {
  const [header, , signature] = token.split('.')
  const payload = Buffer.from(JSON.stringify({ ...decodeJwt(token), sub: 'user-2' })).toString('base64url')
  return `${header}.${payload}.${signature}`
}
