import type { AnonymousReason } from '../../protocol.ts'
import { COOKIES } from '../features.ts'
import type { Config, SessionLimits } from '../options/config.ts'
import type { Clock } from '../ports.ts'
import { IN_COOKIE } from '../tokens/tokens.ts'
import {
  type Authenticated,
  ended,
  isExpired,
  isRefreshable,
  isSame,
  isUnchanged,
  isUsable,
  reachedLimit,
  type Session,
  untold,
} from './session.ts'
import type { SessionStore } from './session-store.ts'

/** Tells the server, as well as can be, that a session has ended here; never rejects. */
export type Farewell = (was: Authenticated) => Promise<unknown>

interface Needs {
  readonly config: SessionLimits & Pick<Config, 'refreshTokenIn'>
  readonly sessions: SessionStore
  readonly farewell: Farewell
  readonly now: Clock
}

/** What settles with the session as it is now: see `FreshSession.current`. */
export function createCurrent({ config, sessions, farewell, now }: Needs): () => Promise<Session> {
  /** Why a session is over; null: it is not. */
  const whyOver = (session: Authenticated): AnonymousReason | null => {
    const limit = reachedLimit(session, config, now())
    if (limit || isRefreshable(session, config) || !isExpired(session, now())) return limit
    return isUsable(session) ? 'expired' : 'lost'
  }

  const current = async (): Promise<Session> => {
    // A login elsewhere is news that comes by itself, and may come later than a request that was sent after it.
    const session = await (sessions.seen()?.status === 'anonymous' ? sessions.load() : sessions.current())
    if (session.status === 'anonymous') return session
    const reason = whyOver(session)
    if (!reason) return session
    let was: Authenticated | null = null
    const latest = await sessions.change(stored => {
      // Perhaps another worker has used it since, and this one has not heard.
      const isOver = isUnchanged(stored, session) && whyOver(stored)
      was = isOver ? stored : null
      if (!isOver) return stored
      const over = ended(stored, reason)
      return COOKIES && stored.accessToken === IN_COOKIE ? untold(over) : over
    })
    if (was && reachedLimit(was, config, now())) farewell(was)
    if (isSame(latest, session)) return current()
    // Not what is stored now: who has logged in meanwhile is not who asked.
    return ended(session, reason)
  }
  return current
}
