import { ACCESS_TOKEN_PLACEHOLDER } from '../../protocol.ts'
import type { Config } from '../options/config.ts'
import type { Usable } from '../session/session.ts'

/** The value of the header that carries the access token (RFC 6750 §2.1, RFC 9449 §7.1). */
export function authorization(config: Config, session: Pick<Usable, 'accessToken' | 'isBound'>): string {
  if (session.isBound) return `DPoP ${session.accessToken}`
  return config.authTokenType ? `${config.authTokenType} ${session.accessToken}` : session.accessToken
}

/** Whether the page sent credentials of its own, which win; a placeholder out of a login response is none. */
export function hasOwnCredentials(request: Request, config: Config): boolean {
  const value = request.headers.get(config.authHeader)
  return value !== null && !value.includes(ACCESS_TOKEN_PLACEHOLDER)
}

/** The same request with the session's access token, or with none. */
export function attach(request: Request, config: Config, session: Usable | null): Request {
  const { authHeader } = config
  if (!session && !request.headers.has(authHeader)) return request
  const isAuthorization = authHeader.toLowerCase() === 'authorization'
  const copy = rebuild(request, {
    ...(request.mode === 'no-cors' ? asCors(request) : {}),
    // Browsers drop Authorization where a redirect leaves the origin, and no other header: a proof is another one.
    ...(isAuthorization && !session?.isBound ? {} : { redirect: 'error' }),
  })
  if (session) copy.headers.set(authHeader, authorization(config, session))
  else copy.headers.delete(authHeader)
  return copy
}

/** The same request with changes, and with headers that can be written. */
export function rebuild(request: Request, changes: RequestInit = {}): Request {
  // Only a copy without changes keeps the headers that scripts may not write, such as client hints.
  if (Object.keys(changes).length === 0) return new Request(request)
  const { headers, referrer, referrerPolicy } = request
  // Else it would name the worker as its referrer.
  return new Request(request, { headers, referrer, referrerPolicy, ...changes })
}

/**
 * An image's or a video's own mode is `no-cors`, in which browsers drop Authorization. Of another origin it would ask
 * with cookies, which needs more of a server than CORS for a token does.
 */
function asCors({ credentials }: Request): RequestInit {
  return { mode: 'cors', credentials: credentials === 'include' ? 'same-origin' : credentials }
}
