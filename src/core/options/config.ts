import { ConfigError } from '../../errors.ts'

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
   * `/api` and `/api/me`, not `/apis`), predicates, or URLPatterns.
   */
  apiUrls: readonly (string | UrlPredicate | UrlTest)[]
  /** Joined before every URL of this configuration that is not absolute. */
  baseUrl?: string
  /**
   * The authorization server's issuer identifier, an https URL: the URLs of token, login and revocation endpoint that are
   * not set here are read from its metadata (RFC 8414, OpenID Connect Discovery), and requests to it are form-encoded.
   */
  issuer?: string | null
  /** A POST here is a login; its response holds the tokens. There may be several such URLs. */
  loginUrl?: string | readonly string[]
  /** A POST here is a signup; its response may hold tokens too. */
  signupUrl?: string | null
  /** Whether a signup response that holds tokens logs in. */
  loginOnSignup?: boolean
  /** Asked on logout, whatever it answers. A page's own request to it is a logout too. */
  logoutUrl?: string | null
  /** The method of `logoutUrl`, in any case. */
  logoutMethod?: string
  /**
   * Asked on logout to revoke the refresh token (RFC 7009), a few times where it is busy. A page's own request to it with
   * a placeholder is a logout too.
   */
  revocationUrl?: string | null
  /** Where refresh requests go; null: to the issuer's token endpoint, or else to `loginUrl`, the first of them. */
  refreshTokenUrl?: string | null
  /** Refresh tokens on or off. */
  useRefreshToken?: boolean
  /**
   * Where the refresh token is: `'body'`, in the login's response and then the worker's, or `'cookie'`, in an HttpOnly
   * cookie of the server's, which no script ever sees.
   */
  refreshTokenIn?: 'body' | 'cookie'
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
  /** How long a refresh request may take, in seconds. */
  timeout?: number
  /** The session ends when it was not used for so long, in seconds; null: that ends no session. */
  maxIdle?: number | null
  /** The session ends so long after the login, in seconds; null: it ends for other reasons only. */
  maxAge?: number | null
  /** How much of a request's body is kept in memory, to send it once more after a 401, in bytes. */
  replayBodyLimit?: number
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

/** A URL to compare requests with: RFC 3986 origin and path, `search` only where the configuration has one. */
export interface Endpoint {
  readonly href: string
  readonly origin: string
  readonly pathname: string
  readonly search: string
}

export type ApiUrl = Endpoint | UrlPredicate

/** Where the authorization server is asked; null, or none: there is none, or it is not known yet. */
export interface Endpoints {
  readonly loginUrls: readonly Endpoint[]
  readonly refreshTokenUrl: Endpoint | null
  readonly revocationUrl: Endpoint | null
  /** Where a page may go to end the session at the server too (OpenID Connect RP-Initiated Logout). */
  readonly endSessionUrl: Endpoint | null
}

type Resolved = 'apiUrls' | 'baseUrl' | 'loginUrl' | 'signupUrl' | 'logoutUrl' | 'maxIdle' | 'maxAge' | keyof Endpoints

/**
 * Validated options with defaults; URLs are resolved, durations are milliseconds. What of the endpoints `issuer` is to
 * tell is missing.
 */
export interface Config extends Readonly<Required<Omit<Options, Resolved>>>, Endpoints {
  readonly apiUrls: readonly ApiUrl[]
  readonly signupUrl: Endpoint | null
  readonly logoutUrl: Endpoint | null
  /** Infinity: no limit. */
  readonly maxIdle: number
  readonly maxAge: number
  readonly formEncoded: boolean
  /** Whether refresh tokens are used, and kept here. */
  readonly keepsRefreshToken: boolean
}

/** What else than scripts asks for with a token may be; a navigation that got one would launder cross-site requests. */
const DESTINATIONS: ReadonlySet<unknown> = new Set<RequestDestination>([
  '',
  'audio',
  'font',
  'image',
  'manifest',
  'style',
  'track',
  'video',
])

type Check = (value: unknown) => boolean
type Row = readonly [defaultValue: unknown, takes: string, check: Check]

