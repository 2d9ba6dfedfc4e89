import type { Endpoint } from '../src/core/http/urls.ts'
import type { Config } from '../src/core/options/config.ts'

interface Pattern {
  readonly protocol: string
  readonly hostname: string
  readonly port: string
  readonly pathname: string
  readonly search: '*'
  readonly hash: '*'
}

interface Exception {
  readonly urlPattern: Pattern
}

/** A rule by which the browser answers requests without the worker. */
export interface StaticRoute {
  readonly condition:
    | { readonly requestMode: 'navigate'; readonly requestMethod?: 'POST'; readonly urlPattern?: Pattern }
    | { readonly not: { readonly or: readonly (Exception | { readonly requestMethod: 'POST' })[] } }
  readonly source: 'network' | 'fetch-event'
}

/**
 * Rules that send what can be none of ours straight to the network; null where they are not wanted, or where no rule can
 * tell, since a predicate or a URLPattern of the application decides.
 * @see https://www.w3.org/TR/service-workers/#static-routing-api
 */
export function staticRoutes(configs: readonly Config[]): readonly StaticRoute[] | null {
  const patterns: Exception[] = []
  const navigations: StaticRoute[] = []
  for (const config of configs) {
    const { apiUrls, tokensInBodies, logoutUrls, endSessionUrl } = config
    if (!config.staticRoutes || config.logoutPredicates.length > 0) return null
    // The worker hears of these, or has them wait.
    const logouts = logoutUrls.map(url => patternOf(url, ''))
    const ends = endSessionUrl ? [patternOf(endSessionUrl, '')] : []
    for (const { urlPattern } of [...config.navigations.map(below), ...logouts, ...ends])
      navigations.push({ condition: { requestMode: 'navigate', urlPattern }, source: 'fetch-event' })
    // Any form may log somebody in.
    if (config.accessTokenIn === 'cookie')
      navigations.push({ condition: { requestMode: 'navigate', requestMethod: 'POST' }, source: 'fetch-event' })
    patterns.push(...logouts)
    for (const apiUrl of [...apiUrls, ...tokensInBodies]) {
      if (typeof apiUrl === 'function') return null
      patterns.push(below(apiUrl))
    }
  }
  return [
    ...navigations,
    { condition: { requestMode: 'navigate' }, source: 'network' },
    // A pattern cannot tell what a lenient server takes for a login.
    { condition: { not: { or: [{ requestMethod: 'POST' }, ...patterns] } }, source: 'network' },
  ]
}

/** All that is below a prefix, and itself. */
function below(prefix: Endpoint): Exception {
  return patternOf({ ...prefix, pathname: prefix.pathname.replace(/\/$/, '') }, '{/*}?')
}

function patternOf({ href, pathname }: Endpoint, rest: string): Exception {
  const { protocol, hostname, port } = new URL(href)
  const literal = (text: string) => text.replace(/[\\{}()*+?:]/g, '\\$&')
  return {
    urlPattern: {
      protocol: protocol.slice(0, -1),
      hostname: literal(hostname),
      port,
      pathname: literal(pathname) + rest,
      search: '*',
      hash: '*',
    },
  }
}
