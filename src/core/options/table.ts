import type { Options } from './options.ts'
import { isAbsolute } from './parse-endpoint.ts'
import { isObject } from './show.ts'

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

export const isText: Check = value => typeof value === 'string' && value.trim() !== ''
/** What may say which URLs are meant, as far as its type tells. */
const isUrl: Check = value => isText(value) || typeof value === 'function' || isObject(value)
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
export const table: Readonly<Record<keyof Options, Row>> = {
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
    'a URL, a predicate, a URLPattern, or an array of these, at least one',
    value => (Array.isArray(value) ? value.length > 0 : isUrl(value)),
  ],
  loginOperations: [
    [],
    'an array of names of GraphQL operations or mutations',
    value => Array.isArray(value) && value.every(name => /^[_a-z]\w*$/i.test(name)),
  ],
  signupUrl: urlOrNull,
  loginOnSignup: flag(true),
  logoutUrl: [
    null,
    'a URL, a predicate, a URLPattern, an array of these, or null',
    value => value === null || Array.isArray(value) || isUrl(value),
  ],
  logoutMethod: [
    'get',
    "an HTTP method, such as 'get' or 'post'",
    value => isText(value) && /^(get|post|put|patch|delete)$/i.test(value as string),
  ],
  revocationUrl: urlOrNull,
  endSessionUrl: urlOrNull,
  refreshTokenUrl: urlOrNull,
  useRefreshToken: flag(false),
  refreshTokenIn: oneOf('body', 'cookie', 'access_token'),
  accessTokenIn: oneOf('header', 'cookie'),
  sessionUrl: urlOrNull,
  subjectProp: text('sub'),
  navigations: [
    [],
    "an array of URL prefixes, such as ['/app/']",
    value => Array.isArray(value) && value.every(isText),
  ],
  idempotencyKeys: oneOf('same-origin', 'always', 'never'),
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
  refreshRequest: getter,
  readTokens: getter,
  tokensInAnswers: flag(false),
  tokensInBodies: [[], 'an array of URL prefixes, predicates or URLPatterns', Array.isArray],
  isUnauthorized: getter,
  isRefreshRejected: getter,
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
  unavailableLimit: seconds(86_400, 60, 31_536_000),
  maxAge: limit,
  replayBodyLimit: [
    8_388_608,
    'a number of bytes, 0 or more',
    value => Number.isSafeInteger(value) && (value as number) >= 0,
  ],
  attach: oneOf('always', 'placeholder'),
  whenEnded: oneOf('fail', 'hold'),
  holdTime: seconds(120, 1, 240),
  bypassHeader: ['Refresh-Worker-Bypass', 'the name of a header', isHeaderName],
  destinations: [
    [''],
    `an array of ${[...DESTINATIONS].map(name => `'${name}'`).join(', ')}: no navigations`,
    value => Array.isArray(value) && value.every(name => DESTINATIONS.has(name)),
  ],
  staticRoutes: flag(false),
  redactTokens: flag(true),
  placeholders: oneOf('jwt', 'opaque'),
  exposeIdToken: flag(true),
  claims: [[], 'an array of claim names', value => Array.isArray(value) && value.every(isText)],
  exposeAccessToken: flag(false),
  dpop: flag(false),
  lifecycle: flag(true),
}

/** Defaults where there is an issuer: its metadata tell the URL, and RFC 6749 how it is asked. */
export const withIssuer: Partial<Options> = {
  loginUrl: [],
  defaultHeadersForTokenRequests: { 'Content-Type': 'application/x-www-form-urlencoded' },
}
