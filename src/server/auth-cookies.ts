import { ConfigError } from '../errors.ts'
import { readCookies } from './cookie.ts'

/** HttpOnly cookies, of the host that sets them alone. */
export interface AuthCookies {
  /** What the URLs of login, refresh and logout begin with, such as `'/auth'`: the refresh token goes nowhere else. */
  readonly path: string
  /** Whether the access token is in a cookie too, for pages that a server renders; false unless set. */
  readonly accessToken?: boolean
  /** `'refresh_token'` and `'access_token'` unless set. */
  readonly names?: { readonly refresh?: string; readonly access?: string }
  /** False: they are sent over http too, which is for development alone; true unless set. */
  readonly secure?: boolean
  /** Of the access token; `'Lax'` unless set, so that a link from elsewhere finds its user logged in. The refresh token's is `'Strict'`. */
  readonly sameSite?: 'Lax' | 'Strict'
}

type Kind = 'access' | 'refresh'

export interface CookieJar {
  readonly isUsed: boolean
  readonly has: (kind: Kind) => boolean
  /** All of that name, since another path or host may have set one, too. */
  readonly read: (request: Request, kind: Kind) => readonly string[]
  /** @param life of each, in seconds */
  readonly set: (tokens: Readonly<Record<Kind, string>>, life: Readonly<Record<Kind, number>>) => Headers
  readonly clear: () => Headers
}

export function createAuthCookies(options: AuthCookies | undefined): CookieJar {
  const kinds: readonly Kind[] = !options ? [] : options.accessToken ? ['refresh', 'access'] : ['refresh']
  const { path = '/', names = {}, secure = true, sameSite = 'Lax' } = options ?? {}
  const wrong = (problem: string) => new ConfigError('cookies', problem)
  if (!/^\/[\x21-\x3a\x3c-\x7e]*$/.test(path))
    throw wrong("must have a path, such as '/auth', without spaces and semicolons")
  const nameOf = (kind: Kind) => names[kind] ?? `${kind}_token`
  for (const kind of kinds) {
    const name = nameOf(kind)
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) throw wrong(`has a name that no cookie can have: ${name}`)
    // Browsers drop such a cookie without a word (RFC 6265bis §4.1.3).
    if (/^__(host|secure)-/i.test(name) && !secure) throw wrong(`has the name ${name}, which takes secure: true`)
    if (/^__host-/i.test(name) && kind === 'refresh' && path !== '/')
      throw wrong(`has the name ${name}, which takes the path '/'`)
  }
  const written = (kind: Kind, value: string, life: number) =>
    `${nameOf(kind)}=${value}; Path=${kind === 'refresh' ? path : '/'}; Max-Age=${Math.max(0, life)}; HttpOnly; SameSite=${kind === 'refresh' ? 'Strict' : sameSite}${secure ? '; Secure' : ''}`
  const headersOf = (write: (kind: Kind) => string) => {
    const headers = new Headers()
    for (const kind of kinds) headers.append('Set-Cookie', write(kind))
    return headers
  }
  return {
    isUsed: kinds.length > 0,
    has: kind => kinds.includes(kind),
    read: (request, kind) => readCookies(request.headers.get('Cookie') ?? undefined, nameOf(kind)),
    // The access token's cookie outlives it, so that the server can tell an expired session from none.
    set: (tokens, life) => headersOf(kind => written(kind, tokens[kind], life.refresh)),
    clear: () => headersOf(kind => written(kind, '', 0)),
  }
}
