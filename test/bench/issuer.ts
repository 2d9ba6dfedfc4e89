import { createHash, randomBytes } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

const KEY_ID = 'bench'
// What one of the peers insists on.
const ALGORITHM = 'RS256'
const { publicKey, privateKey } = await generateKeyPair(ALGORITHM)

/** RFC 7517. */
export const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: KEY_ID, alg: ALGORITHM, use: 'sig' }] }

export interface Tokens {
  readonly access_token: string
  /** For logins by OpenID Connect. */
  readonly id_token?: string
  readonly refresh_token: string
  readonly expires_in: number
  readonly token_type: 'Bearer'
}

/** One login and all that was refreshed from it. */
interface Family {
  readonly clientId: string
  readonly nonce: string | null
  isRevoked: boolean
  readonly accessTokens: Set<string>
}

interface Code {
  readonly clientId: string
  readonly challenge: string
  readonly nonce: string | null
}

/**
 * An authorization server for one origin: JWTs, each refresh token good for one use, and a login that ends once one is
 * seen twice (RFC 9700 §4.14.2).
 */
export class Issuer {
  readonly issuer: string
  readonly #accessTokens = new Map<string, number>()
  readonly #refreshTokens = new Map<string, { readonly family: Family; isUsed: boolean }>()
  readonly #codes = new Map<string, Code>()

  constructor(origin: string) {
    this.issuer = `${origin}/`
  }

  /** Whether the API takes a token now. */
  takes(accessToken: string): boolean {
    return Date.now() < (this.#accessTokens.get(accessToken) ?? 0)
  }

  /** @param lifetime seconds */
  logIn(clientId: string, lifetime: number, nonce: string | null = null): Promise<Tokens> {
    return this.#issue({ clientId, nonce, isRevoked: false, accessTokens: new Set() }, lifetime)
  }

  async refresh(refreshToken: string, lifetime: number): Promise<Tokens | null> {
    const found = this.#refreshTokens.get(refreshToken)
    if (!found || found.family.isRevoked) return null
    if (found.isUsed) {
      found.family.isRevoked = true
      for (const accessToken of found.family.accessTokens) this.#accessTokens.delete(accessToken)
      return null
    }
    found.isUsed = true
    return this.#issue(found.family, lifetime)
  }

  authorize(code: Code): string {
    const name = randomBytes(16).toString('base64url')
    this.#codes.set(name, code)
    return name
  }

  /** RFC 7636. */
  async exchange(name: string, verifier: string, lifetime: number): Promise<Tokens | null> {
    const code = this.#codes.get(name)
    this.#codes.delete(name)
    const challenge = createHash('sha256').update(verifier).digest('base64url')
    return code?.challenge === challenge ? this.logIn(code.clientId, lifetime, code.nonce) : null
  }

  async #issue(family: Family, lifetime: number): Promise<Tokens> {
    const { clientId, nonce } = family
    const now = Date.now()
    const issuedAt = Math.floor(now / 1000)
    const sign = (claims: Readonly<Record<string, unknown>>, audience: string) =>
      new SignJWT({ sid: 'bench', ...claims })
        .setProtectedHeader({ alg: ALGORITHM, kid: KEY_ID, typ: 'JWT' })
        .setIssuer(this.issuer)
        .setSubject('ada')
        .setAudience(audience)
        .setJti(randomBytes(9).toString('base64url'))
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + lifetime)
        .sign(privateKey)
    const access_token = await sign({ scope: 'openid profile offline_access', role: 'authenticated' }, 'api')
    const id = nonce === null ? {} : { id_token: await sign({ name: 'Ada', nonce }, clientId) }
    const refresh_token = randomBytes(32).toString('base64url')
    this.#accessTokens.set(access_token, now + lifetime * 1000)
    this.#refreshTokens.set(refresh_token, { family, isUsed: false })
    family.accessTokens.add(access_token)
    return { access_token, ...id, refresh_token, expires_in: lifetime, token_type: 'Bearer' }
  }
}
