import { REVOCATION } from '../features.ts'
import { readRetryAfter } from '../http/dates.ts'
import { limited } from '../http/limit.ts'
import type { Config, Endpoints, TokenRequestOptions } from '../options/config.ts'
import type { Clock, Fetch, Later, Log } from '../ports.ts'
import type { EndpointFinder } from './endpoints.ts'
import { tokenRequest } from './token-request.ts'
import { type HeldTokens, sentIn } from './tokens.ts'

/** How often the server is asked in all, and how long (milliseconds) nothing is asked in between, at least and at most. */
const TRIES = 3
const PAUSE = 1_000
const LONGEST_PAUSE = 20_000

/**
 * Tells the authorization server that the tokens of a session are not needed any more: the refresh token, or the access
 * token where that is all there is. Never rejects: the session has ended here, whatever the server says.
 * @see RFC 7009
 */
export type Revoke = (session: Revocable) => Promise<void>

type Revocable = Pick<HeldTokens, 'accessToken' | 'refreshToken' | 'isBound'>

interface Needs {
  readonly config: TokenRequestOptions & Endpoints & Pick<Config, 'issuer'>
  readonly fetch: Fetch
  readonly now: Clock
  readonly later: Later
  readonly log: Log
  readonly find?: EndpointFinder['find']
}

export function createRevoke({ config, fetch, now, later, log, find = async () => config }: Needs): Revoke {
  if (!REVOCATION) return async () => undefined
  if (!config.revocationUrl && config.issuer === null) return async () => undefined

  /** Null: done, one way or the other. Else how long (milliseconds) the server asks to be left alone. */
  const attempt = async (fields: Readonly<Record<string, string>>, session: Revocable): Promise<number | null> => {
    try {
      const { revocationUrl } = await find()
      if (!revocationUrl) return null
      const signal = AbortSignal.timeout(config.timeout)
      const response = await limited(signal, fetch(tokenRequest(config, revocationUrl, fields, session, signal)))
      response.body?.cancel().catch(() => undefined)
      const isBusy = response.status === 429 || response.status >= 500
      // RFC 7009 §2.2.1: after a 503 the client must assume that the token still exists.
      if (isBusy) return readRetryAfter(response.headers, now()) ?? 0
      if (!response.ok) log('warn', `the revocation endpoint answered ${response.status}`)
      return null
    } catch {
      return 0
    }
  }

  return async session => {
    const { refreshToken } = session
    const token = refreshToken ?? sentIn(session)
    if (token === null) return
    const fields = { token, token_type_hint: refreshToken === null ? 'access_token' : 'refresh_token' }
    for (let tries = 1; ; tries++) {
      const retryAfter = await attempt(fields, session)
      if (retryAfter === null) return
      if (tries === TRIES || retryAfter > LONGEST_PAUSE) break
      await new Promise<void>(resolve => later(Math.max(PAUSE * tries, retryAfter), resolve))
    }
    log('warn', 'the tokens of a session that has ended could not be revoked')
  }
}
