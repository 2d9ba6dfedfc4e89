import { RefreshWorkerError } from '../../errors.ts'
import type { GivenTokens } from '../../protocol.ts'
import { base64url } from '../http/base64url.ts'
import type { Config, TokenResponseOptions } from '../options/config.ts'
import type { Clock, Es256, Log, NewId } from '../ports.ts'
import { findPlaceholder } from '../tokens/placeholder.ts'
import { isFound, keptOf, readClaims, tokensFrom } from '../tokens/token-response.ts'
import { NO_TOKEN } from '../tokens/tokens.ts'
import { isDevelopment } from '../trace.ts'
import { loggedIn, type Session } from './session.ts'
import type { SessionStore } from './session-store.ts'

/** How many hashes of tokens are kept: what an application finds in its storage is a pair, and seldom another one. */
const MOST_KNOWN = 8

/**
 * Begins a session with tokens that a page hands over, unless they are known, or older than the session there is, or one
 * of them is a placeholder, which old code stores as it has stored tokens. Settles with whether it has.
 * @throws {RefreshWorkerError} codes `token_not_found`, `token_malformed`
 */
export type Adopt = (given: GivenTokens) => Promise<boolean>

interface Needs {
  readonly config: TokenResponseOptions & Pick<Config, 'refreshTokenIn'>
  readonly sessions: SessionStore
  readonly sha256: Es256['sha256']
  readonly newId: NewId
  readonly now: Clock
  readonly log: Log
}

export function createAdopt({ config, sessions, sha256, newId, now, log }: Needs): Adopt {
  return async given => {
    const { accessToken = null, refreshToken = null, idToken = null, expiresAt = null, isNew = false } = given
    const secret = (config.keepsRefreshToken ? refreshToken : null) ?? accessToken
    if (!secret)
      throw new RefreshWorkerError(
        'token_not_found',
        'adopt() takes an accessToken, or with useRefreshToken a refreshToken',
      )
    if (findPlaceholder([accessToken, refreshToken, idToken].join())) {
      if (isDevelopment) log('warn', 'adopt() got a placeholder, which stands for a token that the worker has or had')
      return false
    }
    const found = { accessToken, refreshToken, idToken, expiresAt }
    const isNone = [accessToken, refreshToken].some(token => token !== null && NO_TOKEN.test(token))
    if (isNone || !isFound({ ...found, accessToken: accessToken ?? secret }, config))
      throw new RefreshWorkerError(
        'token_malformed',
        'adopt() takes tokens that are strings of visible ASCII characters, without quotes around them',
      )
    const mark = base64url(await sha256(secret))
    const tokens = keptOf(
      tokensFrom(found, config, now(), () => undefined),
      config,
    )
    const issuedAt = issuedIn(accessToken ?? refreshToken)

    let isTaken = false
    await sessions.change(latest => {
      isTaken = false
      const known = latest.adopted ?? []
      if (known.includes(mark)) return latest
      const marked: Session = { ...latest, adopted: [...known, mark].slice(-MOST_KNOWN) }
      if (latest.status === 'authenticated') {
        const isItsOwn = [latest.accessToken, latest.refreshToken].includes(secret)
        // By the clock of the server that has issued both, where the session's token tells how far that is from ours.
        const ahead = issuedIn(latest.accessToken) - latest.receivedAt || 0
        // Also once it is over: what it was refused for is not mended by a logout.
        if (isItsOwn || !(isNew || issuedAt - ahead > latest.startedAt)) return marked
      }
      isTaken = true
      return loggedIn(marked, newId(), tokens)
    })
    return isTaken
  }
}

/** When a token was issued, by its server's clock (milliseconds since the epoch); NaN where it does not say. */
function issuedIn(accessToken: string | null): number {
  return Number(readClaims(['iat'], { accessToken, idToken: null }).iat) * 1000
}
