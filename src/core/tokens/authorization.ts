import type { HeaderOptions } from '../options/config.ts'
import { IN_COOKIE, type Tokens } from './tokens.ts'

/** The value of the header that carries the access token (RFC 6750 §2.1, RFC 9449 §7.1). */
export function authorization(
  config: Pick<HeaderOptions, 'authTokenType'>,
  session: Pick<Tokens, 'accessToken' | 'isBound'>,
): string {
  if (session.isBound) return `DPoP ${session.accessToken}`
  return config.authTokenType ? `${config.authTokenType} ${session.accessToken}` : session.accessToken
}

/** What a request is sent with, for people: never the token. */
export function inWords(config: HeaderOptions, session: Pick<Tokens, 'accessToken' | 'isBound'>): string {
  if (session.accessToken === IN_COOKIE) return "the server's cookies"
  return `${config.authHeader}: ${authorization(config, { ...session, accessToken: '...' })}`
}
