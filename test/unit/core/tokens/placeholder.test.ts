import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { jwtVerify, SignJWT } from 'jose'
import { jwtDecode } from 'jwt-decode'
import { describe, expect, it } from 'vitest'
import {
  createPlaceholders,
  findPlaceholder,
  findPlaceholders,
  isOf,
  replacePlaceholders,
} from '../../../../src/core/tokens/placeholder.ts'
import { ACCESS_TOKEN_PLACEHOLDER } from '../../../../src/protocol.ts'
import { jwt, NOW, sessionOf } from '../../kit.ts'

const ID = '7f9c1f1e-8a43-4a0c-9a4e-3d7f0a1b2c3d'
const DAY = 86_400
const placeholderOf = createPlaceholders({ placeholders: 'jwt' }, ID, NOW)
const unsigned = (header: object, payload: unknown) =>
  [header, payload].map(part => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')

describe('the placeholder of a JWT', () => {
  const claims = {
    sub: 'ada',
    name: 'Ada Lovelace, née Byron',
    roles: ['admin'],
    iat: NOW / 1000,
    exp: NOW / 1000 + 300,
  }

  it('is one with the same claims, by jwt-decode and by hand (W54)', () => {
    const placeholder = placeholderOf('access', jwt(claims))
    const { exp, ...rest } = claims
    expect(jwtDecode(placeholder)).toMatchObject(rest)
    expect(jwtDecode(placeholder, { header: true })).toEqual({ alg: 'HS256', typ: 'JWT' })
    const [, payload = ''] = placeholder.split('.')
    expect(JSON.parse(Buffer.from(payload, 'base64').toString())).toMatchObject(rest)
    expect(exp).toBe(NOW / 1000 + 300)
  })

  it('of a token that expires soon lasts for twenty days: longer than any session that is not used, and no timer overflows (W56)', () => {
    const { exp = 0 } = jwtDecode(placeholderOf('access', jwt(claims)))
    expect(exp).toBe(NOW / 1000 + 20 * DAY)
    // What a timer can be set for (milliseconds), as an application does that refreshes a minute before.
    expect(exp * 1000 - NOW - 60_000).toBeLessThan(2 ** 31)
  })

  it.each([{ ...claims, exp: NOW / 1000 + 90 * DAY }, { sub: 'ada' }, { exp: 'soon' }])(
    'of one that lasts longer, or says nothing of it, says the same: %j (W56)',
    payload => {
      expect(jwtDecode(placeholderOf('refresh', jwt(payload)))).toEqual(payload)
    },
  )

  it.each([
    ['HS256', randomBytes(32)],
    ['RS256', generateKeyPairSync('rsa', { modulusLength: 2048 })],
    ['ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
    ['EdDSA', generateKeyPairSync('ed25519')],
  ])('is refused by whoever verifies %s, which takes the token itself (W55)', async (alg, key) => {
    const [secret, verifier] = 'privateKey' in key ? [key.privateKey, key.publicKey] : [key, key]
    const token = await new SignJWT({ sub: 'ada' }).setProtectedHeader({ alg }).sign(secret as never)
    await expect(jwtVerify(token, verifier as never)).resolves.toBeTruthy()
    for (const placeholders of ['jwt', 'opaque'] as const)
      for (const kind of ['access', 'refresh', 'id'] as const) {
        const placeholder = createPlaceholders({ placeholders }, ID, NOW)(kind, token)
        await expect(jwtVerify(placeholder, verifier as never)).rejects.toMatchObject({ code: /JWS|JWT/ })
      }
  })

  it.each(['none', 'None', 'NONE', undefined, 7])(
    'does not say that it needs no signature: alg %s (W55)',
    async alg => {
      const token = `${unsigned({ alg, typ: 'JWT', kid: 'k' }, claims)}.`
      const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
      for (const kind of ['access', 'refresh', 'id'] as const)
        await expect(jwtVerify(placeholderOf(kind, token), publicKey)).rejects.toMatchObject({ code: /JWS|JWT/ })
      const placeholder = placeholderOf('access', token)
      expect(jwtDecode(placeholder, { header: true })).toEqual({ alg: 'RS256', typ: 'JWT', kid: 'k' })
      expect(jwtDecode(placeholder)).toMatchObject({ sub: 'ada' })
    },
  )

  it('holds no part of the signature', () => {
    expect(placeholderOf('access', jwt(claims))).not.toContain('c2lnbmF0dXJl')
  })
})

describe('the placeholder of any other token', () => {
  it.each([
    'opaque-token',
    'a.b',
    'a.b.c',
    'eyJhbGciOiJIUzI1NiJ9.W10.sig',
    `${unsigned({ alg: 'dir' }, 'text')}.c.d.e`,
  ])('is a text that says nothing: %s', token => {
    expect(placeholderOf('access', token)).toBe(`${ACCESS_TOKEN_PLACEHOLDER}-${ID}`)
  })

  it('is that too where pages are to see no claims', () => {
    const opaque = createPlaceholders({ placeholders: 'opaque' }, ID, NOW)
    expect(opaque('id', jwt({ sub: 'ada' }))).toBe(`refresh-worker-id-token-${ID}`)
  })
})

describe('a placeholder that comes back', () => {
  it.each([
    ['in a header', `Bearer ${placeholderOf('access', jwt({ sub: 'ada' }))}`, 'access'],
    ['in JSON', JSON.stringify({ refreshToken: placeholderOf('refresh', 'opaque') }), 'refresh'],
    ['in a form', `a=b&refresh_token=${placeholderOf('refresh', jwt({ sub: 'ada' }))}&c=d`, 'refresh'],
  ])('is known %s, and names its session', (_, text, kind) => {
    expect(findPlaceholder(text)).toEqual({ kind, sessionId: ID })
  })

  it('is replaced in a text of any length, with all of its JWT, in a time that grows no faster', () => {
    const long = '-x'.repeat(500_000)
    const [access, refresh] = [placeholderOf('access', jwt({ sub: 'ada' })), placeholderOf('refresh', 'opaque')]
    const text = `${long}"${access}".a.${refresh} ${access}`
    expect(findPlaceholders(text).map(({ kind }) => kind)).toEqual(['access', 'refresh', 'access'])
    expect(replacePlaceholders(text, ({ kind }) => kind)).toBe(`${long}"access".a.refresh access`)
  })

  it('of 0.1 names none, and is that of any', () => {
    const old = findPlaceholder(`Bearer ${ACCESS_TOKEN_PLACEHOLDER}`)
    expect(old).toEqual({ kind: 'access', sessionId: null })
    expect(old && isOf(old, sessionOf())).toBe(true)
  })

  it.each([null, '', 'Bearer secret', 'refresh-worker', jwt({ sub: 'ada' })])(
    'is none where there is none: %s',
    text => {
      expect(findPlaceholder(text)).toBeNull()
    },
  )
})
