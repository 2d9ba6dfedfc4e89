import { RefreshWorkerError } from '../../errors.ts'
import type { GivenTokens } from '../../protocol.ts'
import { base64url } from '../http/base64url.ts'
import type { Config, TokenResponseOptions } from '../options/config.ts'
import type { Clock, Es256, NewId } from '../ports.ts'
import { isFound, keptOf, readClaims, tokensFrom } from '../tokens/token-response.ts'
import { loggedIn, type Session } from './session.ts'
import type { SessionStore } from './session-store.ts'

/** How many hashes of tokens are kept: what an application finds in its storage is a pair, and seldom another one. */
const MOST_KNOWN = 8

/**
 * Begins a session with tokens that a page hands over, unless they are known, or older than the session there is.
 * Settles with whether it has.
 * @throws {RefreshWorkerError} codes `token_not_found`, `token_malformed`
 */
export type Adopt = (given: GivenTokens) => Promise<boolean>

interface Needs {
  readonly config: TokenResponseOptions & Pick<Config, 'refreshTokenIn'>
  readonly sessions: SessionStore
  readonly sha256: Es256['sha256']
  readonly newId: NewId
  readonly now: Clock
}

export function createAdopt({ config, sessions, sha256, newId, now }: Needs): Adopt {
  return async given => {
    const { accessToken = null, refreshToken = null, idToken = null, expiresAt = null, isNew = false } = given
    const secret = (config.keepsRefreshToken ? refreshToken : null) ?? accessToken
    if (!secret)
      throw new RefreshWorkerError(
        'token_not_found',
        'adopt() takes an accessToken, or with useRefreshToken a refreshToken',
      )
    const found = { accessToken, refreshToken, idToken, expiresAt }
    // What storage makes of a token that was not there.
    const isNone = [accessToken, refreshToken].some(token => token === 'undefined' || token === 'null')
    if (isNone || !isFound({ ...found, accessToken: accessToken ?? secret }, config))
      throw new RefreshWorkerError(
        'token_malformed',
        'adopt() takes tokens that are strings of visible ASCII characters',
      )
    const mark = base64url(await sha256(secret))
    const tokens = keptOf(
      tokensFrom(found, config, now(), () => undefined),
      config,
    )
    const issuedAt = Number(readClaims(['iat'], { accessToken: accessToken ?? refreshToken, idToken: null }).iat) * 1000

    let isTaken = false
    await sessions.change(latest => {
      isTaken = false
      const known = latest.adopted ?? []
      if (known.includes(mark)) return latest
      const marked: Session = { ...latest, adopted: [...known, mark].slice(-MOST_KNOWN) }
      if (latest.status === 'authenticated') {
        const isItsOwn = [latest.accessToken, latest.refreshToken].includes(secret)
        // Also once it is over: what it was refused for is not mended by a logout.
        if (isItsOwn || !(isNew || issuedAt > latest.startedAt)) return marked
      }
      isTaken = true
      return loggedIn(marked, newId(), tokens)
    })
    return isTaken
  }
}
