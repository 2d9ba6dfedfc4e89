import { ConfigError } from '../errors.ts'
import { assertName, assertPath, assertPrefix } from './cookie-rules.ts'
import type { RequestLike } from './express-like.ts'
import type { Claims, RefreshSession } from './session.ts'
import { ACCESS_TOKEN, type Kind, REFRESH_TOKEN } from './tokens.ts'

/** How tokens are signed and how long they live. Give the same to {@link issueTokens} and {@link refreshToken}. */
export interface TokenOptions {
  /** Signs access tokens (HS256): at least 32 bytes, random, not those of the refresh tokens. */
  accessTokenSecret: string | Uint8Array
  /** Signs refresh tokens (HS256): at least 32 bytes, random, not those of the access tokens. */
  refreshTokenSecret: string | Uint8Array
  /** In whole seconds; by default 86400, one day. */
  accessTokenLifetime?: number
  /** In whole seconds; by default 864000, ten days. */
  refreshTokenLifetime?: number
  /** Keeps the refresh token in an HttpOnly cookie, for a worker with `refreshTokenIn: 'cookie'`. */
  refreshTokenCookie?: RefreshTokenCookie
}

/** HttpOnly and SameSite=Strict, for the host that sets it alone. It lives as long as the refresh token. */
export interface RefreshTokenCookie {
  /** What the URLs of login, refresh and logout begin with, such as `'/auth'`: the cookie goes nowhere else. */
  path: string
  /** By default `'refresh_token'`. */
  name?: string
  /** By default true. False: browsers send it over http too, which is for development alone. */
  secure?: boolean
}

/** The options of {@link refreshToken}: how to issue tokens, how to read a refresh, and how to decide on it. */
export interface RefreshTokenOptions extends TokenOptions {
  /** The request header that carries the access token; by default `'Authorization'`. */
  authHeader?: string
  /** The scheme before the access token, in any case; by default `'Bearer'`. Falsy: the header is the bare token. */
  authTokenType?: string | false | null
  /** The property of the body that carries the refresh token; by default `'refresh_token'`. */
  refreshTokenSubmitProp?: string
  /** How long after its login a session can be refreshed, in whole seconds; by default without an end. */
  maxAge?: number
  /**
   * The middleware calls it on every refresh, once it has verified both tokens. Read the user anew here, look up what was
   * revoked, or allow each `refreshClaims.jti` only once. Return the claims of the new access token (`sub` and `sid` stay the
   * session's), or null to refuse with a 401 `invalid_grant`. What it throws goes to Express's error handler.
   */
  authorize?(session: RefreshSession, request: RequestLike): Claims | null | Promise<Claims | null>
}

export type Cookie = Required<RefreshTokenCookie>

/** Validated options, with defaults. */
export interface Config {
  access: Kind
  refresh: Kind
  header: string
  scheme: string
  submitProp: string
  maxAge: number
  cookie: Cookie | null
  authorize: RefreshTokenOptions['authorize']
}

/** @throws {ConfigError} `config_error`: a bad option. */
export function readOptions(options: RefreshTokenOptions): Config {
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

  const access = kind('accessToken', ACCESS_TOKEN, accessTokenSecret, accessTokenLifetime)
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
  assertPath(path, wrong)
  assertName(name, wrong)
  if (typeof secure !== 'boolean') throw wrong('takes true or false for secure')
  assertPrefix(name, { path, secure }, wrong)
  return { path, name, secure }
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

export function text(option: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') throw new ConfigError(option, 'must be a string that is not empty')
  return value
}