const isText: Check = value => typeof value === 'string' && value.trim() !== ''
const isHeaderName: Check = value => typeof value === 'string' && /^[\w!#$%&'*+.^`|~-]+$/.test(value)
const isTextMap: Check = value =>
  isObject(value) && Object.entries(value).every(([name, text]) => isHeaderName(name) && typeof text === 'string')

const flag = (initial: boolean): Row => [initial, 'true or false', value => typeof value === 'boolean']
const text = (initial: string): Row => [initial, 'a string that is not empty', isText]
const textOrFalse: Row = [false, 'a string that is not empty, or false', value => value === false || isText(value)]
const urlOrNull: Row = [null, 'a URL, or null', value => value === null || isText(value)]
const getter: Row = [null, 'a function, or null', value => value === null || typeof value === 'function']
const oneOf = (...words: readonly [string, ...string[]]): Row => [
  words[0],
  words.map(word => `'${word}'`).join(' or '),
  value => words.includes(value as string),
]
const seconds = (initial: number, least: number, most: number): Row => [
  initial,
  `a number of seconds from ${least} to ${most}`,
  value => typeof value === 'number' && value >= least && value <= most,
]
const limit: Row = [
  null,
  'a number of seconds, 1 or more, or null',
  value => value === null || (Number.isFinite(value) && (value as number) >= 1),
]

/** Every option: its default, what it takes in words, and the check. */
const table: Readonly<Record<keyof Options, Row>> = {
  apiUrls: [
    undefined,
    "an array of URL prefixes, predicates or URLPatterns, at least one, such as ['/api/']",
    value => Array.isArray(value) && value.length > 0,
  ],
  baseUrl: ['', 'a string', value => typeof value === 'string'],
  issuer: [
    null,
    "an absolute URL, such as 'https://id.example', or null",
    value => value === null || (isText(value) && isAbsolute(value as string)),
  ],
  loginUrl: [
    '/auth/login',
    'a URL, or an array of URLs, at least one',
    value => isText(value) || (Array.isArray(value) && value.length > 0 && value.every(isText)),
  ],
  signupUrl: urlOrNull,
  loginOnSignup: flag(true),
  logoutUrl: urlOrNull,
  logoutMethod: [
    'get',
    "an HTTP method, such as 'get' or 'post'",
    value => isText(value) && /^(get|post|put|patch|delete)$/i.test(value as string),
  ],
  revocationUrl: urlOrNull,
  refreshTokenUrl: urlOrNull,
  useRefreshToken: flag(false),
  refreshTokenIn: oneOf('body', 'cookie'),
  autoUpdateToken: flag(true),
  clientId: textOrFalse,
  accessTokenProp: text('access_token'),
  accessTokenName: text('token'),
  accessTokenRoot: textOrFalse,
  refreshTokenProp: text('refresh_token'),
  refreshTokenName: text('token'),
  refreshTokenRoot: textOrFalse,
  idTokenProp: text('id_token'),
  idTokenName: text('token'),
  idTokenRoot: textOrFalse,
  refreshTokenSubmitProp: text('refresh_token'),
  getAccessTokenFromResponse: getter,
  getRefreshTokenFromResponse: getter,
  getExpirationDateFromResponse: getter,
  authHeader: ['Authorization', 'the name of a header', isHeaderName],
  authTokenType: ['Bearer', 'a token type, or a falsy value', value => !value || isHeaderName(value)],
  httpInterceptor: flag(true),
  logoutOnInvalidToken: flag(false),
  defaultHeadersForTokenRequests: [
    { 'Content-Type': 'application/json' },
    'an object of header names and strings',
    isTextMap,
  ],
  storageKey: text('refresh-worker'),
  storage: oneOf('indexeddb', 'memory'),
  refreshAhead: seconds(60, 0, 86_400),
  timeout: seconds(10, 0.1, 300),
  maxIdle: limit,
  maxAge: limit,
  replayBodyLimit: [
    8_388_608,
    'a number of bytes, 0 or more',
    value => Number.isSafeInteger(value) && (value as number) >= 0,
  ],
  destinations: [
    [''],
    `an array of ${[...DESTINATIONS].map(name => `'${name}'`).join(', ')}: no navigations`,
    value => Array.isArray(value) && value.every(name => DESTINATIONS.has(name)),
  ],
  staticRoutes: flag(false),
  redactTokens: flag(true),
  exposeIdToken: flag(true),
  claims: [[], 'an array of claim names', value => Array.isArray(value) && value.every(isText)],
  exposeAccessToken: flag(false),
  dpop: flag(false),
  lifecycle: flag(true),
}

/** Defaults where there is an issuer: its metadata tell the URL, and RFC 6749 how it is asked. */
const withIssuer: Partial<Options> = {
  loginUrl: [],
  defaultHeadersForTokenRequests: { 'Content-Type': 'application/x-www-form-urlencoded' },
}

/**
 * Validates the options of `setup()` and fills in the defaults.
 * @param scriptUrl the worker's own URL, which relative URLs are resolved against
 * @throws {ConfigError} code `config_error`; names the option, what it got and what it takes
 */
export function resolveConfig(options: Options, scriptUrl: string): Config {
  if (!isObject(options)) throw new ConfigError('(all)', `setup() takes an object, such as { apiUrls: ['/api/'] }`)
  for (const name of Object.keys(options)) if (!Object.hasOwn(table, name)) throw unknownOption(name)

  const values: Record<string, unknown> = {}
  for (const [name, [initial, takes, check]] of Object.entries(table)) {
    const given = (options as unknown as Record<string, unknown>)[name]
    const byDefault = (options.issuer && withIssuer[name as keyof Options]) || initial
    const isWrong = given === undefined ? byDefault === undefined : !check(given)
    if (isWrong) throw new ConfigError(name, `got ${show(given)}, takes ${takes}`)
    values[name] = given === undefined ? byDefault : given
  }

  const checked = values as unknown as Required<Options>
  if (checked.baseUrl && parseEndpoint('baseUrl', checked.baseUrl, '', scriptUrl).search)
    throw new ConfigError('baseUrl', `got ${show(checked.baseUrl)}, takes a URL without a query`)
  const isInCookie = checked.refreshTokenIn === 'cookie'
  if (isInCookie && !checked.useRefreshToken)
    throw new ConfigError('refreshTokenIn', 'got "cookie", which takes useRefreshToken: true')
  const url = (name: keyof Options, value: string) => parseEndpoint(name, value, checked.baseUrl, scriptUrl)
  const urlOf = (name: 'signupUrl' | 'logoutUrl' | 'revocationUrl' | 'refreshTokenUrl') => {
    const value = checked[name]
    return value === null ? null : url(name, value)
  }
  const { issuer, loginUrl, ...rest } = checked
  if (issuer !== null && parseEndpoint('issuer', issuer, '', scriptUrl).search)
    throw new ConfigError('issuer', `got ${show(issuer)}, takes a URL without a query`)
  const loginUrls = [loginUrl].flat().map(value => url('loginUrl', value))
  const hrefs = loginUrls.map(({ href }) => href)
  if (new Set(hrefs).size < hrefs.length) throw new ConfigError('loginUrl', `got ${show(loginUrl)}, takes no URL twice`)
  return {
    ...rest,
    issuer,
    apiUrls: checked.apiUrls.map(entry => apiUrl(entry, url, new URL(scriptUrl).origin)),
    loginUrls,
    signupUrl: urlOf('signupUrl'),
    logoutUrl: urlOf('logoutUrl'),
    revocationUrl: urlOf('revocationUrl'),
    refreshTokenUrl: urlOf('refreshTokenUrl') ?? (issuer === null ? loginUrls[0] : null) ?? null,
    endSessionUrl: null,
    logoutMethod: checked.logoutMethod.toUpperCase(),
    refreshAhead: checked.refreshAhead * 1000,
    timeout: checked.timeout * 1000,
    maxIdle: (checked.maxIdle ?? Number.POSITIVE_INFINITY) * 1000,
    maxAge: (checked.maxAge ?? Number.POSITIVE_INFINITY) * 1000,
    formEncoded: isFormEncoded(checked.defaultHeadersForTokenRequests),
    keepsRefreshToken: checked.useRefreshToken && !isInCookie,
  }
}

/**
 * @param value joined to `baseUrl` unless it is absolute, then resolved against `scriptUrl`
 * @throws {ConfigError} code `config_error`, of the option `name`
 */
export function parseEndpoint(name: keyof Options, value: string, baseUrl: string, scriptUrl: string): Endpoint {
  const wrong = (problem: string) => new ConfigError(name, `got ${show(value)}, ${problem}`)
  const joined = isAbsolute(value) || !baseUrl ? value : `${baseUrl.replace(/\/+$/, '')}/${value.replace(/^\/+/, '')}`
  // URL parsers skip them, wherever they stand: `/\t/evil.example/` is another host.
  if (/[\t\n\r]/.test(joined)) throw wrong('takes a URL without tabs and line breaks')
  if (!/^([a-z][a-z\d+.-]*:\/)?\/(?![/\\])/i.test(joined))
    throw wrong('takes an absolute URL or a path that starts with one slash')
  const url = URL.canParse(joined, scriptUrl) ? new URL(joined, scriptUrl) : null
  if (!url) throw wrong('which is not a URL')
  if (url.username || url.password) throw wrong('takes a URL without user name and password')
  if (url.hostname.includes('*')) throw wrong('takes a URL without wildcards: use a predicate, (url) => boolean')
  if (url.hash) throw wrong('takes a URL without a fragment')
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname)))
    throw wrong(
      'takes https: (http: only for localhost), since whoever is on the way could read the token (RFC 6750 §5)',
    )
  const { href, origin, pathname, search } = url
  return { href, origin, pathname, search }
}

