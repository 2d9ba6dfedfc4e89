import type { NoteFailure } from '../hooks/ask-hook.ts'

import { climbs, closestTo, createHasPrefix, type Endpoint, isAliasOf, isAt, isSecure } from '../http/urls.ts'

import type { ApiUrl, Endpoints, UrlOptions } from '../options/config.ts'
import type { UrlPredicate } from '../options/options.ts'
import { createAsk } from './predicates.ts'

/**
 * What a request is to us: one that may log in, renew, revoke, or log out, one that gets the access token, or one of which
 * its GraphQL operation tells; `bypass`: one that is not to get it; `bodies`: one with tokens in bodies, and not in the
 * header; `api-bodies`: in both.
 */
export type RequestKind = 'login' | 'signup' | 'token' | 'revocation' | 'logout' | 'operation' | 'bypass' | ApiKind

/** What is answered for the session. */
export type ApiKind = 'api' | 'bodies' | 'api-bodies'

/** Tells what a request is to us; null: not ours, not to be touched. Synchronous, as `respondWith` needs it. */
export type MatchRequest = (request: Request, url: URL) => RequestKind | null

export function createMatcher(
  config: UrlOptions,
  known: () => Endpoints = () => config,
  note: NoteFailure = () => undefined,
): MatchRequest {
  const { signupUrl, loginPredicates } = config
  const isApi = createIsIn('apiUrls', config.apiUrls, note)
  const isInBodies = createIsIn('tokensInBodies', config.tokensInBodies, note)
  // Its answer may hold tokens, and its placeholders are replaced: of servers that may have them, rather a login.
  const ask = createAsk('loginUrl', note, ({ origin }) =>
    [config.ownOrigin, known().refreshTokenUrl?.origin].includes(origin),
  )
  const isLogout = createIsLogout(config, note)
  const isLogoutAt = (request: Request, url: URL) => isLogout.urlsFor(request).some(logoutUrl => isAt(url, logoutUrl))
  const hasOperations = config.loginOperations.length > 0

  const isPredicted = (request: Request, url: URL) =>
    loginPredicates.length > 0 && isSecure(url) && loginPredicates.some(predicate => ask(predicate, url, request))
  const isLogin = (request: Request, url: URL) =>
    known().loginUrls.some(loginUrl => isAt(url, loginUrl)) || isPredicted(request, url)

  const forApi = (request: Request, url: URL) => {
    if (!config.httpInterceptor) return null
    const inHeader = isApi(request, url)
    const inBodies = isInBodies(request, url)
    if (!inHeader && !inBodies) return null
    const { loginUrls, refreshTokenUrl, revocationUrl } = known()
    // Credentials go to these by their own rules; the access token never does, except to an API that logs in too.
    const others = hasOperations ? [] : [...loginUrls, refreshTokenUrl]
    if ([...others, revocationUrl].some(own => own && isAliasOf(url, own))) return null
    // Of a POST they have been asked already, and have said no.
    if (!hasOperations && request.method !== 'POST' && isPredicted(request, url)) return null
    if (request.headers.has(config.bypassHeader)) return 'bypass'
    if (!inBodies) return 'api'
    return inHeader ? 'api-bodies' : 'bodies'
  }

  /** Some servers are asked for new tokens by other methods than POST, which may log in at that URL. */
  const isTokenRequest = (request: Request, url: URL) => {
    const { refreshTokenUrl } = known()
    return (
      refreshTokenUrl !== null &&
      isAt(url, refreshTokenUrl) &&
      /^(GET|PUT|PATCH)$/.test(request.method) &&
      !isLogin(request, url) &&
      // A page that asks who is logged in wants to know it as it is now.
      !(config.sessionUrl && isAt(url, config.sessionUrl))
    )
  }

  return (request, url) => {
    // A navigation that got the token would launder a cross-site form post: the server would see both the token and
    // Sec-Fetch-Site: same-origin.
    if (request.mode === 'navigate') return null
    if (request.destination !== '')
      return config.destinations.includes(request.destination) ? forApi(request, url) : null
    if (!isScripted(request)) {
      // A beacon, unless its body is JSON: what it may be is a sign-out.
      if (request.mode !== 'no-cors' || request.method !== 'POST') return null
      const { revocationUrl } = known()
      if (revocationUrl && isAt(url, revocationUrl)) return 'revocation'
      return isLogoutAt(request, url) ? 'logout' : null
    }

    if (isLogout.byPredicate(request, url)) return 'logout'
    if (request.method === 'POST') {
      const { loginUrls, refreshTokenUrl, revocationUrl } = known()
      const endpoints: [RequestKind, Endpoint | null][] = [
        ...loginUrls.map((loginUrl): [RequestKind, Endpoint] => ['login', loginUrl]),
        ['signup', signupUrl],
        ['token', refreshTokenUrl],
        ['revocation', revocationUrl],
        ...isLogout.urlsFor(request).map((logoutUrl): [RequestKind, Endpoint] => ['logout', logoutUrl]),
      ]
      const kind = isPredicted(request, url) ? 'login' : closestTo(url, endpoints)
      if (kind === 'login' && hasOperations && forApi(request, url)) return 'operation'
      if (kind) return kind
    }
    if (isLogoutAt(request, url)) return 'logout'
    return isTokenRequest(request, url) ? 'token' : forApi(request, url)
  }
}

