import { describe, expect, it } from 'vitest'
import { readJson } from '../../../../src/core/http/json.ts'
import type { Options } from '../../../../src/core/options/options.ts'
import { readClaims, readTokens } from '../../../../src/core/tokens/token-response.ts'
import { configOf, jwt, NOW, tokensOf } from '../../kit.ts'

const read = (body: unknown, options: Partial<Options> = {}) => readTokens(body, configOf(options), NOW)

const codeOf = (body: unknown, options: Partial<Options> = {}) => {
  try {
    read(body, options)
  } catch (error) {
    return (error as { code: string }).code
  }
  return 'was taken'
}

describe("extraction, by the predecessor's rule", () => {
  it.each<[string, unknown, Partial<Options>, string]>([
    ['a string at Prop', { access_token: 'a' }, {}, 'a'],
    ['a dotted Prop (A29)', { data: { auth: { token: 'a' } } }, { accessTokenProp: 'data.auth.token' }, 'a'],
    ['an object at Prop, by Name', { access_token: { token: 'a' } }, {}, 'a'],
    ['an object at Prop, by another Name', { access_token: { value: 'a' } }, { accessTokenName: 'value' }, 'a'],
    [
      'an object at Prop, by Root and Name',
      { access_token: { data: { token: 'a' } } },
      { accessTokenRoot: 'data' },
      'a',
    ],
    ['a dotted Root', { access_token: { x: { y: { token: 'a' } } } }, { accessTokenRoot: 'x.y' }, 'a'],
    ['Name in the object where Root is not there', { access_token: { token: 'a' } }, { accessTokenRoot: 'data' }, 'a'],
    ['the top by Name, without Prop', { token: 'a' }, {}, 'a'],
    ['the top by Name, with Prop of another type', { access_token: 7, token: 'a' }, {}, 'a'],
    ['the top by Name, with a missing level', { data: {}, token: 'a' }, { accessTokenProp: 'data.auth.token' }, 'a'],
    [
      'a function',
      { odd: ['a'] },
      { getAccessTokenFromResponse: body => (body as { odd: string[] }).odd[0] ?? null },
      'a',
    ],
  ])('finds %s', (_, body, options, token) => {
    expect(read(body, options).accessToken).toBe(token)
  })

  it.each<[string, unknown]>([
    ['null (A5)', null],
    ['an array', []],
    ['a string', 'access_token'],
    ['a number', 42],
    ['true', true],
    ['an empty object (A6)', {}],
    ['a number at Prop (A7)', { access_token: 42 }],
    ['null at Prop', { access_token: null }],
    ['true at Prop', { access_token: true }],
    ['an empty string at Prop', { access_token: '' }],
    ['an array at Prop', { access_token: ['a'] }],
    ['an object without Name', { access_token: { value: 'a' }, token: 'a' }],
    ['an inherited token (A13)', Object.create({ access_token: 'a' })],
    ['a polluting member (A13)', JSON.parse('{"__proto__":{"access_token":"a"}}')],
  ])('finds nothing in %s', (_, body) => {
    expect(codeOf(body)).toBe('token_not_found')
  })

  it.each<[string, unknown]>([
    ['a line break (A8)', 'a\r\nb'],
    ['a space', 'a b'],
    ['a NUL', 'a\0b'],
    ['DEL', 'a\x7f'],
    ['an umlaut', 'ä'],
    ['a megabyte (A9)', 'a'.repeat(1_000_000)],
  ])('refuses a token with %s, without quoting it', (_, token) => {
    expect(codeOf({ access_token: token })).toBe('token_malformed')
    expect(codeOf({ access_token: 'a', refresh_token: token })).toBe('token_malformed')
    expect(() => read({ access_token: token })).not.toThrow(String(token))
  })

  it('takes a token of 8 KB (A9)', () => {
    expect(read({ access_token: 'a'.repeat(8192) }).accessToken).toHaveLength(8192)
  })

  it('refuses what a function returns where it is no token', () => {
    expect(codeOf({}, { getAccessTokenFromResponse: () => 42 as unknown as string })).toBe('token_malformed')
    expect(codeOf({ access_token: 'a' }, { getAccessTokenFromResponse: () => undefined })).toBe('token_not_found')
  })

  it.each<[string, object, Partial<Options>, string | null]>([
    ['at its Prop', { refresh_token: 'r' }, {}, 'r'],
    ['by Root and Name', { refresh_token: { d: { t: 'r' } } }, { refreshTokenRoot: 'd', refreshTokenName: 't' }, 'r'],
    ['by a function', { r: 'r' }, { getRefreshTokenFromResponse: body => (body as { r: string }).r }, 'r'],
    ['as none where it is missing (A17)', {}, {}, null],
    ['as none where it is null (A15)', { refresh_token: null }, {}, null],
    ['as none where it is empty', { refresh_token: '' }, {}, null],
    ['with useRefreshToken off too, to redact it', { refresh_token: 'r' }, { useRefreshToken: false }, 'r'],
    ['as none with useRefreshToken off and a bad one', { refresh_token: 'r r' }, { useRefreshToken: false }, null],
    ['as none where the function throws', {}, { getRefreshTokenFromResponse: () => JSON.parse('{') }, null],
    ['as none where it is a number', { refresh_token: 42, token: 42 }, {}, null],
  ])('finds the refresh token %s', (_, members, options, token) => {
    expect(read({ access_token: 'a', ...members }, options).refreshToken).toBe(token)
  })

  it('does not take a lone { token } for a refresh token as well, nor for an id token, which pages may see', () => {
    expect(read({ token: 'a' })).toMatchObject({ accessToken: 'a', refreshToken: null, idToken: null })
  })

  it('finds the id token, or none', () => {
    expect(read({ access_token: 'a', id_token: 'i' }).idToken).toBe('i')
    expect(read({ access_token: 'a' }).idToken).toBeNull()
    expect(read({ access_token: 'a', id_token: 42 }).idToken).toBeNull()
  })

  it.each(['bearer', 'Bearer', 'BEARER'])('takes token_type %s (R24, A18)', token_type => {
    expect(read({ access_token: 'a', token_type }).accessToken).toBe('a')
  })

  it('takes a response without token_type, as many servers send it (A19)', () => {
    expect(read({ access_token: 'a' }).accessToken).toBe('a')
  })

  it('takes a token_type that authTokenType names', () => {
    expect(codeOf({ access_token: 'a', token_type: 'jwt' }, { authTokenType: 'JWT' })).toBe('was taken')
  })

  it.each(['mac', 'DPoP', 'N_A', 42, null])('refuses token_type %j (A18)', token_type => {
    expect(codeOf({ access_token: 'a', token_type })).toBe('token_malformed')
  })

  it.each(['dpop', 'DPoP', 'DPOP'])('takes token_type %s where dpop is on, and marks the token (A18)', token_type => {
    expect(read({ access_token: 'a', token_type }, { dpop: true }).isBound).toBe(true)
  })

  it.each(['Bearer', undefined])('takes token_type %s for what it is where dpop is on', token_type => {
    expect(read({ access_token: 'a', token_type }, { dpop: true })).not.toHaveProperty('isBound')
  })

  it.each(['mac', 'N_A', 42, null])('refuses token_type %j where dpop is on', token_type => {
    expect(codeOf({ access_token: 'a', token_type }, { dpop: true })).toBe('token_malformed')
  })
})