function apiUrl(
  entry: string | UrlPredicate | UrlTest,
  resolve: (name: keyof Options, value: string) => Endpoint,
  ownOrigin: string,
): ApiUrl {
  const wrong = (problem: string) => new ConfigError('apiUrls', `got ${show(entry)}, ${problem}`)
  if (typeof entry === 'function') return entry
  if (entry instanceof RegExp)
    throw wrong('takes no RegExp, which look-alike hosts get through: use a URL prefix or (url) => url.origin === …')
  if (typeof entry === 'object' && typeof entry?.test === 'function') return url => entry.test(url.href)
  if (typeof entry !== 'string' || !isText(entry)) throw wrong('takes URL prefixes, predicates or URLPatterns')
  const prefix = resolve('apiUrls', entry)
  if (prefix.search) throw wrong('takes a URL without a query')
  if (prefix.pathname === '/' && prefix.origin === ownOrigin)
    throw wrong("which is every request of this site: name the API's path, such as '/api/'")
  return prefix
}

function isFormEncoded(headers: Readonly<Record<string, string>>): boolean {
  const contentType = new Headers(headers).get('Content-Type') ?? 'application/json'
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase()
  if (type === 'application/json') return false
  if (type === 'application/x-www-form-urlencoded') return true
  throw new ConfigError(
    'defaultHeadersForTokenRequests',
    `got the Content-Type ${show(contentType)}, takes application/json or application/x-www-form-urlencoded`,
  )
}

/** RFC 6750 §5 and the Secure Contexts specification: what never leaves the machine. */
function isLoopback(hostname: string): boolean {
  return /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1])$/.test(hostname)
}

function isAbsolute(url: string): boolean {
  return /^[a-z][a-z\d+.-]*:/i.test(url)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function show(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : Array.isArray(value) ? `[${value}]` : String(value)
}

function unknownOption(name: string): ConfigError {
  const [best] = Object.keys(table)
    .map(option => ({ option, distance: editDistance(name.toLowerCase(), option.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)
  const hint = best && best.distance <= Math.max(2, name.length / 4) ? `; did you mean ${best.option}?` : ''
  return new ConfigError(name, `there is no such option${hint}`)
}

/** Levenshtein's. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
