/** The server's half, for Express 4 and 5. Needs jose (typed, pure ESM, free of dependencies), an optional peer. */
import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose'
import { ConfigError } from '../errors.ts'
import { own, REQUESTED_WITH } from '../protocol.ts'

/** How tokens are signed and how long they live: the same for {@link issueTokens} and {@link refreshToken}. */
export interface TokenOptions {
  /** Signs access tokens (HS256): at least 32 bytes, random, not those of the refresh tokens. */
  accessTokenSecret: string | Uint8Array
  /** Signs refresh tokens (HS256): at least 32 bytes, random, not those of the access tokens. */
  refreshTokenSecret: string | Uint8Array
  /** In whole seconds; 86400, one day, unless set. */
  accessTokenLifetime?: number
  /** In whole seconds; 864000, ten days, unless set. */
  refreshTokenLifetime?: number
  /** Keeps the refresh token in an HttpOnly cookie, for a worker with `refreshTokenIn: 'cookie'`. */
  refreshTokenCookie?: RefreshTokenCookie
}

/** HttpOnly, SameSite=Strict, for the host that sets it alone, and as long-lived as the refresh token. */
export interface RefreshTokenCookie {
  /** What the URLs of login, refresh and logout begin with, such as `'/auth'`: the cookie goes nowhere else. */
  path: string
  /** `'refresh_token'` unless set. */
  name?: string
  /** False: it is sent over http too, which is for development alone; true unless set. */
  secure?: boolean
}

/** The options of {@link refreshToken}: those that tokens are issued with, and how a refresh is read and decided on. */
export interface RefreshTokenOptions extends TokenOptions {
  /** The request header that carries the access token; `'Authorization'` unless set. */
  authHeader?: string
  /** The scheme before the access token, in any case; `'Bearer'` unless set. Falsy: the header is the bare token. */
  authTokenType?: string | false | null
  /** The property of the body that carries the refresh token; `'refresh_token'` unless set. */
  refreshTokenSubmitProp?: string
  /** How long after its login a session can be refreshed, in whole seconds; without an end unless set. */
  maxAge?: number
  /**
   * Called on every refresh, once both tokens are verified: read the user anew, look up what was revoked, or allow each
   * `refreshClaims.jti` only once. Returns the claims of the new access token (`sub` and `sid` stay the session's), or
   * null to refuse with a 401 `invalid_grant`. What it throws goes to Express's error handler.
   */
  authorize?(session: RefreshSession, request: RequestLike): Claims | null | Promise<Claims | null>
}

/** The payload of a token. */
export type Claims = Record<string, unknown>

/** A session, as its two verified tokens tell it: `sid` is random for each login, and stays. Times are in seconds. */
export interface RefreshSession {
  /** The old access token's; it has probably expired. With `refreshTokenCookie`, as the refresh token tells them. */
  claims: Claims & { sub: string; sid: string; jti: string; exp: number }
  /**
   * The refresh token's: `jti` is its own, `ati` the `jti` of the access token that was issued with it, `auth_time` when
   * the login was, which stays.
   */
  refreshClaims: { sub: string; sid: string; jti: string; ati: string; exp: number; auth_time: number }
}

/** RFC 6749 §5.1; `expires_in` is the access token's lifetime in seconds. */
export interface TokenResponse {
  access_token: string
  refresh_token: string
  token_type: 'Bearer'
  expires_in: number
}

/** What is used of Express's request. */
export interface RequestLike {
  headers: Record<string, string | string[] | undefined>
  // biome-ignore lint/suspicious/noExplicitAny: as in Express, whose types else take it for unknown in handlers that follow.
  body?: any
}

/** What is used of Express's response. */
export interface ResponseLike {
  setHeader(name: string, value: string): unknown
  appendHeader(name: string, value: string): unknown
  status(code: number): { json(body: unknown): unknown }
}

/**
 * Starts a session: signs the pair of tokens that a login answers. `exp`, `iat`, `nbf`, `jti` and `sid` are not taken
 * from `claims`.
 *
 * @throws {ConfigError} `config_error`, synchronously: a bad option, or no `claims.sub` to tell the user by.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9068#section-2 RFC 9068 §2}
 */
export function issueTokens(claims: Claims & { sub: string }, options: TokenOptions): Promise<TokenResponse> {
  const config = readOptions(options)
  const sub = text('claims.sub', claims?.sub)
  return signPair(claims, { sub, sid: crypto.randomUUID() }, now(), config)
}

