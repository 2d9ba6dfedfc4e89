import { ConfigError } from '../../errors.ts'
import { defaults } from './defaults.ts'
import type { Options } from './options.ts'
import { isAbsolute, parseEndpoint } from './parse-endpoint.ts'
import { isObject, show } from './show.ts'
import { unknownOption } from './unknown-option.ts'

type Check = (value: unknown) => boolean
type Row = readonly [takes: string, check: Check]

const isText: Check = value => typeof value === 'string' && value.trim() !== ''
/** What may say which URLs are meant, as far as its type tells. */
const isUrl: Check = value => isText(value) || typeof value === 'function' || isObject(value)
const isHeaderName: Check = value => typeof value === 'string' && /^[\w!#$%&'*+.^`|~-]+$/.test(value)
const isTextMap: Check = value =>
  isObject(value) && Object.entries(value).every(([name, text]) => isHeaderName(name) && typeof text === 'string')

const flag: Row = ['true or false', value => typeof value === 'boolean']
const text: Row = ['a string that is not empty', isText]
const textOrFalse: Row = ['a string that is not empty, or false', value => value === false || isText(value)]
const urlOrNull: Row = ['a URL, or null', value => value === null || isText(value)]
const hook: Row = ['a function, or null', value => value === null || typeof value === 'function']
const oneOf = (...words: readonly [string, ...string[]]): Row => [
  words.map(word => `'${word}'`).join(' or '),
  value => words.includes(value as string),
]
/** What else than scripts asks for with a token may be; a navigation that got one would launder cross-site requests. */
const destinations = (): Row => {
  const [words, isOne] = oneOf('', 'audio', 'font', 'image', 'manifest', 'style', 'track', 'video')
  return [`an array of ${words}: no navigations`, value => Array.isArray(value) && value.every(isOne)]
}
const seconds = (least: number, most: number): Row => [
  `a number of seconds from ${least} to ${most}`,
  value => typeof value === 'number' && value >= least && value <= most,
]
const limit: Row = [
  'a number of seconds, 1 or more, or null',
  value => value === null || (Number.isFinite(value) && (value as number) >= 1),
]

/** Options whose type has one of three kinds, of which the default tells; all others have a row. */
type Plain = {
  [Name in keyof Options]-?: IsPlain<Exclude<Options[Name], undefined>> extends true ? Name : never
}[keyof Options]
type IsPlain<T> = [T] extends [boolean]
  ? true
  : [NonNullable<T>] extends [(...args: never) => unknown]
    ? true
    : [string, T] extends [T, string]
      ? true
      : false

/** What an option takes that has such a default, and no row. */
const rowFor = (byDefault: unknown): Row => (byDefault === null ? hook : typeof byDefault === 'boolean' ? flag : text)

/** What the others take, in words, and the check. Made when it is needed: a worker that starts again does not check. */
const tableOf = (): Readonly<Record<Exclude<keyof Options, Plain>, Row> & Partial<Record<Plain, Row>>> => ({
  apiUrls: [
    "an array of URL prefixes, predicates or URLPatterns, at least one, such as ['/api/']",
    value => Array.isArray(value) && value.length > 0,
  ],
  baseUrl: ['a string', value => typeof value === 'string'],
  issuer: [
    "an absolute URL, such as 'https://id.example', or null",
    value => value === null || (isText(value) && isAbsolute(value as string)),
  ],
  loginUrl: [
    'a URL, a predicate, a URLPattern, or an array of these, at least one',
    value => (Array.isArray(value) ? value.length > 0 : isUrl(value)),
  ],
  loginOperations: [
    'an array of names of GraphQL operations or mutations',
    value => Array.isArray(value) && value.every(name => /^[_a-z]\w*$/i.test(name)),
  ],
  signupUrl: urlOrNull,
  logoutUrl: [
    'a URL, a predicate, a URLPattern, an array of these, or null',
    value => value === null || Array.isArray(value) || isUrl(value),
  ],
  logoutMethod: [
    "an HTTP method, such as 'get' or 'post'",
    value => isText(value) && /^(get|post|put|patch|delete)$/i.test(value as string),
  ],
  revocationUrl: urlOrNull,
  endSessionUrl: urlOrNull,
  refreshTokenUrl: urlOrNull,
  refreshTokenIn: oneOf('body', 'cookie', 'access_token'),
  accessTokenIn: oneOf('header', 'cookie'),
  sessionUrl: urlOrNull,
  navigations: ["an array of URL prefixes, such as ['/app/']", value => Array.isArray(value) && value.every(isText)],
  idempotencyKeys: oneOf('same-origin', 'always', 'never'),
  clientId: textOrFalse,
  accessTokenRoot: textOrFalse,
  refreshTokenRoot: textOrFalse,
  idTokenRoot: textOrFalse,
  tokensInBodies: ['an array of URL prefixes, predicates or URLPatterns', Array.isArray],
  authHeader: ['the name of a header', isHeaderName],
  authTokenType: ['a token type, or a falsy value', value => !value || isHeaderName(value)],
  defaultHeadersForTokenRequests: ['an object of header names and strings', isTextMap],
  storage: oneOf('indexeddb', 'memory'),
  refreshAhead: seconds(0, 86_400),
  timeout: seconds(0.1, 300),
  maxIdle: limit,
  unavailableLimit: seconds(60, 31_536_000),
  maxAge: limit,
  replayBodyLimit: ['a number of bytes, 0 or more', value => Number.isSafeInteger(value) && (value as number) >= 0],
  attach: oneOf('always', 'placeholder'),
  whenEnded: oneOf('fail', 'hold'),
  holdTime: seconds(1, 240),
  bypassHeader: ['the name of a header', isHeaderName],
  destinations: destinations(),
  placeholders: oneOf('jwt', 'opaque'),
  claims: ['an array of claim names', value => Array.isArray(value) && value.every(isText)],
})

/**
 * @throws {ConfigError} code `config_error`; names the option, what it got and what it takes
 */
export function checkOptions(options: Options, scriptUrl: string) {
  if (!isObject(options)) throw new ConfigError('(all)', `setup() takes an object, such as { apiUrls: ['/api/'] }`)
  const table = tableOf()
  const names = Object.keys(defaults) as (keyof Options)[]
  for (const name of Object.keys(options)) if (!Object.hasOwn(defaults, name)) throw unknownOption(name, names)
  for (const name of names) {
    const given = options[name]
    const [takes, check] = table[name] ?? rowFor(defaults[name])
    const isWrong = given === undefined ? defaults[name] === undefined : !check(given)
    if (isWrong) throw new ConfigError(name, `got ${show(given)}, takes ${takes}`)
  }
  for (const name of ['baseUrl', 'issuer'] as const)
    if (options[name] && parseEndpoint(name, options[name], '', scriptUrl).search)
      throw new ConfigError(name, `got ${show(options[name])}, takes a URL without a query`)
  assertCookie(options)
  const { refreshTokenIn = 'body' } = options
  if (refreshTokenIn !== 'body' && !options.useRefreshToken)
    throw new ConfigError('refreshTokenIn', `got ${show(refreshTokenIn)}, which takes useRefreshToken: true`)
  assertNotReplaced(options)
}

/** Options that make no sense where no script ever sees a token, and such as make none elsewhere. */
const FOR_HEADERS = [
  'attach',
  'dpop',
  'exposeAccessToken',
  'loginOperations',
  'revocationUrl',
  'storage',
  'tokensInAnswers',
  'tokensInBodies',
] as const
const FOR_COOKIES = ['sessionUrl', 'subjectProp', 'navigations'] as const

/** Throws where the access token is in a cookie, and another option does not go with that. */
function assertCookie(options: Options) {
  const isCookie = options.accessTokenIn === 'cookie'
  const name = (isCookie ? FOR_HEADERS : FOR_COOKIES).find(name => options[name])
  if (name && isCookie)
    throw new ConfigError(name, "is for tokens that the worker has: with accessTokenIn: 'cookie' it has none")
  if (name === 'navigations')
    throw new ConfigError(name, "takes accessTokenIn: 'cookie', since no navigation ever gets a token: see SECURITY.md")
  if (name) throw new ConfigError(name, "takes accessTokenIn: 'cookie'")
  if (isCookie && !options.useRefreshToken)
    throw new ConfigError('accessTokenIn', "got 'cookie', which takes useRefreshToken: true")
  if (isCookie && (options.refreshTokenIn ?? 'cookie') !== 'cookie')
    throw new ConfigError(
      'refreshTokenIn',
      `got ${show(options.refreshTokenIn)}, and accessTokenIn: 'cookie' takes 'cookie'`,
    )
}

/** Options that a hook replaces: what they say would be ignored. */
const TOKEN_REQUEST = ['clientId', 'defaultHeadersForTokenRequests'] as const

function assertNotReplaced(options: Options) {
  const replace = (hook: keyof Options, names: readonly (keyof Options)[]) => {
    const name = options[hook] ? names.find(name => options[name] !== undefined && options[name] !== null) : undefined
    if (name) throw new ConfigError(name, `is replaced by ${hook}: take one of them out`)
  }
  replace('refreshRequest', ['refreshTokenSubmitProp'])
  replace('logoutRequest', ['logoutMethod'])
  // A revocation is still asked for by these.
  if (!options.revocationUrl && !options.issuer) replace('refreshRequest', TOKEN_REQUEST)
  const isReading = (name: string) => /^(access|refresh|id)Token(Prop|Name|Root)$|^get.+FromResponse$/.test(name)
  replace('readTokens', (Object.keys(defaults) as (keyof Options)[]).filter(isReading))
  if (options.tokensInAnswers && !options.readTokens)
    throw new ConfigError('tokensInAnswers', 'got true, which takes readTokens')
}