describe('expiry', () => {
  const iat = NOW / 1000
  it.each<[string, object, Partial<Options>, number | null]>([
    ['getExpirationDateFromResponse', { expires_in: 5 }, { getExpirationDateFromResponse: () => iat + 60 }, 60],
    ['expires_in, counted from receipt', { expires_in: 3600 }, {}, 3600],
    [
      'expires_in beside a token that stands deeper',
      { data: { token: 'a', expires_in: 30 } },
      { accessTokenProp: 'data.token' },
      30,
    ],
    ['expires_in in the object that has the token', { access_token: { token: 'a', expires_in: 30 } }, {}, 30],
    [
      'expires_in at the top first',
      { expires_in: 20, data: { token: 'a', expires_in: 30 } },
      { accessTokenProp: 'data.token' },
      20,
    ],
    ['expires_in as digits (A20)', { expires_in: '3600' }, {}, 3600],
    ['expires_in with a fraction (A21)', { expires_in: 1.5 }, {}, 1.5],
    ['expires_in before the JWT', { expires_in: 5, access_token: jwt({ iat, exp: iat + 60 }) }, {}, 5],
    ["the JWT's span, whatever the clock (B23)", { access_token: jwt({ iat: iat - 9000, exp: iat - 8940 }) }, {}, 60],
    ['exp alone', { access_token: jwt({ exp: iat + 60 }) }, {}, 60],
    [
      'exp in the past: unknown, it is the clock that is wrong (A24)',
      { access_token: jwt({ exp: iat - 60 }) },
      {},
      null,
    ],
    ['a date in the past: unknown', {}, { getExpirationDateFromResponse: () => iat - 60 }, null],
    [
      'a function that throws: the rest',
      { expires_in: 5 },
      { getExpirationDateFromResponse: () => JSON.parse('{') },
      5,
    ],
    ['a function of no use: the rest', { expires_in: 5 }, { getExpirationDateFromResponse: () => Number.NaN }, 5],
    ['exp as digits (A23)', { access_token: jwt({ exp: `${iat + 60}` }) }, {}, 60],
    ['exp before iat: exp', { access_token: jwt({ iat: iat + 90, exp: iat + 60 }) }, {}, 60],
    ['an opaque token: unknown (A22)', {}, {}, null],
    ['a JWT without exp: unknown', { access_token: jwt({ sub: 'ada' }) }, {}, null],
    ['exp of no use: unknown', { access_token: jwt({ exp: 'soon' }) }, {}, null],
    ['a function of no use: unknown', {}, { getExpirationDateFromResponse: () => Number.NaN }, null],
    ['expires_in 0: unknown (A21)', { expires_in: 0 }, {}, null],
    ['expires_in -1: unknown', { expires_in: -1 }, {}, null],
    ['expires_in "never": unknown', { expires_in: 'never' }, {}, null],
    ['expires_in null: unknown', { expires_in: null }, {}, null],
    ['expires_in true: unknown', { expires_in: true }, {}, null],
    ['expires_in NaN: unknown', { expires_in: Number.NaN }, {}, null],
    ['expires_in 1e20: a year', { expires_in: 1e20 }, {}, 366 * 86_400],
    ['exp in milliseconds: a year (A23)', { access_token: jwt({ exp: NOW + 60_000 }) }, {}, 366 * 86_400],
  ])('is by %s', (_, members, options, seconds) => {
    const { expiresAt, receivedAt } = read({ access_token: 'opaque', ...members }, options)
    expect(receivedAt).toBe(NOW)
    expect(expiresAt).toBe(seconds === null ? null : NOW + seconds * 1000)
  })

  it.each(['a.b', 'a', 'a.b.c.d', 'a.b.c.d.e', '..', '...', '.a.', 'a..c', jwt('text'), jwt(42), jwt(null), 'e30.%.x'])(
    'is unknown for the token %s, without a throw (A25, A26)',
    access_token => {
      expect(read({ access_token }).expiresAt).toBeNull()
    },
  )
})