/**
 * Puts the refresh token of a login, or of a refresh of your own, into its cookie, and returns the rest, to be answered.
 * Accept logins as JSON only: a form of another site could otherwise log its victim in as somebody else.
 *
 * @throws {ConfigError} `config_error`: no `refreshTokenCookie`, or a token that is longer than browsers' cookies.
 * @see {@link https://www.rfc-editor.org/rfc/rfc6265#section-4.1.2 RFC 6265 §4.1.2}
 */
export function setRefreshTokenCookie(
  response: Pick<ResponseLike, 'appendHeader'>,
  tokens: TokenResponse,
  options: TokenOptions,
): Omit<TokenResponse, 'refresh_token'> {
  const { refresh } = readOptions(options)
  const { refresh_token, ...answer } = tokens
  response.appendHeader('Set-Cookie', serialize(cookieOf(options), refresh_token, refresh.lifetime))
  return answer
}

/**
 * Takes the cookie away, on logout.
 *
 * @throws {ConfigError} `config_error`: no `refreshTokenCookie`.
 */
export function clearRefreshTokenCookie(response: Pick<ResponseLike, 'appendHeader'>, options: TokenOptions): void {
  response.appendHeader('Set-Cookie', serialize(cookieOf(options), '', 0))
}

/**
 * Tells whose refresh token is in the cookie, so that a logout can end that session; undefined where there is none that
 * holds. For anything that does more than end it, check where the request comes from.
 *
 * @throws {ConfigError} `config_error`: no `refreshTokenCookie`.
 */
export async function readRefreshTokenCookie(
  request: RequestLike,
  options: TokenOptions,
): Promise<RefreshSession['refreshClaims'] | undefined> {
  const { refresh } = readOptions(options)
  const text = readCookie(request.headers.cookie, cookieOf(options).name)
  return verify<RefreshSession['refreshClaims']>(text, refresh)
}

/**
 * Makes the middleware that answers `grant_type: 'refresh_token'` like a login, for after the body parser.
 *
 * 200 with a {@link TokenResponse}; 400 `invalid_request` where the refresh or the access token is absent or empty: a
 * client set up wrongly, whose session may be fine; 401 `invalid_grant` where one is there but malformed, expired,
 * foreign or refused: this session is over. An expired access token is none of these. Other requests go on to `next`.
 *
 * With `refreshTokenCookie` the refresh token is that of the cookie, the next one is set, and no access token is needed;
 * 400 where the header `X-Requested-With: refresh-worker` is absent, 401 where the cookie is: it has expired.
 *
 * @throws {ConfigError} `config_error`: a bad option.
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-5.2 RFC 6749 §5.2}
 * @see {@link https://www.rfc-editor.org/rfc/rfc8725#section-3.11 RFC 8725 §3.11}
 */
export function refreshToken(
  options: RefreshTokenOptions,
): (request: RequestLike, response: ResponseLike, next: (error?: unknown) => void) => void {
  const config = readOptions(options)
  return (request, response, next) => {
    if (own(request.body, 'grant_type') !== 'refresh_token') return next()
    refresh(request, config)
      .then(([status, answer]) => {
        response.setHeader('Cache-Control', 'no-store')
        if (status === 401) response.setHeader('WWW-Authenticate', 'Bearer')
        const isInCookie = status === 200 && config.cookie
        response.status(status).json(isInCookie ? setRefreshTokenCookie(response, answer, options) : answer)
      })
      .catch(next) // Express 4 does not catch for us
  }
}

type Refusal = [400 | 401, { error: string; error_description: string }]
type Answer = [200, TokenResponse] | Refusal

/** In a cookie the refresh token brings the claims of the next access token: after a restart of the worker no other does. */
type CookieClaims = RefreshSession['refreshClaims'] & { iat: number; claims?: Claims }

async function refresh(request: RequestLike, config: Config): Promise<Answer> {
  const session = config.cookie
    ? await readFromCookie(request, config, config.cookie)
    : await readFromBody(request, config)
  if (!('claims' in session)) return session

  const { claims, refreshClaims } = session
  const { sub, sid, auth_time } = refreshClaims
  if (now() - auth_time >= config.maxAge) return invalidGrant('The login is too long ago.')
  const granted = config.authorize ? await config.authorize(session, request) : claims
  if (granted === null) return invalidGrant('The session has ended.')
  if (typeof granted !== 'object') throw new ConfigError('authorize', 'must return claims or null')
  return [200, await signPair(granted, { sub, sid }, auth_time, config)]
}

