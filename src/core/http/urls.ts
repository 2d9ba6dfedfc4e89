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

/**
 * Whether `url` is `endpoint`, or may be to a lenient server: what the endpoint's query names must be there, decoded and in any
 * order; applications add parameters of their own.
 */
export function isAt(url: URL, endpoint: Endpoint): boolean {
  return (
    isAliasOf(url, endpoint) &&
    paramsOf(endpoint).every(([name, value]) => url.searchParams.getAll(name).includes(value))
  )
}

/** What the endpoint that is meant is for: the one of which most parameters are there, and the first of such; null: none. */
export function closestTo<T>(url: URL, all: readonly (readonly [use: T, endpoint: Endpoint | null])[]): T | null {
  let closest: T | null = null
  let most = -1
  for (const [use, endpoint] of all) {
    if (!endpoint || !isAt(url, endpoint)) continue
    const { length } = paramsOf(endpoint)
    if (length > most) [closest, most] = [use, length]
  }
  return closest
}

function paramsOf({ search }: Endpoint): readonly [name: string, value: string][] {
  return search === '' ? [] : [...new URLSearchParams(search)]
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
  if (isFolded(pathname)) return pathname
  const resolved: string[] = []
  for (const segment of segmentsOf(pathname)) {
    if (segment === '..') resolved.pop()
    else if (segment !== '' && segment !== '.') resolved.push(segment.toLowerCase())
  }
  return `/${resolved.join('/')}`
}

/**
 * Whether a path is as `fold` leaves it, as most are: of lower-case letters, digits, `-` and `_`, and without an empty segment.
 * Not by a RegExp, of which the first use alone takes a worker that was just started as long as all else here.
 */
function isFolded(pathname: string): boolean {
  const SLASH = 47
  let last = SLASH
  for (let at = 1; at < pathname.length; at++) {
    const code = pathname.charCodeAt(at)
    const isPlain = (code > 96 && code < 123) || (code > 47 && code < 58) || code === 45 || code === 95
    if (code === SLASH ? last === SLASH : !isPlain) return false
    last = code
  }
  return last !== SLASH
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

/**
 * The segments of a path, as the most lenient of servers may see them: without parameters, and without the spaces, controls
 * and dots at the end that Windows drops.
 */
function segmentsOf(pathname: string): readonly string[] {
  return decode(pathname)
    .split(/[/\\]/)
    .map(segment => {
      const [name = ''] = segment.split(/[;?#\0]/, 1)
      const [, dots] = DOTS.exec(name) ?? []
      return dots ?? name.replace(PADDING, '')
    })
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: servers drop them
const DOTS = /^[\s\x01-\x1f\x7f]*(\.\.?)(?:[\s\x01-\x1f\x7f][\s.\x01-\x1f\x7f]*)?$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const PADDING = /^[\s\x01-\x1f\x7f]+|[\s.\x01-\x1f\x7f]+$/g

/** How often a path is decoded: proxies and frameworks may each do it once. */
const LAYERS = 3

/** Decodes what any server may, and never throws. */
function decode(pathname: string): string {
  let path = pathname
  for (let layer = 0; layer < LAYERS && path.includes('%'); layer++)
    path = path
      // More bytes than a character takes (RFC 3629 §3 forbids it), whatever the last one has besides its six bits.
      .replace(/%(?:c|e0%8|f0%80%8|f8%80%80%8|fc%80%80%80%8)([01])%([\da-f]{2})/gi, (_, first, last) =>
        String.fromCharCode((first << 6) | (Number.parseInt(last, 16) & 0x3f)),
      )
      // IIS's own form, and then UTF-8.
      .replace(/%u([\da-f]{4})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
      .replace(/(?:%[\da-f]{2})+/gi, bytes => {
        try {
          return decodeURIComponent(bytes)
        } catch {
          return bytes.replace(/%([0-7][\da-f])/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
        }
      })
  // Full-width forms and the like become the characters that they stand for.
  return path.normalize('NFKC')
}

/** RFC 6750 §5: by https, or where nothing leaves the machine (Secure Contexts §3.1). */
export function isSecure({ protocol, hostname }: Pick<URL, 'protocol' | 'hostname'>): boolean {
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname))
}

const LOOPBACK = /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1])$/
