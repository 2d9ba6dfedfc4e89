/** What fits a header everywhere, and nothing that could end one: no space, no line break, no control character. */
const TOKEN = /^[\x21-\x7e]+$/
export const LONGEST_TOKEN = 65_536

/** What storage makes of a token that was not there, or was written as JSON. */
export const NO_TOKEN = /^(undefined|null|false|".*)?$/

/**
 * What stands for an access token that is in a cookie of the server's, and that only the server sees. No token: 0.1, which
 * knows no such sessions, is to take their record for nobody's rather than send this.
 */
export const IN_COOKIE = 'in cookie'

/** The access token to be sent in a header; null: there is none, or it is in a cookie. */
export function sentIn({ accessToken }: Pick<HeldTokens, 'accessToken'>): string | null {
  return accessToken === IN_COOKIE ? null : accessToken
}

/** What a token response holds; times are milliseconds since the epoch, by the clock of this machine. */
export interface Tokens {
  readonly accessToken: string
  readonly refreshToken: string | null
  readonly idToken: string | null
  readonly receivedAt: number
  /** Null: unknown, which means valid until a 401. */
  readonly expiresAt: number | null
  /** Whether the access token is bound to this browser's key, and of no use without a proof of it (RFC 9449). */
  readonly isBound?: true
  /**
   * The JSON object that they came in, with bare placeholders in their place: for a page that asks for a refresh, and
   * expects what this server answers. Absent where it was something else, or too long; of a session in cookies `null` then.
   */
  readonly answer?: string
  /** How long the access token lives (milliseconds), where an answer that brings none has said so; of a session in cookies. */
  readonly life?: number
  /** Who is logged in, and what pages may know of that, as an answer named them; of a session in cookies. */
  readonly subject?: string
  readonly claims?: Readonly<Record<string, unknown>>
}

/** Tokens as a session holds them. */
export interface HeldTokens extends Omit<Tokens, 'accessToken'> {
  /** Null: this worker has not got it, since another one had it in memory, or this one before it was stopped. */
  readonly accessToken: string | null
}

/** Of a session that nobody knows of: what there is, is in the server's cookies. */
export const NO_TOKENS: HeldTokens = {
  accessToken: null,
  refreshToken: null,
  idToken: null,
  receivedAt: 0,
  expiresAt: null,
}

/** Whether a value can be sent as a token. */
export function isToken(value: unknown): value is string {
  return typeof value === 'string' && value.length <= LONGEST_TOKEN && TOKEN.test(value)
}
