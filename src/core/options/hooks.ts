/** What the configuration may say in code, where servers differ: each gets and gives the platform's own types. */

/** What a refresh may be asked with. */
export interface RefreshNeeds {
  /** Null where there is none, or where it is in a cookie. */
  readonly refreshToken: string | null
  /** The one to be replaced; null where this worker has not got it. */
  readonly accessToken: string | null
  readonly idToken: string | null
  /** The same where a refresh is tried again, since its answer may have been lost. */
  readonly idempotencyKey: string
  /** Of `refreshTokenUrl`, absolute; null where none is configured or known. */
  readonly url: string | null
}

/**
 * Makes the request of a refresh: a `Request`, or what one is made of, for a POST to `refreshTokenUrl`. It fails on a
 * redirect, and past `timeout`.
 */
export type RefreshRequestHook = (needs: RefreshNeeds) => Request | RequestInit | Promise<Request | RequestInit>

/** What an answer holds. */
export interface FoundTokens {
  /** Visible ASCII characters; null, with `refreshTokenIn: 'cookie'`: a login without one, which the first refresh brings. */
  readonly accessToken: string | null
  /** Null or absent: that of the session stays in force (RFC 6749 §6). */
  readonly refreshToken?: string | null
  /** As `refreshToken`. */
  readonly idToken?: string | null
  /** The token's life in seconds, as a number or its digits. */
  readonly expiresIn?: number | string | null
  /**
   * When it expires, where `expiresIn` does not tell: a `Date`, the text of one, or the time since the epoch in
   * milliseconds or, below 10^11, seconds. Without either, a JWT's own `exp`, or else a 401, tells.
   */
  // biome-ignore lint/style/noRestrictedGlobals: this asks for no time.
  readonly expiresAt?: Date | number | string | null
  /** `DPoP` where the access token is bound to this browser's key (see `dpop`). */
  readonly tokenType?: string | null
}

/** Reads the tokens of an answer to a login, a signup or a refresh; null: there are none, and nobody logs in. */
export type ReadTokensHook = (response: Response) => FoundTokens | null | Promise<FoundTokens | null>

/** Decides about an answer. */
export type ResponseTest = (response: Response) => boolean | Promise<boolean>
