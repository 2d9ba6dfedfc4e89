/** A URL to compare requests with: RFC 3986 origin and path, `search` only where the configuration has one. */
export interface Endpoint {
  readonly href: string
  readonly origin: string
  readonly pathname: string
  readonly search: string
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
export function climbs(pathname: string): boolean {
  if (!/[.%]/.test(pathname)) return false
  return /(^|[/\\])\.\.?([/\\;]|$)/.test(decode(pathname))
}

/** Decodes the escapes of ASCII characters, which is all that matters here, and never throws. */
function decode(pathname: string): string {
  return pathname.replace(/%([0-7][\da-f])/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
}
