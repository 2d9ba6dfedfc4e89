import { rebuild } from '../http/rebuild.ts'
import type { Config, HeaderOptions } from '../options/config.ts'
import type { Usable } from '../session/session.ts'
import { authorization } from '../tokens/authorization.ts'
import { findPlaceholder, type Placeholder } from '../tokens/placeholder.ts'
import { IN_COOKIE } from '../tokens/tokens.ts'

/** Whether the page sent credentials of its own, which win; a placeholder out of a login response is none. */
export function hasOwnCredentials(request: Request, config: HeaderOptions): boolean {
  return request.headers.has(config.authHeader) && !placeholderIn(request, config)
}

/** The placeholder that a page has sent in place of its credentials; null: there is none. */
export function placeholderIn({ headers }: Request, { authHeader }: HeaderOptions): Placeholder | null {
  return findPlaceholder(spokenIn(headers.get(authHeader)))
}

/** The value of a header; of Basic credentials (RFC 7617 §2), in which a placeholder may be the user, what they say. */
export function spokenIn<T extends string | null>(value: T): T | string {
  // Every header of every request comes here, and few have their first space where `Basic ` has it.
  if (value?.[5] !== ' ') return value
  const [, basic] = /^basic +([\w+/]+={0,2})$/i.exec(value) ?? []
  try {
    return basic ? atob(basic) : value
  } catch {
    return value
  }
}

/** The same request with the session's access token, or with none. */
export function attach(request: Request, config: HeaderOptions, session: Usable | null): Request {
  const { authHeader } = config
  // The browser sends its cookies by itself.
  if (session?.accessToken === IN_COOKIE) return request
  if (!session && !request.headers.has(authHeader)) return request
  const isAuthorization = authHeader.toLowerCase() === 'authorization'
  const copy = rebuild(request, {
    ...(request.mode === 'no-cors' ? asCors(request) : {}),
    // Browsers drop Authorization where a redirect leaves the origin, and no other header: a proof is another one.
    ...((isAuthorization && !session?.isBound) || request.redirect === 'manual' ? {} : { redirect: 'error' }),
  })
  if (session) copy.headers.set(authHeader, authorization(config, session))
  else copy.headers.delete(authHeader)
  return copy
}

/** Whether a request brings no cookies, so that its answer says nothing of a session that is in them. */
export function isCookieless({ credentials, url }: Request, { ownOrigin }: Pick<Config, 'ownOrigin'>): boolean {
  return credentials === 'omit' || (credentials === 'same-origin' && new URL(url).origin !== ownOrigin)
}

/** The same request without some headers. */
export function withoutHeaders(request: Request, ...names: readonly string[]): Request {
  const copy = rebuild(request)
  for (const name of names) copy.headers.delete(name)
  return copy
}

/**
 * An image's or a video's own mode is `no-cors`, in which browsers drop Authorization. Of another origin it would ask
 * with cookies, which needs more of a server than CORS for a token does.
 */
function asCors({ credentials }: Request): RequestInit {
  return { mode: 'cors', credentials: credentials === 'include' ? 'same-origin' : credentials }
}
