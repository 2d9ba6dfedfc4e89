import { ConfigError } from '../errors.ts'
import { type AuthCookies, createAuthCookies } from './auth-cookies.ts'
import { bytesOf, type SigningKey } from './keys.ts'
import type { Claims } from './session.ts'
import type { SessionStore, StoredSession } from './sessions.ts'

export interface AuthServerOptions {
  /** The first key signs access tokens, and all keys verify them. */
  keys: readonly SigningKey[]
  /** Makes refresh tokens: at least 32 bytes, random, and none of `keys`. If you change it, all sessions end. */
  refreshTokenSecret: string | Uint8Array
  store: SessionStore
  /** Returns the user who logs in with these credentials, with the claims of the access token. Null: the login fails. */
  authenticate(credentials: Readonly<Record<string, unknown>>, request: Request): Login | null | Promise<Login | null>
  /** Called at each refresh. Returns the claims of the next access token; null ends the session. By default they stay. */
  renew?(session: StoredSession): Claims | null | Promise<Claims | null>
  /** In whole seconds; by default 900, a quarter of an hour. */
  accessTokenLifetime?: number
  /** How long a session lives without a refresh, in whole seconds; by default 1209600, two weeks. */
  refreshTokenLifetime?: number
  /** How long after its login a session can live, in whole seconds; by default 7776000, ninety days. */
  maxAge?: number
  /**
   * How long a refresh that comes again with the same `Idempotency-Key` gets the same tokens, if nobody has used them. In
   * whole seconds; by default 86400, a day.
   */
  repeatWindow?: number
  /** The same for clients that send no key, in whole seconds. By default 0: a refresh token that is used twice ends its session. */
  reuseInterval?: number
  /** Keeps tokens in HttpOnly cookies: the refresh token alone, or both. By default both are in the body. */
  cookies?: AuthCookies
  /** Origins of other pages that may log in, refresh and log out by cookies, such as `https://app.example`. */
  trustedOrigins?: readonly string[]
  /** `iss` and `aud` of access tokens. */
  issuer?: string
  audience?: string
  /** Called when a refresh token was used twice: its session has ended. */
  onReuse?(session: StoredSession): unknown
  /** Called with what the store has thrown; the answer is 503. By default it goes to the console: the store knows no token. */
  onStoreError?(error: unknown): unknown
}

/** The user who has logged in. */
export type Login = Claims & { readonly sub: string }

/**
 * Options with their defaults.
 * @throws {ConfigError} `config_error`
 */
export function readAuthOptions(options: AuthServerOptions) {
  const {
    keys,
    refreshTokenSecret,
    store,
    authenticate,
    renew = ({ claims }) => claims,
    accessTokenLifetime = 900,
    refreshTokenLifetime = 1_209_600,
    maxAge = 7_776_000,
    repeatWindow = 86_400,
    reuseInterval = 0,
    cookies,
    trustedOrigins = [],
    issuer,
    audience,
    onReuse = () => undefined,
    // biome-ignore lint/suspicious/noConsole: nobody else would hear of it.
    onStoreError = console.error,
    ...unknown
  } = options
  for (const name of Object.keys(unknown)) throw new ConfigError(name, 'is unknown')
  const seconds = (option: string, value: number, least = 1) => {
    if (!Number.isSafeInteger(value) || value < least)
      throw new ConfigError(option, `must be a whole number of seconds, ${least} or more`)
    return value
  }
  const secret = bytesOf(refreshTokenSecret)
  if (secret.length < 32)
    throw new ConfigError('refreshTokenSecret', 'must be a string or Uint8Array of at least 32 bytes')
  if (keys.some(key => 'secret' in key && bytesOf(key.secret).join() === secret.join()))
    throw new ConfigError('refreshTokenSecret', 'must not be one of the keys')
  for (const [name, value] of Object.entries({ authenticate, renew, onReuse, onStoreError }))
    if (typeof value !== 'function') throw new ConfigError(name, 'must be a function')
  if (typeof store?.swap !== 'function') throw new ConfigError('store', 'must be a store, such as memoryStore()')
  return {
    keys,
    issuer,
    audience,
    refreshTokenSecret: secret,
    store,
    authenticate: options.authenticate.bind(options),
    renew,
    onReuse,
    onStoreError,
    accessTokenLifetime: seconds('accessTokenLifetime', accessTokenLifetime),
    limits: {
      lifetime: seconds('refreshTokenLifetime', refreshTokenLifetime),
      maxAge: seconds('maxAge', maxAge),
      repeatWindow: seconds('repeatWindow', repeatWindow, 0),
      reuseInterval: seconds('reuseInterval', reuseInterval, 0),
    },
    cookies: createAuthCookies(cookies),
    origins: new Set(trustedOrigins),
  }
}
