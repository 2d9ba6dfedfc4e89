import { type CryptoKey, errors, exportJWK, type JSONWebKeySet, type JWTPayload, jwtVerify, SignJWT } from 'jose'
import { ConfigError } from '../errors.ts'
import { ACCESS_TOKEN } from './tokens.ts'

/** Signs access tokens, and verifies them. Each token names its key by `kid`. */
export type SigningKey =
  /** HS256: at least 32 bytes, random. Anyone who can verify with it can also sign. */
  | { readonly kid: string; readonly secret: string | Uint8Array }
  /** A key pair, as `jose` makes or imports it. The public key is in the JWKS. Without the private key it only verifies. */
  | {
      readonly kid: string
      readonly alg: 'ES256' | 'RS256' | 'EdDSA'
      readonly privateKey?: CryptoKey
      readonly publicKey: CryptoKey
    }

export interface AccessTokens {
  /** @param lifetime in seconds */
  readonly sign: (claims: JWTPayload, lifetime: number, now: number) => Promise<string>
  /**
   * Null: it is none of ours, or has expired.
   * @param evenExpired for a logout, which has to work after a long pause too
   */
  readonly verify: (token: string, now: number, evenExpired?: boolean) => Promise<JWTPayload | null>
  /** Public keys alone. @see RFC 7517 §5 */
  readonly jwks: () => Promise<JSONWebKeySet>
}

interface Options {
  readonly keys: readonly SigningKey[]
  readonly issuer: string | undefined
  readonly audience: string | undefined
}

/**
 * The first key signs; all verify. So a new key is put in front, and the old one taken away once its tokens have expired:
 * nobody is logged out.
 */
export function createAccessTokens({ keys, issuer, audience }: Options): AccessTokens {
  const known = assertKeys(keys).map(readyKey)
  const [signing] = known as [ReadyKey]
  const byId = new Map(known.map(key => [key.kid, key]))
  const named = { ...(issuer ? { iss: issuer } : {}), ...(audience ? { aud: audience } : {}) }
  return {
    sign: (claims, lifetime, now) =>
      new SignJWT({ ...claims, ...named, iat: now, exp: now + lifetime })
        .setProtectedHeader({ alg: signing.alg, typ: ACCESS_TOKEN, kid: signing.kid })
        .sign(signing.signsBy),
    verify: async (token, now, evenExpired = false) => {
      try {
        const { payload } = await jwtVerify(
          token,
          ({ kid, alg }) => {
            const key = byId.get(kid ?? '')
            // Not by what the token says of itself (RFC 8725 §3.1).
            if (!key || alg !== key.alg) throw new errors.JWKSNoMatchingKey()
            return key.verifiesBy
          },
          {
            typ: ACCESS_TOKEN,
            requiredClaims: ['sub', 'sid', 'exp'],
            currentDate: new Date(now * 1000),
            clockTolerance: evenExpired ? Number.MAX_SAFE_INTEGER : 0,
            ...(issuer ? { issuer } : {}),
            ...(audience ? { audience } : {}),
          },
        )
        return payload
      } catch (error) {
        if (error instanceof errors.JOSEError) return null
        throw error
      }
    },
    jwks: async () => ({
      keys: await Promise.all(
        keys.flatMap(key =>
          'secret' in key
            ? []
            : [exportJWK(key.publicKey).then(jwk => ({ ...jwk, kid: key.kid, alg: key.alg, use: 'sig' }))],
        ),
      ),
    }),
  }
}

function assertKeys(keys: readonly SigningKey[]): readonly [SigningKey, ...SigningKey[]] {
  const wrong = (problem: string) => new ConfigError('keys', problem)
  const [first] = Array.isArray(keys) ? keys : []
  if (!first) throw wrong('takes at least one key, such as { kid: "1", secret }')
  const kids = keys.map(({ kid }) => kid)
  if (kids.some(kid => typeof kid !== 'string' || kid === '') || new Set(kids).size < kids.length)
    throw wrong('takes keys with a kid each, which differ')
  for (const key of keys) {
    if ('secret' in key) {
      if (bytesOf(key.secret).length < 32) throw wrong(`has a secret of less than 32 bytes (RFC 7518 §3.2): ${key.kid}`)
    } else if (!key.publicKey) throw wrong(`has no publicKey: ${key.kid}`)
  }
  if (!('secret' in first) && !first.privateKey) throw wrong('begins with a key that cannot sign: it has no privateKey')
  return keys as readonly [SigningKey, ...SigningKey[]]
}

interface ReadyKey {
  readonly kid: string
  readonly alg: string
  readonly signsBy: Uint8Array | CryptoKey
  readonly verifiesBy: Uint8Array | CryptoKey
}

/** As each request needs it. */
function readyKey(key: SigningKey): ReadyKey {
  const { kid } = key
  if (!('secret' in key)) return { kid, alg: key.alg, signsBy: key.privateKey as CryptoKey, verifiesBy: key.publicKey }
  const bytes = bytesOf(key.secret)
  return { kid, alg: 'HS256', signsBy: bytes, verifiesBy: bytes }
}

export function bytesOf(secret: unknown): Uint8Array<ArrayBuffer> {
  if (typeof secret === 'string') return new TextEncoder().encode(secret)
  return secret instanceof Uint8Array ? new Uint8Array(secret) : new Uint8Array()
}
