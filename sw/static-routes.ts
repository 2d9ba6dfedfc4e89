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
    | { readonly requestMode: 'navigate' }
    | { readonly not: { readonly or: readonly (Exception | { readonly requestMethod: 'POST' })[] } }
  readonly source: 'network'
}

/**
 * Rules that send what can be none of ours straight to the network; null where they are not wanted, or where no rule can
 * tell, since a predicate or a URLPattern of the application decides.
 * @see https://www.w3.org/TR/service-workers/#static-routing-api
 */
export function staticRoutes(configs: readonly Config[]): readonly StaticRoute[] | null {
  const patterns: Exception[] = []
  for (const { staticRoutes, apiUrls, tokensInBodies, logoutUrls, logoutPredicates } of configs) {
    if (!staticRoutes || logoutPredicates.length > 0) return null
    for (const logoutUrl of logoutUrls) patterns.push(patternOf(logoutUrl, ''))
    for (const apiUrl of [...apiUrls, ...tokensInBodies]) {
      if (typeof apiUrl === 'function') return null
      patterns.push(patternOf({ ...apiUrl, pathname: apiUrl.pathname.replace(/\/$/, '') }, '{/*}?'))
    }
  }
  return [
    { condition: { requestMode: 'navigate' }, source: 'network' },
    // A pattern cannot tell what a lenient server takes for a login.
    { condition: { not: { or: [{ requestMethod: 'POST' }, ...patterns] } }, source: 'network' },
  ]
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
