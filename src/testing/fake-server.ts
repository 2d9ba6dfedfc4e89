import { type FakeTokenType, readFakeToken, signFakeToken } from './fake-tokens.ts'

const LIFETIME = 3_600

/** What an access token says of its user. */
export type FakeClaims = Readonly<Record<string, unknown>>

/** All may be left out. URLs are as in the worker's options, without `baseUrl`. */
export interface FakeServerOptions {
  /** `'/auth/login'` unless given. */
  readonly loginUrl?: string
  /** `loginUrl` unless given. */
  readonly refreshTokenUrl?: string
  /** `'/auth/logout'` unless given. */
  readonly logoutUrl?: string
  /** How long (seconds) an access token is good: 3600 unless given. */
  readonly lifetime?: number
  /**
   * Who logs in with these fields of the request; null: nobody does. Unless given, whoever asks, with the field `username`
   * as the claims `sub` and `name`.
   */
  readonly authenticate?: (credentials: Readonly<Record<string, unknown>>) => FakeClaims | null
  /** Answers a request that has a good access token; unless given, with the token's claims in JSON. */
  readonly api?: (request: Request, claims: FakeClaims) => Response | Promise<Response>
}

/** What a page or its worker has asked of the authorization server. */
export type FakeServerCall = 'login' | 'refresh' | 'logout'

/**
 * Makes a server for tests that logs in, refreshes and logs out, and has an API behind it. It speaks what the worker
 * expects by default, and has no state that a login depends on: a token that one fake has issued is good for every other
 * fake, in whatever process, and a refresh token as often as it is used. So a login that was saved once serves all tests,
 * side by side. Its tokens are signed with a key that everybody knows: for tests only.
 */
export function fakeServer(options: FakeServerOptions = {}): FakeServer {
  return new FakeServer(options)
}

/** Made by {@link fakeServer}. */
export class FakeServer {
  /** Logins, refreshes and logouts that were asked for, whatever the answer, oldest first. */
  readonly calls: FakeServerCall[] = []
  readonly #options: FakeServerOptions
  /** Tokens that were issued until then (milliseconds since the epoch) are not good any more. */
  readonly #endedAt: Record<FakeTokenType, number> = { 'at+jwt': 0, 'rt+jwt': 0 }
  #lastTime = 0

  constructor(options: FakeServerOptions) {
    this.#options = options
  }

  /** Answers a request: to login, refresh or logout, and any other as the API would. Bound, so that it can be handed on. */
  readonly fetch = async (request: Request): Promise<Response> => {
    const { loginUrl = '/auth/login', refreshTokenUrl = loginUrl, logoutUrl = '/auth/logout' } = this.#options
    const isFor = (url: string) => {
      const { origin, pathname } = new URL(url, request.url)
      return request.url.split(/[?#]/)[0] === origin + pathname
    }
    if (isFor(logoutUrl)) {
      this.calls.push('logout')
      return new Response(null, { status: 204 })
    }
    if (request.method === 'POST' && (isFor(loginUrl) || isFor(refreshTokenUrl))) {
      const fields = await readFields(request)
      const isRefresh = 'refresh_token' in fields
      this.calls.push(isRefresh ? 'refresh' : 'login')
      const claims = isRefresh ? await this.#read('rt+jwt', fields.refresh_token) : this.#authenticate(fields)
      return claims ? this.#issue(claims) : refusal('invalid_grant')
    }
    const claims = await this.claimsOf(request)
    if (!claims) return refusal('invalid_token')
    return this.#options.api ? this.#options.api(request, claims) : Response.json(claims)
  }

  /** The claims of a request's access token; null: it has none that is good, and an API answers 401. */
  async claimsOf(request: Request): Promise<FakeClaims | null> {
    const [, token] = /^Bearer (.+)$/i.exec(request.headers.get('Authorization') ?? '') ?? []
    return this.#read('at+jwt', token)
  }

  /** The API answers 401 to every access token there is, as after a change of keys: the next request has to refresh. */
  expire(): void {
    this.#endedAt['at+jwt'] = this.#now()
  }

  /** The token endpoint refuses every refresh token there is: the session ends with the next refresh. */
  refuse(): void {
    this.#endedAt['rt+jwt'] = this.#now()
  }

  #authenticate(credentials: Readonly<Record<string, unknown>>): FakeClaims | null {
    const { authenticate } = this.#options
    if (authenticate) return authenticate(credentials)
    const { username = 'user' } = credentials
    return { sub: username, name: username }
  }

  async #issue(claims: FakeClaims): Promise<Response> {
    const { lifetime = LIFETIME } = this.#options
    const iat = this.#now() / 1_000
    const [access, refresh] = await Promise.all([
      signFakeToken('at+jwt', { ...claims, iat, exp: iat + lifetime }),
      signFakeToken('rt+jwt', { ...claims, iat }),
    ])
    return Response.json(
      { access_token: access, refresh_token: refresh, token_type: 'Bearer', expires_in: lifetime },
      { headers: { 'Cache-Control': 'no-store' } },
    )
  }

  async #read(type: FakeTokenType, token: unknown): Promise<FakeClaims | null> {
    const payload = await readFakeToken(type, token)
    if (!payload) return null
    const { iat, exp = Number.POSITIVE_INFINITY, ...claims } = payload
    const isGood = Number(exp) * 1_000 > Date.now() && Math.round(Number(iat) * 1_000) > this.#endedAt[type]
    return isGood ? claims : null
  }

  /** Milliseconds since the epoch, never the same twice: what comes after `expire()` is told from what was before. */
  #now(): number {
    this.#lastTime = Math.max(Date.now(), this.#lastTime + 1)
    return this.#lastTime
  }
}

function refusal(error: 'invalid_grant' | 'invalid_token'): Response {
  return Response.json({ error }, { status: 401, headers: { 'WWW-Authenticate': 'Bearer' } })
}

/** Of JSON, or else of a form. */
async function readFields(request: Request): Promise<Readonly<Record<string, unknown>>> {
  const text = await request.text()
  try {
    const body: unknown = JSON.parse(text)
    return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {}
  } catch {
    return Object.fromEntries(new URLSearchParams(text))
  }
}
