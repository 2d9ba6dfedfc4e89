import { ConfigError } from '../../errors.ts'
import type { Endpoint } from '../http/urls.ts'
import type { ApiUrl, Config } from './config.ts'
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
    unavailableLimit: checked.unavailableLimit * 1000,
    maxIdle: (checked.maxIdle ?? Number.POSITIVE_INFINITY) * 1000,
    maxAge: (checked.maxAge ?? Number.POSITIVE_INFINITY) * 1000,
    formEncoded: isFormEncoded(checked.defaultHeadersForTokenRequests),
    keepsRefreshToken: checked.useRefreshToken && !isInCookie,
  }
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
  if (typeof entry === 'object' && typeof entry?.test === 'function') {
    // A URLPattern without an origin would take every host.
    const isForOwn = (entry as { readonly hostname?: unknown }).hostname === '*'
    return url => (!isForOwn || url.origin === ownOrigin) && entry.test(url.href)
  }
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
