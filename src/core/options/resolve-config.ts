import { ConfigError } from '../../errors.ts'
import type { Endpoint } from '../http/urls.ts'
import type { Config } from './config.ts'
import type { Options, UrlPredicate, UrlTest } from './options.ts'
import { parseEndpoint } from './parse-endpoint.ts'
import { isObject, show } from './show.ts'
import { isText, table, withIssuer } from './table.ts'
import { unknownOption } from './unknown-option.ts'

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
  const { useRefreshToken } = checked
  const refreshTokenIn = assertCookie(options) ? 'cookie' : checked.refreshTokenIn
  if (refreshTokenIn !== 'body' && !useRefreshToken)
    throw new ConfigError('refreshTokenIn', `got ${show(refreshTokenIn)}, which takes useRefreshToken: true`)
  assertNotReplaced(options)
  const url = (name: keyof Options, value: string) => parseEndpoint(name, value, checked.baseUrl, scriptUrl)
  const urlOf = (name: 'signupUrl' | 'revocationUrl' | 'endSessionUrl' | 'refreshTokenUrl' | 'sessionUrl') => {
    const value = checked[name]
    return value === null ? null : url(name, value)
  }
  const { issuer, loginUrl, logoutUrl, ...rest } = checked
  if (issuer !== null && parseEndpoint('issuer', issuer, '', scriptUrl).search)
    throw new ConfigError('issuer', `got ${show(issuer)}, takes a URL without a query`)
  const ownOrigin = new URL(scriptUrl).origin
  const parsed = (name: 'loginUrl' | 'logoutUrl', entries: readonly UrlEntry[]) => {
    const all = entries.map(entry => predicateOf(name, entry, ownOrigin) ?? url(name, entry as string))
    return {
      urls: all.filter(entry => typeof entry === 'object'),
      predicates: all.filter(entry => typeof entry === 'function'),
    }
  }
  const { urls: loginUrls, predicates: loginPredicates } = parsed('loginUrl', [loginUrl].flat())
  const logouts = parsed('logoutUrl', [logoutUrl ?? []].flat())
  const hrefs = loginUrls.map(({ href }) => href)
  if (new Set(hrefs).size < hrefs.length) throw new ConfigError('loginUrl', `got ${show(loginUrl)}, takes no URL twice`)
  const refreshTokenUrl = urlOf('refreshTokenUrl') ?? (issuer === null ? loginUrls[0] : null) ?? null
  if (useRefreshToken && !refreshTokenUrl && issuer === null && !checked.refreshRequest)
    throw new ConfigError(
      'refreshTokenUrl',
      'got null, which takes a loginUrl that is a URL, an issuer, or refreshRequest',
    )
  const areas = (name: 'apiUrls' | 'tokensInBodies') =>
    checked[name].map(entry => predicateOf(name, entry, ownOrigin) ?? prefixOf(name, entry as string, url, ownOrigin))
  return {
    ...rest,
    issuer,
    refreshTokenIn,
    sessionUrl: urlOf('sessionUrl'),
    navigations: checked.navigations.map(entry => url('navigations', entry)),
    apiUrls: areas('apiUrls'),
    tokensInBodies: areas('tokensInBodies'),
    loginUrls,
    loginPredicates,
    signupUrl: urlOf('signupUrl'),
    logoutUrls: logouts.urls,
    logoutPredicates: logouts.predicates,
    revocationUrl: urlOf('revocationUrl'),
    refreshTokenUrl,
    endSessionUrl: urlOf('endSessionUrl'),
    logoutMethod: checked.logoutMethod.toUpperCase(),
    refreshAhead: checked.refreshAhead * 1000,
    timeout: checked.timeout * 1000,
    holdTime: checked.holdTime * 1000,
    unavailableLimit: checked.unavailableLimit * 1000,
    maxIdle: (checked.maxIdle ?? Number.POSITIVE_INFINITY) * 1000,
    maxAge: (checked.maxAge ?? Number.POSITIVE_INFINITY) * 1000,
    ownOrigin,
    formEncoded: isFormEncoded(checked.defaultHeadersForTokenRequests),
    keepsRefreshToken: useRefreshToken && refreshTokenIn === 'body',
  }
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

/** Whether the access token is in a cookie; throws where another option does not go with that. */
function assertCookie(options: Options): boolean {
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
  return isCookie
}

type UrlEntry = string | UrlPredicate | UrlTest

/** What decides by itself which requests are meant; null for a text, which is a URL. */
function predicateOf(name: keyof Options, entry: UrlEntry, ownOrigin: string): UrlPredicate | null {
  const wrong = (problem: string) => new ConfigError(name, `got ${show(entry)}, ${problem}`)
  if (typeof entry === 'function') return entry
  if (entry instanceof RegExp)
    throw wrong('takes no RegExp, which look-alike hosts get through: use a URL or (url) => url.origin === …')
  if (typeof entry === 'object' && typeof entry?.test === 'function') {
    // A URLPattern without an origin would take every host.
    const isForOwn = (entry as { readonly hostname?: unknown }).hostname === '*'
    return url => (!isForOwn || url.origin === ownOrigin) && entry.test(url.href)
  }
  if (typeof entry !== 'string' || !isText(entry)) throw wrong('takes URLs, predicates or URLPatterns')
  return null
}

function prefixOf(
  name: 'apiUrls' | 'tokensInBodies',
  entry: string,
  resolve: (name: keyof Options, value: string) => Endpoint,
  ownOrigin: string,
): Endpoint {
  const wrong = (problem: string) => new ConfigError(name, `got ${show(entry)}, ${problem}`)
  const prefix = resolve(name, entry)
  if (prefix.search) throw wrong('takes a URL without a query')
  if (prefix.pathname === '/' && prefix.origin === ownOrigin)
    throw wrong("which is every request of this site: name the API's path, such as '/api/'")
  return prefix
}

/** Options that a hook replaces: what they say would be ignored. */
const TOKEN_REQUEST = ['clientId', 'defaultHeadersForTokenRequests'] as const

function assertNotReplaced(options: Options) {
  const replace = (hook: keyof Options, names: readonly (keyof Options)[]) => {
    const name = options[hook] ? names.find(name => options[name] !== undefined && options[name] !== null) : undefined
    if (name) throw new ConfigError(name, `is replaced by ${hook}: take one of them out`)
  }
  replace('refreshRequest', ['refreshTokenSubmitProp'])
  // A revocation is still asked for by these.
  if (!options.revocationUrl && !options.issuer) replace('refreshRequest', TOKEN_REQUEST)
  const isReading = (name: string) => /^(access|refresh|id)Token(Prop|Name|Root)$|^get.+FromResponse$/.test(name)
  replace('readTokens', (Object.keys(table) as (keyof Options)[]).filter(isReading))
  if (options.tokensInAnswers && !options.readTokens)
    throw new ConfigError('tokensInAnswers', 'got true, which takes readTokens')
}

function isFormEncoded(headers: Readonly<Record<string, string>>): boolean {
  const contentType = new Headers(headers).get('Content-Type') ?? 'application/json'
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (/^application\/([\w.+-]+[+-])?json([+-][\w.+-]+)?$/.test(type)) return false
  if (type === 'application/x-www-form-urlencoded') return true
  throw new ConfigError(
    'defaultHeadersForTokenRequests',
    `got the Content-Type ${show(contentType)}, takes JSON or application/x-www-form-urlencoded: for others see refreshRequest`,
  )
}
