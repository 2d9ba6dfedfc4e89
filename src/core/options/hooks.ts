/** What the configuration may say in code, where servers differ: each gets and gives the platform's own types. */

/** What a refresh request can be made of. */
export interface RefreshNeeds {
  /** Null if there is none, or if it is in a cookie. */
  readonly refreshToken: string | null
  /** The access token to be replaced; null if this worker does not have it. */
  readonly accessToken: string | null
  readonly idToken: string | null
  /** The key of this refresh; the same if the worker tries again, because the answer may have been lost. */
  readonly idempotencyKey: string
  /** `refreshTokenUrl`, absolute; null if none is configured or known. */
  readonly url: string | null
}

/**
 * Makes the request of a refresh: a `Request`, or the `RequestInit` of a POST to `refreshTokenUrl`, which gets the default
 * request's `credentials`, `Idempotency-Key` and, with cookies, `X-Requested-With`, unless it names them. The request follows
 * no redirect, and fails after six times `timeout` (with a cookie, after `timeout`).
 */
export type RefreshRequestHook = (needs: RefreshNeeds) => Request | RequestInit | Promise<Request | RequestInit>

/** What the worker's own request to the logout URL can be made of, while the session ends. */
export interface LogoutNeeds {
  /** Null if there is none, or if it is in a cookie. */
  readonly refreshToken: string | null
  /** Null if this worker does not have it, if it is in a cookie, or if nobody was logged in. */
  readonly accessToken: string | null
  readonly idToken: string | null
  /** The first URL of `logoutUrl`, absolute; null if there is none. */
  readonly url: string | null
}

/**
 * Makes the worker's own logout request: a `Request`, or the `RequestInit` of a POST to the first URL of `logoutUrl`. The
 * worker adds the access token, unless the request brings credentials of its own. A redirect is an answer, and is not
 * followed. If the server refuses the token, the worker refreshes it and calls the hook once more.
 */
export type LogoutRequestHook = (needs: LogoutNeeds) => Request | RequestInit | Promise<Request | RequestInit>

/** The tokens in an answer. */
export interface FoundTokens {
  /** Visible ASCII characters. Null, with `refreshTokenIn: 'cookie'`: the login brings none, and the first refresh does. */
  readonly accessToken: string | null
  /** Null or absent: the session's old one stays in force (RFC 6749 §6). */
  readonly refreshToken?: string | null
  /** As `refreshToken`. */
  readonly idToken?: string | null
  /** The token's life in seconds, as a number or its digits. */
  readonly expiresIn?: number | string | null
  /**
   * When the access token expires, if `expiresIn` does not say: a `Date`, the text of one, or the time since the epoch in
   * milliseconds or, below 10^11, seconds. Without either, a JWT's own `exp` says, or else a 401.
   */
  // biome-ignore lint/style/noRestrictedGlobals: this asks for no time.
  readonly expiresAt?: Date | number | string | null
  /** `DPoP` if the access token is bound to this browser's key (see `dpop`). */
  readonly tokenType?: string | null
}

/** Reads the tokens of an answer to a login, a signup or a refresh; null: there are none, and nobody logs in. */
export type ReadTokensHook = (response: Response) => FoundTokens | null | Promise<FoundTokens | null>

/** Decides on an answer. */
export type ResponseTest = (response: Response) => boolean | Promise<boolean>
