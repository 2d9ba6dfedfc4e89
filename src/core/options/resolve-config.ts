import { ConfigError } from '../../errors.ts'
import { CHECKS } from '../features.ts'
import type { Endpoint } from '../http/urls.ts'
import { checkOptions } from './check-options.ts'
import type { Config } from './config.ts'
import { defaults, withIssuer } from './defaults.ts'
import { assertBuiltFor } from './features-of.ts'
import type { Options, UrlPredicate, UrlTest } from './options.ts'
import { parseEndpoint } from './parse-endpoint.ts'
import { show } from './show.ts'

/**
 * Validates the options of `setup()` and fills in the defaults.
 * @param scriptUrl the worker's own URL, which relative URLs are resolved against
 * @param isChecked whether these very options were checked before
 * @throws {ConfigError} code `config_error`; names the option, what it got and what it takes
 */
export function resolveConfig(options: Options, scriptUrl: string, isChecked = false): Config {
  if (CHECKS && !isChecked) checkOptions(options, scriptUrl)
  const { loginUrl, logoutUrl, ...checked } = withDefaults(options)
  const { issuer, useRefreshToken } = checked
  const refreshTokenIn = checked.accessTokenIn === 'cookie' ? 'cookie' : checked.refreshTokenIn
  const url = (name: keyof Options, value: string) => parseEndpoint(name, value, checked.baseUrl, scriptUrl, isChecked)
  const urlOf = (name: 'signupUrl' | 'revocationUrl' | 'endSessionUrl' | 'refreshTokenUrl' | 'sessionUrl') => {
    const value = checked[name]
    return value === null ? null : url(name, value)
  }
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
  if (CHECKS && new Set(hrefs).size < hrefs.length)
    throw new ConfigError('loginUrl', `got ${show(loginUrl)}, takes no URL twice`)
  const refreshTokenUrl = urlOf('refreshTokenUrl') ?? (issuer === null ? loginUrls[0] : null) ?? null
  if (CHECKS && useRefreshToken && !refreshTokenUrl && issuer === null && !checked.refreshRequest)
    throw new ConfigError(
      'refreshTokenUrl',
      'got null, which takes a loginUrl that is a URL, an issuer, or refreshRequest',
    )
  const areas = (name: 'apiUrls' | 'tokensInBodies') =>
    checked[name].map(entry => predicateOf(name, entry, ownOrigin) ?? prefixOf(name, entry as string, url, ownOrigin))
  const config: Config = Object.assign(checked, {
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
    namesSubject: options.subjectProp !== undefined,
  })
  if (!isChecked) assertBuiltFor(config)
  return config
}

/** One that is given as undefined is not given. */
function withDefaults(options: Options): Required<Options> {
  const all: Record<string, unknown> = options.issuer ? { ...defaults, ...withIssuer } : { ...defaults }
  for (const [name, value] of Object.entries(options)) if (value !== undefined) all[name] = value
  return all as unknown as Required<Options>
}

type UrlEntry = string | UrlPredicate | UrlTest

/** Of a URLPattern: an address, or it ends in labels without wildcards and groups: two of them, unless it is one alone. */
const NAMED_HOST = /^([\w-]+|(.*\.(}[?*+]?)?)?[\w-]+\.[\w-]+|[\d.]+|\[[\da-f:.]+\])$/i

/** What decides by itself which requests are meant; null for a text, which is a URL. */
function predicateOf(name: keyof Options, entry: UrlEntry, ownOrigin: string): UrlPredicate | null {
  const wrong = (problem: string) => new ConfigError(name, `got ${show(entry)}, ${problem}`)
  if (typeof entry === 'function') return entry
  if (entry instanceof RegExp)
    throw wrong('takes no RegExp, which look-alike hosts get through: use a URL or (url) => url.origin === "..."')
  if (typeof entry === 'object' && typeof entry?.test === 'function') {
    // A URLPattern without a host would take every one, and one without a port every port, which is another origin.
    const { hostname, port } = entry as { readonly hostname?: unknown; readonly port?: unknown }
    const isForOwn = hostname === '*'
    if (typeof hostname === 'string' && !isForOwn && !NAMED_HOST.test(hostname))
      throw wrong('takes a URLPattern whose hostname names the domain, such as *.example.com, or none for your own')
    return url =>
      (isForOwn ? url.origin === ownOrigin : port !== '*' || url.port === '' || url.origin === ownOrigin) &&
      entry.test(url.href)
  }
  if (typeof entry !== 'string' || entry.trim() === '') throw wrong('takes URLs, predicates or URLPatterns')
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

function isFormEncoded(headers: Readonly<Record<string, string>>): boolean {
  // As most are.
  if (headers === defaults.defaultHeadersForTokenRequests) return false
  const contentType = new Headers(headers).get('Content-Type') ?? 'application/json'
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (/^application\/([\w.+-]+[+-])?json([+-][\w.+-]+)?$/.test(type)) return false
  if (type === 'application/x-www-form-urlencoded') return true
  throw new ConfigError(
    'defaultHeadersForTokenRequests',
    `got the Content-Type ${show(contentType)}, takes JSON or application/x-www-form-urlencoded: for others see refreshRequest`,
  )
}
