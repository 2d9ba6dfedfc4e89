import type { HeaderOptions } from '../options/config.ts'
import type { Tokens } from './tokens.ts'

/** The value of the header that carries the access token (RFC 6750 §2.1, RFC 9449 §7.1). */
export function authorization(
  config: Pick<HeaderOptions, 'authTokenType'>,
  session: Pick<Tokens, 'accessToken' | 'isBound'>,
): string {
  if (session.isBound) return `DPoP ${session.accessToken}`
  return config.authTokenType ? `${config.authTokenType} ${session.accessToken}` : session.accessToken
}