/** Whether a request is a logout, by what tells. */
interface IsLogout {
  /** Those that a request of its method logs out at. */
  readonly urlsFor: (request: Request) => readonly Endpoint[]
  readonly byPredicate: (request: Request, url: URL) => boolean
}

function createIsLogout({ logoutUrls, logoutMethod, logoutPredicates }: UrlOptions, note: NoteFailure): IsLogout {
  const ask = createAsk('logoutUrl', note)
  return {
    urlsFor: ({ method }) =>
      method === logoutMethod || (method === 'POST' && logoutMethod === 'GET') ? logoutUrls : [],
    byPredicate: (request, url) =>
      logoutPredicates.length > 0 && isSecure(url) && logoutPredicates.some(predicate => ask(predicate, url, request)),
  }
}

/** Tells whether a page that goes to a URL has logged out there: a link asks by GET what a script asks by POST. */
export type IsLeaving = (request: Request, url: URL) => boolean

export function createIsLeaving(
  config: UrlOptions,
  known: () => Endpoints = () => config,
  note: NoteFailure = () => undefined,
): IsLeaving {
  const isLogout = createIsLogout(config, note)
  return (request, url) => {
    const { endSessionUrl } = known()
    return (
      (endSessionUrl !== null && isAt(url, endSessionUrl)) ||
      (/^(GET|POST)$/.test(config.logoutMethod) && config.logoutUrls.some(logoutUrl => isAt(url, logoutUrl))) ||
      isLogout.byPredicate(request, url)
    )
  }
}

/** Whether a script asks, in a mode in which it can send more than a form of another site could. */
export function isScripted({ destination, mode }: Request): boolean {
  return destination === '' && (mode === 'cors' || mode === 'same-origin')
}

function createIsIn(
  name: 'apiUrls' | 'tokensInBodies',
  areas: readonly ApiUrl[],
  note: NoteFailure,
): (request: Request, url: URL) => boolean {
  const prefixes: Endpoint[] = []
  const predicates: UrlPredicate[] = []
  for (const area of areas)
    if (typeof area === 'function') predicates.push(area)
    else prefixes.push(area)
  const hasPrefix = createHasPrefix(prefixes)
  const ask = createAsk(name, note)
  return (request, url) => {
    if (hasPrefix(url)) return !climbs(url.pathname)
    return (
      predicates.length > 0 &&
      isSecure(url) &&
      !climbs(url.pathname) &&
      predicates.some(predicate => ask(predicate, url, request))
    )
  }
}
