import type { Endpoint } from '../http/urls.ts'
import type { Options, UrlPredicate } from './options.ts'

export type ApiUrl = Endpoint | UrlPredicate

/** Where the authorization server is asked; null, or none: there is none, or it is not known yet. */
export interface Endpoints {
  readonly loginUrls: readonly Endpoint[]
  readonly refreshTokenUrl: Endpoint | null
  readonly revocationUrl: Endpoint | null
  /** Where a page goes to end the session at the server too (OpenID Connect RP-Initiated Logout). */
  readonly endSessionUrl: Endpoint | null
}

type Resolved =
  | 'apiUrls'
  | 'navigations'
  | 'sessionUrl'
  | 'tokensInBodies'
  | 'baseUrl'
  | 'loginUrl'
  | 'signupUrl'
  | 'logoutUrl'
  | 'maxIdle'
  | 'maxAge'
  | keyof Endpoints

/**
 * Validated options with defaults; URLs are resolved, durations are milliseconds. What of the endpoints `issuer` is to
 * tell is missing.
 */
export interface Config extends Readonly<Required<Omit<Options, Resolved>>>, Endpoints {
  readonly apiUrls: readonly ApiUrl[]
  readonly tokensInBodies: readonly ApiUrl[]
  /** What of `loginUrl` decides by itself. */
  readonly loginPredicates: readonly UrlPredicate[]
  readonly signupUrl: Endpoint | null
  /** The first of them is asked by the worker. */
  readonly logoutUrls: readonly Endpoint[]
  /** What of `logoutUrl` decides by itself. */
  readonly logoutPredicates: readonly UrlPredicate[]
  readonly sessionUrl: Endpoint | null
  readonly navigations: readonly Endpoint[]
  /** Infinity: no limit. */
  readonly maxIdle: number
  readonly maxAge: number
  readonly formEncoded: boolean
  /** Of the worker. */
  readonly ownOrigin: string
  /** Whether refresh tokens are used, and kept here. */
  readonly keepsRefreshToken: boolean
  /** Whether `subjectProp` is given, so that who is logged in is named. */
  readonly namesSubject: boolean
}

/** The session's name: of its record, its lock and its messages. */
export type SessionName = Pick<Config, 'storageKey'>

/** Which requests are ours, and what for. */
export type UrlOptions = Pick<
  Config,
  | 'apiUrls'
  | 'bypassHeader'
  | 'destinations'
  | 'httpInterceptor'
  | 'loginOperations'
  | 'loginPredicates'
  | 'sessionUrl'
  | 'logoutMethod'
  | 'logoutPredicates'
  | 'logoutUrls'
  | 'ownOrigin'
  | 'signupUrl'
  | 'tokensInBodies'
  | keyof Endpoints
>

/** The header that carries the access token. */
export type HeaderOptions = Pick<Config, 'authHeader' | 'authTokenType'>

/** How a request to the authorization server is written. */
export type TokenRequestOptions = HeaderOptions &
  Pick<
    Config,
    | 'clientId'
    | 'defaultHeadersForTokenRequests'
    | 'formEncoded'
    | 'idempotencyKeys'
    | 'ownOrigin'
    | 'refreshTokenIn'
    | 'timeout'
  >

/** Where tokens stand in a response, and which of them are kept. */
export type TokenResponseOptions = Pick<
  Config,
  | 'accessTokenIn'
  | 'accessTokenName'
  | 'accessTokenProp'
  | 'accessTokenRoot'
  | 'authTokenType'
  | 'dpop'
  | 'getAccessTokenFromResponse'
  | 'getExpirationDateFromResponse'
  | 'getRefreshTokenFromResponse'
  | 'idTokenName'
  | 'idTokenProp'
  | 'idTokenRoot'
  | 'keepsRefreshToken'
  | 'namesSubject'
  | 'refreshTokenName'
  | 'refreshTokenProp'
  | 'refreshTokenRoot'
  | 'subjectProp'
>

/** What decides in code, where servers differ. */
export type HookOptions = Pick<
  Config,
  'isRefreshRejected' | 'isUnauthorized' | 'logoutRequest' | 'readTokens' | 'refreshRequest'
>

/** What ends a session whatever its tokens allow. */
export type SessionLimits = Pick<Config, 'maxAge' | 'maxIdle'>

/** What pages may see of tokens. */
export type DisclosureOptions = Pick<
  Config,
  'claims' | 'exposeAccessToken' | 'exposeIdToken' | 'placeholders' | 'redactTokens'
>
