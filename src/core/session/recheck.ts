import type { Config } from '../options/config.ts'
import type { Fetch, Locks, NewId, WaitUntil } from '../ports.ts'
import type { ReadAnswer } from '../tokens/read-answer.ts'
import type { TokenEndpoint } from '../tokens/token-endpoint.ts'
import { type HeldTokens, NO_TOKENS, type Tokens } from '../tokens/tokens.ts'
import { alone, type LockOptions } from './alone.ts'
import type { FreshSession } from './fresh-session.ts'
import { ended, isOfSameUser, loggedIn, mayBeLeft, refreshed, type Session, sessionIdOf } from './session.ts'
import type { SessionStore } from './session-store.ts'
import { createAskSessionUrl } from './session-url.ts'

/** Why the server is asked: the application wants it, somebody may have logged in, or anything may have happened. */
export type Doubt = 'asked' | 'login' | 'any'

/** How long an access token must live that has just been refreshed (milliseconds) for that to be believed. */
const SHORTEST_LIFE = 30_000

/**
 * For sessions of which a cookie is a part, and which may begin where the worker does not see it: asks the server whether
 * there is one, and whose it is, once for all who ask for the same reason at the same time. Never rejects; where the server
 * does not say, the session is as it was. Settles with whether it has said.
 *
 * A refresh that may not be due is tried where nobody was ever known, or may have logged in, once; `asked`, always.
 */
export type Recheck = (waitUntil: WaitUntil, why: Doubt) => Promise<boolean>

/** Asks whose session it is that a refresh has given, which did not say; and until when, where nobody knows. */
export type Confirm = (refreshed: Session) => Promise<unknown>

interface Needs {
  readonly config: LockOptions & Pick<Config, 'accessTokenIn' | 'readTokens' | 'sessionUrl'>
  readonly sessions: SessionStore
  readonly freshSession: Pick<FreshSession, 'refresh'>
  readonly tokenEndpoint: TokenEndpoint
  readonly readAnswer: ReadAnswer
  readonly locks: Locks
  readonly fetch: Fetch
  readonly newId: NewId
  /** Of what this worker tells the server of logouts: `settled`, once nothing is under way; `resume`, what was cut off. */
  readonly logouts: { readonly settled: () => Promise<unknown>; readonly resume: () => Promise<unknown> }
}

export function createRecheck(needs: Needs): { readonly recheck: Recheck; readonly confirm: Confirm } {
  const { config, sessions, freshSession, tokenEndpoint, readAnswer, locks, fetch, newId, logouts } = needs
  const askSessionUrl = createAskSessionUrl({ config, readAnswer, fetch })
  let running: { readonly why: Doubt; readonly done: Promise<boolean> } | undefined
  /** The generation of nobody's session at which a refresh was tried: no visitor is to cause one with every page. */
  let tried = -1

  /** Takes what the server has said, unless a login, a refresh or a logout has come in between. */
  const take = async (said: HeldTokens, before: Session): Promise<true> => {
    const id = newId()
    await sessions.change(latest => {
      if (latest.generation !== before.generation) return latest
      if (latest.status === 'anonymous' || !isOfSameUser(latest, said)) return loggedIn(latest, id, said)
      const isNamed = latest.subject === undefined && said.subject !== undefined
      if (said.expiresAt === null && !isNamed) return latest
      return refreshed(latest, { ...said, expiresAt: said.expiresAt ?? latest.expiresAt } as Tokens)
    })
    return true
  }

  const confirm: Confirm = async session => {
    const said = await askSessionUrl()
    if (said === null || said === 'nobody' || session.status === 'anonymous') return
    const isBelieved = session.expiresAt === null && (said.expiresAt ?? 0) - said.receivedAt >= SHORTEST_LIFE
    return take({ ...said, expiresAt: isBelieved ? said.expiresAt : null }, session)
  }

  const ask = async (waitUntil: WaitUntil, why: Doubt): Promise<boolean> => {
    // Until it has heard of a logout, the server would say that there is a session.
    if (why === 'asked') await logouts.settled()
    const before = await sessions.load()
    const isLeft = mayBeLeft(before)
    // A reload is not to log in again who has logged out.
    if (isLeft && why === 'any') {
      if (before.status === 'anonymous' && before.isUntold) waitUntil(logouts.resume())
      return true
    }
    // Who has a token of it knows.
    if (before.status === 'authenticated' && config.accessTokenIn !== 'cookie') return true
    const said = config.sessionUrl ? await askSessionUrl() : 'nobody'
    if (said === null) return false
    if (said !== 'nobody') return take(said, before)
    // The access token may have expired, and the refresh token not.
    if (before.status === 'authenticated')
      return freshSession.refresh(before, waitUntil).then(
        () => true,
        // It has ended, or the cookies are of somebody else.
        () => sessionIdOf(sessions.latest()) !== before.id,
      )
    const isDue = tried !== before.generation && (before.reason === 'none' || why === 'login')
    if (!isDue && why !== 'asked') return true
    tried = before.generation
    const answer = await alone(locks, config, () => tokenEndpoint(NO_TOKENS, newId()))
    if (answer.outcome === 'rejected' && isLeft)
      await sessions.change(latest => (latest.generation === before.generation ? ended(latest, before.reason) : latest))
    if (answer.outcome !== 'refreshed') return answer.outcome === 'rejected'
    // Who that is, a refresh need not say.
    const again = config.sessionUrl && !answer.tokens.subject ? await askSessionUrl() : null
    // A refresh that is answered with nothing at all is no news, where there is nobody after it either.
    if (again === 'nobody') return true
    return take(
      again === null
        ? answer.tokens
        : { ...answer.tokens, ...again, expiresAt: answer.tokens.expiresAt ?? again.expiresAt },
      before,
    )
  }

  const recheck: Recheck = (waitUntil, why) => {
    if (running?.why === why) return running.done
    // What was asked for another reason may have been answered before there was this one.
    const done: Promise<boolean> = (running?.done ?? Promise.resolve())
      .then(() => ask(waitUntil, why))
      .catch(() => false)
      .finally(() => {
        if (running?.done === done) running = undefined
      })
    running = { why, done }
    return done
  }

  return { recheck, confirm }
}
