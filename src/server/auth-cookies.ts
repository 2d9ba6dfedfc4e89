import { ConfigError } from '../errors.ts'
import { readCookies } from './cookie.ts'
import { assertName, assertPath, assertPrefix } from './cookie-rules.ts'

/** HttpOnly cookies, for the host that sets them alone. */
export interface AuthCookies {
  /** What the URLs of login, refresh and logout begin with, such as `'/auth'`: the refresh token goes nowhere else. */
  readonly path: string
  /** Whether the access token is in a cookie too, for pages that a server renders; by default false. */
  readonly accessToken?: boolean
  /** By default `'refresh_token'` and `'access_token'`. */
  readonly names?: { readonly refresh?: string; readonly access?: string }
  /** By default true. False: browsers send them over http too, which is for development alone. */
  readonly secure?: boolean
  /** Of the access token's cookie; by default `'Lax'`, so that a link from another site finds its user logged in. The refresh token's is `'Strict'`. */
  readonly sameSite?: 'Lax' | 'Strict'
}

type Kind = 'access' | 'refresh'

export interface CookieJar {
  readonly isUsed: boolean
  readonly has: (kind: Kind) => boolean
  /** All of that name, since another path or host may have set one, too. */
  readonly read: (request: Request, kind: Kind) => readonly string[]
  /** @param life of the session, in seconds: the access token's cookie outlives it, so that one that has expired can be told from none */
  readonly set: (tokens: Readonly<Record<Kind, string>>, life: number) => Headers
  readonly clear: () => Headers
}

export function createAuthCookies(options: AuthCookies | undefined): CookieJar {
  const kinds: readonly Kind[] = !options ? [] : options.accessToken ? ['refresh', 'access'] : ['refresh']
  const { path = '/', names = {}, secure = true, sameSite = 'Lax' } = options ?? {}
  const wrong = (problem: string) => new ConfigError('cookies', problem)
  assertPath(path, wrong)
  const nameOf = (kind: Kind) => names[kind] ?? `${kind}_token`
  for (const kind of kinds) {
    const name = nameOf(kind)
    assertName(name, wrong)
    assertPrefix(name, { path: kind === 'refresh' ? path : '/', secure }, wrong)
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
    set: (tokens, life) => headersOf(kind => written(kind, tokens[kind], life)),
    clear: () => headersOf(kind => written(kind, '', 0)),
  }
}
