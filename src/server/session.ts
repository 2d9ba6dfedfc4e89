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
