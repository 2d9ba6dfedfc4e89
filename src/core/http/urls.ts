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
  if (/^(\/[a-z\d_-]+)+$/.test(pathname)) return pathname
  const resolved: string[] = []
  for (const segment of segmentsOf(pathname)) {
    if (segment === '..') resolved.pop()
    else if (segment !== '' && segment !== '.') resolved.push(segment.replace(/\.+$/, '').toLowerCase())
  }
  return `/${resolved.join('/')}`
}

/** Tells whether a URL is one of `prefixes`, or below one, by whole path segments. */
export function createHasPrefix(prefixes: readonly Endpoint[]): (url: URL) => boolean {
  if (prefixes.length === 0) return () => false
  const paths = new Set(prefixes.map(({ origin, pathname }) => origin + pathname.replace(/\/$/, '')))
  return ({ origin, pathname }) => {
    // By the path itself and all that it is below, so that many prefixes take no longer than few.
    for (let path = origin + pathname; path.length >= origin.length; path = path.slice(0, path.lastIndexOf('/')))
      if (paths.has(path)) return true
    return false
  }
}

/**
 * Whether a server that decodes more than the URL standard does would leave the prefix: `/api/..%2fadmin`, or by dropping
 * parameters `/api/..;/admin`, or what follows a NUL.
 */
export function climbs(pathname: string): boolean {
  return /[.%]/.test(pathname) && segmentsOf(pathname).some(segment => segment === '.' || segment === '..')
}

/** The segments of a path, as the most lenient of servers may see them. */
function segmentsOf(pathname: string): readonly string[] {
  return decode(pathname)
    .split(/[/\\]/)
    .map(segment => segment.replace(/[;?#\0].*$/s, '').trim())
}

/** How often a path is decoded: proxies and frameworks may each do it once. */
const LAYERS = 3

/** Decodes the escapes of ASCII characters, overlong ones too, which is all that matters here, and never throws. */
function decode(pathname: string): string {
  let path = pathname
  for (let layer = 0; layer < LAYERS && path.includes('%'); layer++)
    path = path
      // Two bytes, or three, for what takes one (RFC 3629 §3 forbids them).
      .replace(/%(?:e0%8([01])|c([01]))%([89ab][\da-f])/gi, (_, three, two, last) =>
        String.fromCharCode((Number(three ?? two) << 6) | (Number.parseInt(last, 16) & 0x3f)),
      )
      .replace(/%([0-7][\da-f])/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
  return path
}

/** RFC 6750 §5: by https, or where nothing leaves the machine (Secure Contexts §3.1). */
export function isSecure({ protocol, hostname }: Pick<URL, 'protocol' | 'hostname'>): boolean {
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname))
}

const LOOPBACK = /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1])$/