describe('claims', () => {
  it('are the named ones, of the id token or else of the access token, exactly, and hints only (A26, A27)', () => {
    const idToken = jwt({ sub: 'ada', name: 'Ada 🦆 שלום', email: 'secret@example.org' })
    const accessToken = jwt({ sub: 'other', roles: ['admin'], exp: 1 })
    expect(readClaims(['sub', 'name', 'roles', 'missing'], tokensOf({ idToken, accessToken }))).toEqual({
      sub: 'ada',
      name: 'Ada 🦆 שלום',
      roles: ['admin'],
    })
    expect(readClaims([], tokensOf({ idToken, accessToken }))).toEqual({})
  })

  it('are own claims only', () => {
    const claims = readClaims(['toString', '__proto__'], tokensOf({ accessToken: jwt({ sub: 'ada' }) }))
    expect(Object.keys(claims)).toEqual([])
  })
})

describe('readJson', () => {
  const json = (text: BodyInit, type = 'application/json') =>
    readJson(new Response(text, { headers: { 'Content-Type': type } }))

  it.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON', 'application/vnd.api+json'])(
    'reads %s',
    async type => {
      expect(await json('{"a":1}', type)).toEqual({ text: '{"a":1}', body: { a: 1 } })
    },
  )

  it.each<[string, BodyInit, string?]>([
    ['text that is no JSON (A1)', 'ok'],
    ['HTML (A2)', '<!doctype html><p>down', 'text/html'],
    ['HTML that says it is JSON', '<!doctype html><p>down'],
    ['nothing (A3)', ''],
    ['half of it (A4)', '{"access_token":"a'],
    ['JSON of another type (A31)', '{}', 'text/plain'],
    ['a look-alike type', '{}', 'application/jsonp'],
    ['JSON of 50 MB (A10)', new Blob(['"', ...Array.from({ length: 50 }, () => 'a'.repeat(1_048_576)), '"'])],
    ['JSON of a byte more than 1 MiB', `"${'a'.repeat(1_048_575)}"`],
    ['100,000 levels (A11)', '['.repeat(100_000)],
  ])('refuses %s', async (_, text, type) => {
    expect(await json(text, type)).toBeNull()
  })

  it('reads a byte at a time, characters that are split included (A37)', async () => {
    const bytes = new TextEncoder().encode('{"name":"wörld 🦆"}')
    const stream = new ReadableStream({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte))
        controller.close()
      },
    })
    expect((await json(stream))?.body).toEqual({ name: 'wörld 🦆' })
  })

  it('reads 1 MiB', async () => {
    expect((await json(`"${'a'.repeat(1_048_574)}"`))?.body).toHaveLength(1_048_574)
  })

  it('drops a byte order mark (A32)', async () => {
    expect((await json('\uFEFF{"a":1}'))?.body).toEqual({ a: 1 })
  })
})
