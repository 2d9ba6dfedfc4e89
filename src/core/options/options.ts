import type { ReadTokensHook, RefreshRequestHook, ResponseTest } from './hooks.ts'

/** Decides on a parsed URL; must be synchronous and free of side effects. */
export type UrlPredicate = (url: URL, request: Request) => boolean

/** Anything with a `test` method that takes a URL as a string: a `URLPattern`, but not a `RegExp`. */
export interface UrlTest {
  test(url: string): boolean
}

/** Replaces the extraction of a token from a response body that was parsed from JSON. */
export type TokenGetter = (response: unknown) => string | null | undefined

/** The options of `setup()`. Durations are in seconds, as `expires_in` is. */
export interface Options {
  /**
   * Which requests get the access token: URL prefixes, compared by origin and whole path segments (`'/api'` takes
   * `/api` and `/api/me`, not `/apis`), predicates, or URLPatterns; a pattern without an origin means the worker's own.
   */
  apiUrls: readonly (string | UrlPredicate | UrlTest)[]
  /** Joined before every URL of this configuration that is not absolute. */
  baseUrl?: string
  /**
   * The authorization server's issuer identifier, an https URL: the URLs of token, login and revocation endpoint that are
   * not set here are read from its metadata (RFC 8414, OpenID Connect Discovery), and requests to it are form-encoded.
   */
  issuer?: string | null
  /**
   * A POST here is a login; its response holds the tokens. URLs, predicates or URLPatterns, one or several; what they say
   * yes to gets no access token.
   */
  loginUrl?: string | UrlPredicate | UrlTest | readonly (string | UrlPredicate | UrlTest)[]
  /**
   * Names of GraphQL operations, or of root fields of mutations: where `loginUrl` is one of `apiUrls` too, a POST there is
   * a login only if it runs one of them, and else a request to the API.
   */
  loginOperations?: readonly string[]
  /** A POST here is a signup; its response may hold tokens too. */
  signupUrl?: string | null
  /** Whether a signup response that holds tokens logs in. */
  loginOnSignup?: boolean
  /**
   * A page's own request here is a logout, whatever it answers, and so is a navigation to one of its URLs. URLs, predicates
   * or URLPatterns, one or several; the first URL is also asked by `logout()`.
   */
  logoutUrl?: string | UrlPredicate | UrlTest | readonly (string | UrlPredicate | UrlTest)[] | null
  /** The method of `logoutUrl`, in any case. Where it is GET, a page's own POST is a logout too; a predicate is asked of any. */
  logoutMethod?: string
  /**
   * Asked on logout to revoke the refresh token (RFC 7009), a few times where it is busy. A page's own request to it with
   * a placeholder is a logout too.
   */
  revocationUrl?: string | null
  /**
   * Where a page goes to end the session at the server too (OpenID Connect RP-Initiated Logout): one that goes there has
   * logged out. Null: what the issuer names.
   */
  endSessionUrl?: string | null
  /** Where refresh requests go; null: to the issuer's token endpoint, or else to `loginUrl`, the first of them. */
  refreshTokenUrl?: string | null
  /** Refresh tokens on or off. */
  useRefreshToken?: boolean
  /**
   * Where the refresh token is: `'body'`, in the login's response and then the worker's; `'cookie'`, in an HttpOnly cookie
   * of the server's, which no script ever sees; or `'access_token'`: there is none, and the access token renews itself,
   * for as long as the server takes it.
   */
  refreshTokenIn?: 'body' | 'cookie' | 'access_token'
  /**
   * Where the access token is: `'header'`, in the login's answer and then the worker's, who puts it into `authHeader`; or
   * `'cookie'`, in an HttpOnly cookie of the server's, as the refresh token then is too. No script ever sees either, and
   * the worker keeps who is logged in and until when.
   */
  accessTokenIn?: 'header' | 'cookie'
  /**
   * With `accessTokenIn: 'cookie'`: a GET here tells whether somebody is logged in, and who. It is asked for sessions that
   * the worker did not see begin: by a form, or at another site.
   */
  sessionUrl?: string | null
  /**
   * With `accessTokenIn: 'cookie'`: where an answer to a login, a refresh or `sessionUrl` names the user, dotted. Where it
   * names another one than before, that is another session.
   */
  subjectProp?: string
  /**
   * With `accessTokenIn: 'cookie'`: URL prefixes, as in `apiUrls`. A GET navigation there whose session has expired, or is
   * about to, waits for the refresh, for three seconds at most.
   */
  navigations?: readonly string[]
  /**
   * Whether a refresh carries a header `Idempotency-Key`, the same where it is tried again after its answer was lost:
   * `'same-origin'`, to a token endpoint of the worker's own origin; `'always'`, to another one too, which has to allow the
   * header by CORS, and which answers a repetition with the same tokens, as `refresh-worker/server` does, so that there
   * may be any number; or `'never'`.
   * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
   */
  idempotencyKeys?: 'same-origin' | 'always' | 'never'
  /** Refresh an expired access token without being asked; false: only after a 401 for it, or by `updateToken()`. */
  autoUpdateToken?: boolean
  /** Sent as `client_id` with refresh requests where set. */
  clientId?: string | false
  /** Where in the response the access token is, dotted. */
  accessTokenProp?: string
  /** Where an object is found there: the token's name in it, below the dotted `accessTokenRoot`. */
  accessTokenName?: string
  /** See `accessTokenName`. */
  accessTokenRoot?: string | false
  /** Where in the response the refresh token is, dotted. */
  refreshTokenProp?: string
  /** As `accessTokenName`. */
  refreshTokenName?: string
  /** As `accessTokenRoot`. */
  refreshTokenRoot?: string | false
  /** Where in the response the id token is, dotted. */
  idTokenProp?: string
  /** As `accessTokenName`. */
  idTokenName?: string
  /** As `accessTokenRoot`. */
  idTokenRoot?: string | false
  /** The property of a refresh request that carries the refresh token. */
  refreshTokenSubmitProp?: string
  /** Replaces the rule of `accessTokenProp`. */
  getAccessTokenFromResponse?: TokenGetter | null
  /** Replaces the rule of `refreshTokenProp`. */
  getRefreshTokenFromResponse?: TokenGetter | null
  /** Gets the response body, returns when the access token expires, in seconds since the epoch. */
  getExpirationDateFromResponse?: ((response: unknown) => number) | null
  /**
   * Replaces how a refresh is asked, and with it `refreshTokenSubmitProp`, `clientId` and
   * `defaultHeadersForTokenRequests`, which then are for `revocationUrl` only.
   */
  refreshRequest?: RefreshRequestHook | null
  /**
   * Replaces how tokens are found in an answer (all options that end in `Prop`, `Name`, `Root` or `FromResponse`). Gets a
   * copy with headers and at most 1 MiB of body. Where it fails on a login's answer, the page gets a 502 in place of what
   * may hold tokens.
   */
  readTokens?: ReadTokensHook | null
  /**
   * Whether every answer of the API may bring a new token in a header: `readTokens` is asked about each, and gets it
   * without its body.
   */
  tokensInAnswers?: boolean
  /**
   * URLs, as in `apiUrls`, at which tokens stand in bodies too: placeholders in a request's body, query and other headers are
   * replaced by the tokens that they stand for, tokens in the answer by placeholders, and a new one of the same user is
   * taken. Of these, those that are in `apiUrls` too get the token in `authHeader` as well.
   */
  tokensInBodies?: readonly (string | UrlPredicate | UrlTest)[]
  /**
   * Whether an answer of the API calls for a new token; replaces the rule, which is a 401, unless it asks for another
   * login (RFC 9470) or another scheme than `authTokenType`, Bearer or DPoP. Gets a copy with headers and, of JSON and of
   * errors, up to 64 KiB of body, for which the answer waits a second at most.
   */
  isUnauthorized?: ResponseTest | null
  /** Whether an answer to a refresh ends the session; replaces the rule. Gets a copy with headers and body. */
  isRefreshRejected?: ResponseTest | null
  /** Any other name than `Authorization` makes requests fail on a redirect, which would carry it to other origins. */
  authHeader?: string
  /** A falsy type sends the bare token. */
  authTokenType?: string | false | null
  /** False: nothing is attached. */
  httpInterceptor?: boolean
  /** A 401 for a token that has not expired ends the session. */
  logoutOnInvalidToken?: boolean
  /** `Content-Type: application/x-www-form-urlencoded` makes refresh requests form-encoded, as RFC 6749 asks. */
  defaultHeadersForTokenRequests?: Readonly<Record<string, string>>
  /** Names the stored record, the lock and the session. */
  storageKey?: string
  /** Where tokens are kept: in IndexedDB, which pages can read, or in the worker's memory, which ends with the worker. */
  storage?: 'indexeddb' | 'memory'
  /** How long before its expiry a token is refreshed behind requests, in seconds; never more than a fifth of its life. */
  refreshAhead?: number
  /**
   * How long requests wait for a refresh, in seconds. The answer to the refresh itself is taken up to six times as late,
   * unless the refresh token is in a cookie.
   */
  timeout?: number
  /** The session ends when it was not used for so long, in seconds; null: that ends no session. */
  maxIdle?: number | null
  /** The session ends so long after the login, in seconds; null: it ends for other reasons only. */
  maxAge?: number | null
  /**
   * The session ends when the token endpoint has answered refreshes for so long with neither tokens nor a refusal, in
   * seconds: a failing server, a proxy's page. While the network is out, nothing is counted.
   */
  unavailableLimit?: number
  /**
   * How much of a request's body is kept in memory, to send it once more after a 401, in bytes. Nothing is kept of a body that
   * is neither text nor a form where the API has taken this very token before.
   */
  replayBodyLimit?: number
  /**
   * Which requests to `apiUrls` get the token: `'always'`, all of them; `'placeholder'`, those that carry a placeholder in
   * `authHeader`, as an application does that keeps its token, and forgets it when it logs out.
   */
  attach?: 'always' | 'placeholder'
  /**
   * What becomes of requests to `apiUrls` whose session has ended, other than by a logout: `'fail'`, they get the API's own
   * 401; `'hold'`, they wait for the same user (the `sub` of the id token, or else of the access token) to log in again, as
   * in a dialog, and are sent then. At most 100 wait, with bodies of `replayBodyLimit` in all.
   */
  whenEnded?: 'fail' | 'hold'
  /** How long after its end, in seconds. */
  holdTime?: number
  /** A request with this header, whatever its value, is sent without a token, and without the header. */
  bypassHeader?: string
  /**
   * Which requests get the token besides those of scripts: `'image'`, `'video'` and so on, as in `request.destination`.
   * They are sent in mode `cors`, since browsers drop the token in `no-cors`.
   */
  destinations?: readonly RequestDestination[]
  /**
   * Whether this worker does nothing else: where the browser has static routes, a request that is none of these URLs
   * does not even start it, and no other fetch listener in it hears of one.
   */
  staticRoutes?: boolean
  /** Pages see placeholders in place of tokens in login responses. */
  redactTokens?: boolean
  /**
   * What the placeholder of a JWT is: `'jwt'`, one with the same header and claims, for code that decodes it, and a
   * signature that no key makes; `'opaque'`, a text that says nothing. Of any other token it is that text.
   */
  placeholders?: 'jwt' | 'opaque'
  /**
   * Leaves the id token in login responses, as OAuth libraries need it, and gives it along with what they renew; false:
   * pages see a placeholder in its place too.
   */
  exposeIdToken?: boolean
  /** Names of claims, of the id token or else the access token, that pages see in the state. */
  claims?: readonly string[]
  /** Lets pages ask for the access token. */
  exposeAccessToken?: boolean
  /**
   * Asks for tokens that are bound to a key of this browser, and proves with every request that it has the key
   * (RFC 9449).
   */
  dpop?: boolean
  /** `skipWaiting` and `clients.claim` by us; false: they are the application's. */
  lifecycle?: boolean
}
