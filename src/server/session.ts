/** The payload of a token. */
export type Claims = Record<string, unknown>

/** A session, as its two verified tokens describe it. `sid` is random for each login, and stays. Times are in seconds. */
export interface RefreshSession {
  /** The claims of the old access token, which has probably expired. With `refreshTokenCookie`, those in the refresh token. */
  claims: Claims & { sub: string; sid: string; jti: string; exp: number }
  /**
   * The claims of the refresh token: `jti` is its own, `ati` is the `jti` of the access token that was issued with it, and
   * `auth_time` is the time of the login, which stays.
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
