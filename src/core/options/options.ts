import type { LogoutRequestHook, ReadTokensHook, RefreshRequestHook, ResponseTest } from './hooks.ts'

/**
 * Decides on a parsed URL. Must be synchronous and free of side effects. One that throws has said no. A promise is a no too,
 * but in `loginUrl`, where it is a yes at the origins of the worker and of `refreshTokenUrl`: an answer with tokens that
 * nobody takes would reach the page. The console and `inspect()` name both.
 */
export type UrlPredicate = (url: URL, request: Request) => boolean

/** Anything with a `test` method that takes a URL as a string: a `URLPattern`, but not a `RegExp`. */
export interface UrlTest {
  test(url: string): boolean
}

/** Replaces the rule that finds a token in a response body. Gets the body, parsed from JSON. */
export type TokenGetter = (response: unknown) => string | null | undefined

/** The options of `setup()`. Durations are in seconds, as `expires_in` is. */
export interface Options {
  /**
   * Which requests get the access token: URL prefixes, predicates, or URLPatterns. Prefixes are compared by origin and
   * whole path segments: `'/api'` takes `/api` and `/api/me`, not `/apis`. A pattern without an origin means the worker's.
   */
  apiUrls: readonly (string | UrlPredicate | UrlTest)[]
  /** Goes before every URL of this configuration that is not absolute. */
  baseUrl?: string
  /**
   * The authorization server's issuer identifier, an https URL. The worker reads from its metadata (RFC 8414, OpenID Connect
   * Discovery) the token, login and revocation URLs that you have not set, and sends form-encoded requests to them.
   */
  issuer?: string | null
  /**
   * A POST here is a login; its response holds the tokens. One or several URLs, predicates or URLPatterns. Requests that
   * they match get no access token.
   */
  loginUrl?: string | UrlPredicate | UrlTest | readonly (string | UrlPredicate | UrlTest)[]
  /**
   * Names of GraphQL operations, or of root fields of mutations. If `loginUrl` is one of `apiUrls` too, a POST there is a
   * login only if it runs one of them, and otherwise a request to the API.
   */
  loginOperations?: readonly string[]
  /** A POST here is a signup; its response may hold tokens too. */
  signupUrl?: string | null
  /** Whether a signup response that holds tokens logs in. */
  loginOnSignup?: boolean
  /**
   * A page's own request here is a logout, whatever the answer, and so is a navigation to one of its URLs. One or several
   * URLs, predicates or URLPatterns. `logout()` calls the first URL.
   */
  logoutUrl?: string | UrlPredicate | UrlTest | readonly (string | UrlPredicate | UrlTest)[] | null
  /** The method of `logoutUrl`, in any case. If it is GET, a page's own POST is a logout too. Predicates see any method. */
  logoutMethod?: string
  /**
   * On logout, the worker calls this to revoke the refresh token (RFC 7009), a few times if the server is busy. A page's own
   * POST here with a placeholder, wherever that stands, is a logout too.
   */
  revocationUrl?: string | null
  /**
   * Where a page goes to end the session at the server too (OpenID Connect RP-Initiated Logout). A page that goes there has
   * logged out. Null: the URL that the issuer names.
   */
  endSessionUrl?: string | null
  /** Where refresh requests go. Null: to the issuer's token endpoint, or else to the first URL of `loginUrl`. */
  refreshTokenUrl?: string | null
  /** Turns refresh tokens on. */
  useRefreshToken?: boolean
  /**
   * Where the refresh token is. `'body'`: in the login's response, and then with the worker. `'cookie'`: in an HttpOnly
   * cookie of the server, which no script ever sees. `'access_token'`: there is none, and the access token renews itself
   * for as long as the server accepts it.
   */
  refreshTokenIn?: 'body' | 'cookie' | 'access_token'
  /**
   * Where the access token is. `'header'`: in the login's answer, and then with the worker, which puts it into `authHeader`.
   * `'cookie'`: in an HttpOnly cookie of the server, and so is the refresh token. No script ever sees either; the worker
   * knows who is logged in and until when.
   */
  accessTokenIn?: 'header' | 'cookie'
  /**
   * With `accessTokenIn: 'cookie'`: a GET here tells whether somebody is logged in, and who. The worker calls it for sessions
   * that it did not see begin: by a form, or at another site.
   */
  sessionUrl?: string | null
  /**
   * With `accessTokenIn: 'cookie'`: where an answer to a login, a refresh or `sessionUrl` names the user, dotted. If it
   * names another user than before, that is another session.
   */
  subjectProp?: string
  /**
   * With `accessTokenIn: 'cookie'`: URL prefixes, as in `apiUrls`. If the session has expired or is about to, a GET navigation
   * there waits for the refresh, three seconds at most; a worker that has just been started reads the session first.
   */
  navigations?: readonly string[]
  /**
   * Whether a refresh carries a header `Idempotency-Key`. If the answer is lost, the worker tries again with the same key.
   * `'same-origin'`: to a token endpoint of the worker's own origin. `'always'`: to another origin too, which must allow the
   * header by CORS; the server must answer a repetition with the same tokens, as `refresh-worker/server` does, and the worker
   * tries as often as needed. `'never'`: not at all.
   * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
   */
  idempotencyKeys?: 'same-origin' | 'always' | 'never'
  /** The worker refreshes an expired access token by itself. False: only after a 401 for it, or for `updateToken()`. */
  autoUpdateToken?: boolean
  /** If set, refresh requests carry it as `client_id`. */
  clientId?: string | false
  /** Where in the response the access token is, dotted. */
  accessTokenProp?: string
  /** If there is an object at that place: the token's name in it, below the dotted `accessTokenRoot`. */
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
  /** Gets the response body, and returns when the access token expires, in seconds since the epoch. */
  getExpirationDateFromResponse?: ((response: unknown) => number) | null
  /**
   * Makes the refresh request. Replaces `refreshTokenSubmitProp`, `clientId` and `defaultHeadersForTokenRequests`, which
   * then apply to `revocationUrl` only.
   */
  refreshRequest?: RefreshRequestHook | null
  /** Makes the worker's own request to `logoutUrl`, with a body, a header or a CSRF token. Replaces `logoutMethod`. */
  logoutRequest?: LogoutRequestHook | null
  /**
   * Finds the tokens in an answer. Replaces all options that end in `Prop`, `Name`, `Root` or `FromResponse`. Gets a copy
   * with headers and at most 1 MiB of body. If it fails on a login's answer, the page gets a 502 instead of that answer.
   */
  readTokens?: ReadTokensHook | null
  /**
   * Whether every answer of the API may bring a new token in a header. The worker then calls `readTokens` for each answer,
   * without its body.
   */
  tokensInAnswers?: boolean
  /**
   * URLs, as in `apiUrls`, where tokens stand in bodies too. In a request's body, query and other headers the worker replaces
   * placeholders by their tokens; in the answer it replaces tokens by placeholders, and takes a new one of the same user.
   * URLs that are in `apiUrls` too get the token in `authHeader` as well.
   */
  tokensInBodies?: readonly (string | UrlPredicate | UrlTest)[]
  /**
   * Whether an answer of the API calls for a new token. Replaces the rule: a 401, unless it asks for more than a token
   * (RFC 9470, `insufficient_scope`) or only for Basic, Digest, Negotiate or NTLM. Gets a copy with headers and, of JSON and
   * of errors, up to 64 KiB of body, for which the answer waits a second at most.
   */
  isUnauthorized?: ResponseTest | null
  /** Whether an answer to a refresh ends the session, in place of the rule. Gets a copy with headers and body. */
  isRefreshRejected?: ResponseTest | null
  /** With any other name than `Authorization`, requests fail on a redirect, which would carry it to other origins. */
  authHeader?: string
  /** The scheme before the token. A falsy value sends the bare token. */
  authTokenType?: string | false | null
  /** False: the worker attaches no token. */
  httpInterceptor?: boolean
  /** A 401 for a token that has not expired ends the session. For servers where nothing renews tokens. */
  logoutOnInvalidToken?: boolean
  /** `Content-Type: application/x-www-form-urlencoded` makes refresh requests form-encoded, as RFC 6749 has them. */
  defaultHeadersForTokenRequests?: Readonly<Record<string, string>>
  /** Names the stored record, the lock and the session. */
  storageKey?: string
  /** Where tokens are kept: in IndexedDB, which pages can read, or in the worker's memory, which ends with the worker. */
  storage?: 'indexeddb' | 'memory'
  /** How long before it expires a token is refreshed in the background, in seconds; at most a fifth of its life. */
  refreshAhead?: number
  /**
   * How long requests wait for a refresh, in seconds. The worker takes the answer to the refresh itself up to six times as
   * late, unless the refresh token is in a cookie.
   */
  timeout?: number
  /** The session ends when it has not been used for so long, in seconds. Null: there is no such limit. */
  maxIdle?: number | null
  /** The session ends so long after the login, in seconds. Null: there is no such limit. */
  maxAge?: number | null
  /**
   * The session ends when for so long, in seconds, the token endpoint has answered refreshes with neither tokens nor a
   * refusal. Time without a network does not count, and of a pause in which nobody asked a quarter of this at most.
   */
  unavailableLimit?: number
  /**
   * How much of a request's body the worker keeps in memory, in bytes, to send it once more after a 401. If the API has
   * already accepted this token, the worker keeps only text and forms.
   */
  replayBodyLimit?: number
  /**
   * Which requests to `apiUrls` get the token. `'always'`: all of them. `'placeholder'`: those that carry a placeholder in
   * `authHeader`, for an application that keeps its token and forgets it when it logs out.
   */
  attach?: 'always' | 'placeholder'
  /**
   * What happens to requests to `apiUrls` whose session has ended in any other way than by a logout. `'fail'`: they get the
   * API's own 401. `'hold'`: they wait until the same user has logged in again, as in a dialog. The `sub` of the id token, or
   * else of the access token, tells. At most 100 wait, with bodies of `replayBodyLimit` in all.
   */
  whenEnded?: 'fail' | 'hold'
  /** How long after the end of the session they wait, in seconds. */
  holdTime?: number
  /**
   * A request to `apiUrls` with this header, whatever its value, is sent without a token. The header goes out with no request
   * that the worker sees.
   */
  bypassHeader?: string
  /**
   * Which requests get the token besides those of scripts: `'image'`, `'video'` and so on, as in `request.destination`.
   * The worker sends them in mode `cors`, because browsers drop the token in `no-cors`.
   */
  destinations?: readonly RequestDestination[]
  /**
   * Whether this worker does nothing else. If the browser has static routes, a request to none of these URLs, unless it is a
   * POST, does not even start the worker, and no other fetch listener in it sees that request.
   */
  staticRoutes?: boolean
  /** Pages see placeholders in place of tokens in login responses. */
  redactTokens?: boolean
  /**
   * What the placeholder of a JWT is. `'jwt'`: a JWT with the same header and claims, for code that decodes it, and a
   * signature that no key makes. `'opaque'`: a text that says nothing, as for any other token.
   */
  placeholders?: 'jwt' | 'opaque'
  /**
   * The id token stays in login responses, because OAuth libraries need it, and in the renewals that they request. False:
   * pages see a placeholder in its place too.
   */
  exposeIdToken?: boolean
  /** Names of claims, of the id token or else the access token, that pages see in the state. */
  claims?: readonly string[]
  /** Lets pages ask for the access token. */
  exposeAccessToken?: boolean
  /**
   * Asks for tokens that are bound to a key of this browser, and proves with every request that the worker has the key
   * (RFC 9449).
   */
  dpop?: boolean
  /** The library calls `skipWaiting` and `clients.claim`. False: your application does. */
  lifecycle?: boolean
}