async function readFromBody(request: RequestLike, config: Config): Promise<RefreshSession | Refusal> {
  const refreshText = own(request.body, config.submitProp) ?? ''
  const accessText = accessTokenOf(request.headers[config.header], config.scheme)
  if (refreshText === '') return invalidRequest('The request has no refresh token.')
  if (accessText === '') return invalidRequest('The request has no access token.')

  const refreshClaims = await verify<RefreshSession['refreshClaims']>(refreshText, config.refresh)
  if (!refreshClaims) return invalidGrant('The refresh token is invalid or has expired.')
  const claims = await verify<RefreshSession['claims']>(accessText, config.access, { evenExpired: true })
  if (!claims) return invalidGrant('The access token is invalid.')

  const { sub, sid, ati } = refreshClaims
  // ati: an older access token of the same session could bring back claims that `authorize` has taken away since
  if (claims.sub !== sub || claims.sid !== sid || claims.jti !== ati) return foreign
  return { claims, refreshClaims }
}

async function readFromCookie(
  request: RequestLike,
  config: Config,
  { name }: Cookie,
): Promise<RefreshSession | Refusal> {
  // No form of another site can send it, and no script of another origin unless CORS lets it
  if (request.headers['x-requested-with'] !== REQUESTED_WITH)
    return invalidRequest(`The request has no header X-Requested-With: ${REQUESTED_WITH}.`)
  const verified = await verify<CookieClaims>(readCookie(request.headers.cookie, name), config.refresh)
  if (!verified?.claims)
    return invalidGrant('There is no refresh token in the cookie, or it is invalid or has expired.')

  const { claims, ...refreshClaims } = verified
  const { sub, sid, ati, iat } = refreshClaims
  const accessText = accessTokenOf(request.headers[config.header], config.scheme)
  if (accessText !== '') {
    // It brings no claims, so that an older one may come: an answer was lost, and its cookie was not
    const access = await verify<RefreshSession['claims']>(accessText, config.access, { evenExpired: true })
    if (!access) return invalidGrant('The access token is invalid.')
    if (access.sub !== sub || access.sid !== sid) return foreign
  }
  return { claims: { ...claims, sub, sid, jti: ati, exp: iat + config.access.lifetime }, refreshClaims }
}

const invalidRequest = (text: string): Refusal => [400, { error: 'invalid_request', error_description: text }]
const invalidGrant = (text: string): Refusal => [401, { error: 'invalid_grant', error_description: text }]
const foreign = invalidGrant('The two tokens do not belong together.')

function accessTokenOf(header: string | string[] | undefined, scheme: string): string {
  const value = typeof header === 'string' ? header.trim() : ''
  if (scheme === '') return value
  return value.toLowerCase().startsWith(`${scheme} `) ? value.slice(scheme.length).trim() : ''
}

async function signPair(
  claims: Claims,
  session: { sub: string; sid: string },
  auth_time: number,
  config: Config,
): Promise<TokenResponse> {
  const { nbf, exp, iat, jti: _, ...kept } = claims
  const [jti, ati] = [crypto.randomUUID(), crypto.randomUUID()]
  const inCookie = config.cookie ? { claims: kept } : {}
  return {
    access_token: await sign({ ...kept, ...session, jti: ati }, config.access),
    refresh_token: await sign({ ...session, auth_time, jti, ati, ...inCookie }, config.refresh),
    token_type: 'Bearer',
    expires_in: config.access.lifetime,
  }
}

/** In seconds since the epoch, as tokens have it. */
function now(): number {
  return Math.floor(Date.now() / 1000)
}

const REFRESH_TOKEN = 'rt+jwt'

/** One of the two kinds of token; `typ` keeps one from passing as the other, whatever the keys are. */
interface Kind {
  typ: string
  key: Uint8Array
  lifetime: number
}

function sign(claims: JWTPayload, { typ, key, lifetime }: Kind): Promise<string> {
  const iat = now()
  return new SignJWT({ ...claims, iat, exp: iat + lifetime }).setProtectedHeader({ alg: 'HS256', typ }).sign(key)
}

async function verify<T>(token: unknown, { typ, key }: Kind, { evenExpired = false } = {}): Promise<T | undefined> {
  if (typeof token !== 'string') return undefined
  const requiredClaims = ['sub', 'sid', 'jti', 'exp', ...(typ === REFRESH_TOKEN ? ['auth_time'] : [])]
  const clockTolerance = evenExpired ? Number.MAX_SAFE_INTEGER : 0
  try {
    return (await jwtVerify<T>(token, key, { algorithms: ['HS256'], typ, requiredClaims, clockTolerance })).payload
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined
    throw error
  }
}

type Cookie = Required<RefreshTokenCookie>

/** Browsers take no more of name and value. */
const LONGEST_COOKIE = 4096

