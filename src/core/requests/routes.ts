import type { ApiUrl, Config, Endpoint, Endpoints, UrlPredicate } from '../options/config.ts'

/** What a request is to us: one that may log in, renew, revoke, or log out, or one that gets the access token. */
export type RequestKind = 'login' | 'signup' | 'token' | 'revocation' | 'logout' | 'api'

/** Tells what a request is to us; null: not ours, not to be touched. Synchronous, as `respondWith` needs it. */
export type MatchRequest = (request: Request, url: URL) => RequestKind | null

export function createMatcher(config: Config, known: () => Endpoints = () => config): MatchRequest {
  const { signupUrl, logoutUrl } = config
  const isApi = createIsApi(config.apiUrls)
  const forApi = (request: Request, url: URL) => {
    if (!config.httpInterceptor || !isApi(request, url)) return null
    const { loginUrls, refreshTokenUrl, revocationUrl } = known()
    // Credentials go to these by their own rules; the access token never does.
    return [...loginUrls, refreshTokenUrl, revocationUrl].some(own => own && isAliasOf(url, own)) ? null : 'api'
  }

  return (request, url) => {
    // A navigation that got the token would launder a cross-site form post: the server would see both the token and
    // Sec-Fetch-Site: same-origin.
    if (request.mode === 'navigate') return null
    if (request.destination !== '')
      return config.destinations.includes(request.destination) ? forApi(request, url) : null
    if (!isScripted(request)) return null

    if (request.method === 'POST') {
      const { loginUrls, refreshTokenUrl, revocationUrl } = known()
      if (loginUrls.some(loginUrl => isEndpoint(url, loginUrl))) return 'login'
      if (signupUrl && isEndpoint(url, signupUrl)) return 'signup'
      if (refreshTokenUrl && isEndpoint(url, refreshTokenUrl)) return 'token'
      if (revocationUrl && isEndpoint(url, revocationUrl)) return 'revocation'
    }
    if (logoutUrl && request.method === config.logoutMethod && isEndpoint(url, logoutUrl)) return 'logout'
    return forApi(request, url)
  }
}

/** Whether a script asks, in a mode in which it can send more than a form of another site could. */
export function isScripted({ destination, mode }: Request): boolean {
  return destination === '' && (mode === 'cors' || mode === 'same-origin')
}

/** Whether a redirect has led to another origin than the one that was asked. */
export function isFromElsewhere(response: Response, request: Request): boolean {
  return response.redirected && new URL(response.url).origin !== new URL(request.url).origin
}

/** Also where only a lenient server would take it for one: its tokens are not for pages either. */
function isEndpoint(url: URL, endpoint: Endpoint): boolean {
  return isAliasOf(url, endpoint) && (endpoint.search === '' || url.search === endpoint.search)
}

/** Whether a lenient server may take `url` for `endpoint`: case, a trailing or doubled slash, percent-encoding. */
export function isAliasOf(url: URL, endpoint: Endpoint): boolean {
  return url.origin === endpoint.origin && fold(url.pathname) === foldedPathOf(endpoint)
}

/** Each endpoint's own does not change, and every request is compared with it. */
const foldedPaths = new WeakMap<Endpoint, string>()

function foldedPathOf(endpoint: Endpoint): string {
  let path = foldedPaths.get(endpoint)
  if (path === undefined) {
    path = fold(endpoint.pathname)
    foldedPaths.set(endpoint, path)
  }
  return path
}

function fold(pathname: string): string {
  // As most are.
  if (/^(\/[a-z\d._-]+)+$/.test(pathname)) return pathname
  return decode(pathname)
    .toLowerCase()
    .replace(/\/+/g, '/')
    .replace(/(.)\/$/, '$1')
}

function createIsApi(apiUrls: readonly ApiUrl[]): (request: Request, url: URL) => boolean {
  const prefixes: Endpoint[] = []
  const predicates: UrlPredicate[] = []
  for (const apiUrl of apiUrls)
    if (typeof apiUrl === 'function') predicates.push(apiUrl)
    else prefixes.push(apiUrl)
  const hasPrefix = createHasPrefix(prefixes)
  return (request, url) =>
    (hasPrefix(url) && !climbs(url.pathname)) || predicates.some(predicate => predicate(url, request) === true)
}

/** Tells whether a URL is one of `prefixes`, or below one, by whole path segments. */
export function createHasPrefix(prefixes: readonly Endpoint[]): (url: URL) => boolean {
  const paths = new Set(prefixes.map(({ origin, pathname }) => origin + pathname.replace(/\/$/, '')))
  return ({ origin, pathname }) => {
    // By the path itself and all that it is below, so that many prefixes take no longer than few.
    for (let path = origin + pathname; path.length >= origin.length; path = path.slice(0, path.lastIndexOf('/')))
      if (paths.has(path)) return true
    return false
  }
}

/**
 * Whether a server that decodes slashes before it resolves dots would leave the prefix: `/api/..%2fadmin`. Servlet
 * containers ignore parameters too: `/api/..;/admin`.
 */
function climbs(pathname: string): boolean {
  if (!/[.%]/.test(pathname)) return false
  return /(^|[/\\])\.\.?([/\\;]|$)/.test(decode(pathname))
}

/** Decodes the escapes of ASCII characters, which is all that matters here, and never throws. */
function decode(pathname: string): string {
  return pathname.replace(/%([0-7][\da-f])/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
}