function serialize({ name, path, secure }: Cookie, value: string, maxAge: number): string {
  if (name.length + value.length > LONGEST_COOKIE)
    throw new ConfigError(
      'refreshTokenCookie',
      `makes no cookie of more than ${LONGEST_COOKIE} bytes: issue fewer claims`,
    )
  return `${name}=${value}; Path=${path}; Max-Age=${maxAge}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`
}

/** Undefined also where there are two of that name, since another host of the same site may have planted one. */
function readCookie(header: string | string[] | undefined, name: string): string | undefined {
  if (typeof header !== 'string') return undefined
  const pairs = header.split(';').map(pair => pair.trim())
  const values = pairs.filter(pair => pair.startsWith(`${name}=`)).map(pair => pair.slice(name.length + 1))
  return values.length === 1 ? values[0] : undefined
}

interface Config {
  access: Kind
  refresh: Kind
  header: string
  scheme: string
  submitProp: string
  maxAge: number
  cookie: Cookie | null
  authorize: RefreshTokenOptions['authorize']
}

function readOptions(options: RefreshTokenOptions): Config {
  const {
    accessTokenSecret,
    refreshTokenSecret,
    accessTokenLifetime = 86_400,
    refreshTokenLifetime = 864_000,
    refreshTokenCookie,
    authHeader = 'Authorization',
    authTokenType = 'Bearer',
    refreshTokenSubmitProp = 'refresh_token',
    maxAge,
    authorize,
    ...unknown
  }: Partial<RefreshTokenOptions> = { ...options }
  for (const name of Object.keys(unknown)) throw new ConfigError(name, 'is unknown')
  if (authorize !== undefined && typeof authorize !== 'function')
    throw new ConfigError('authorize', 'must be a function')

  const access = kind('accessToken', 'at+jwt', accessTokenSecret, accessTokenLifetime)
  const refresh = kind('refreshToken', REFRESH_TOKEN, refreshTokenSecret, refreshTokenLifetime)
  if (access.key.join() === refresh.key.join())
    throw new ConfigError('refreshTokenSecret', 'must not be that of the access tokens')
  return {
    access,
    refresh,
    header: text('authHeader', authHeader).toLowerCase(),
    scheme: authTokenType ? text('authTokenType', authTokenType).toLowerCase() : '',
    submitProp: text('refreshTokenSubmitProp', refreshTokenSubmitProp),
    maxAge: maxAge === undefined ? Number.POSITIVE_INFINITY : wholeSeconds('maxAge', maxAge),
    cookie: refreshTokenCookie === undefined ? null : readCookieOptions(refreshTokenCookie),
    authorize,
  }
}

function readCookieOptions(options: unknown): Cookie {
  const wrong = (problem: string) => new ConfigError('refreshTokenCookie', problem)
  if (typeof options !== 'object' || options === null) throw wrong("must be an object, such as { path: '/auth' }")
  const { path, name = 'refresh_token', secure = true, ...unknown }: Partial<RefreshTokenCookie> = { ...options }
  for (const key of Object.keys(unknown)) throw wrong(`has no ${key}`)
  if (typeof path !== 'string' || !/^\/[\x21-\x3a\x3c-\x7e]*$/.test(path))
    throw wrong("must have a path, such as '/auth', without spaces and semicolons")
  if (typeof name !== 'string' || !/^[\w!#$%&'*+.^`|~-]+$/.test(name)) throw wrong('has a name that no cookie can have')
  if (typeof secure !== 'boolean') throw wrong('takes true or false for secure')
  return { path, name, secure }
}

function cookieOf(options: TokenOptions): Cookie {
  const { cookie } = readOptions(options)
  if (!cookie) throw new ConfigError('refreshTokenCookie', "is not set; it takes { path: '/auth' } or the like")
  return cookie
}

function kind(name: string, typ: string, secret: unknown, lifetime: number): Kind {
  const key = typeof secret === 'string' ? new TextEncoder().encode(secret) : secret
  if (!(key instanceof Uint8Array) || key.length < 32)
    throw new ConfigError(`${name}Secret`, 'must be a string or Uint8Array of at least 32 bytes (RFC 7518 §3.2)')
  return { typ, key, lifetime: wholeSeconds(`${name}Lifetime`, lifetime) }
}

function wholeSeconds(option: string, value: number): number {
  if (!Number.isSafeInteger(value) || value <= 0)
    throw new ConfigError(option, 'must be a whole number of seconds, above 0')
  return value
}

function text(option: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') throw new ConfigError(option, 'must be a string that is not empty')
  return value
}
