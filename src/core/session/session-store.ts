import type { StateReason } from '../../protocol.ts'
import { HOLD } from '../features.ts'
import type { Config, SessionName } from '../options/config.ts'
import type { Clock, Store } from '../ports.ts'
import { IN_COOKIE } from '../tokens/tokens.ts'
import { isSameOwner, type OwnerOptions, ownerOf } from './owner.ts'
import { parseSession } from './parse-session.ts'
import {
  type Anonymous,
  type Authenticated,
  isSame,
  nobody,
  type Session,
  sessionIdOf,
  subjectIn,
  used,
} from './session.ts'

/** How long (milliseconds) no other use is stored after one, at most; a tenth of `maxIdle` where that is less. */
const LONGEST_UNSAVED = 60_000

/** Of how many sessions of a user, one after the other, tabs may still hold placeholders. */
const MOST_FORMER = 8

/** Hears of every change of the session, before whoever made it goes on. */
export type OnChange = (session: Session, reason: StateReason) => Promise<void>

/** The stored session, which is the truth, and what was last seen of it. */
export interface SessionStore {
  /** The session as last seen; read from the store where this worker has not seen it yet. */
  readonly current: () => Session | Promise<Session>
  /** The session as last seen, at once; nobody where this worker has not seen it yet. */
  readonly latest: () => Session
  /** The session as last seen; null where this worker has not seen it yet. */
  readonly seen: () => Session | null
  /** The session as stored now. */
  readonly load: () => Promise<Session>
  /**
   * A compare-and-swap: `transition` sees the stored session inside the transaction that writes, and returns its
   * successor, or the same object for "leave it". Settles with what is stored then.
   */
  readonly change: (transition: (stored: Session) => Session) => Promise<Session>
  /**
   * Notes that a session is used, at `at`, where a limit asks for it: at once in memory, and in the store now and then.
   * Settles once that is stored, which no request needs to wait for; null: there is nothing to store.
   */
  readonly use: (session: Authenticated, at: number) => Promise<unknown> | null
}

interface Needs {
  readonly config: SessionName &
    OwnerOptions &
    Pick<Config, 'accessTokenIn' | 'keepsRefreshToken' | 'maxIdle' | 'whenEnded'>
  /** Of the worker. */
  readonly scope?: string
  readonly store: Store
  readonly now: Clock
  readonly onChange: OnChange
}

export function createSessionStore({ config, scope = '', store, now, onChange }: Needs): SessionStore {
  const { storageKey, keepsRefreshToken, maxIdle } = config
  const owner = ownerOf(config, scope)
  const isCounting = Number.isFinite(maxIdle)
  let seen: Session | undefined
  let loading: Promise<Session> | undefined
  /** When this worker has last stored a use. */
  let savedAt = 0

  const parse = (stored: unknown): Session => {
    const session = parseSession(stored)
    if (session.status === 'anonymous') return session
    // Of other servers: its tokens are not for ours.
    if (session.owner && !isSameOwner(session.owner, owner)) return nobody
    // In cookies, of before a configuration that was taken back: nothing could refresh or end it.
    if (session.accessToken === IN_COOKIE && config.accessTokenIn !== 'cookie') return nobody
    return {
      ...session,
      refreshToken: keepsRefreshToken ? session.refreshToken : null,
      // A limit that comes with a new configuration finds no uses that were stored: it counts from the last refresh.
      usedAt: isCounting ? session.usedAt : session.receivedAt,
    }
  }

  const remember = async (session: Session, before = seen ?? session) => {
    // The store need not know yet when this worker has last used it.
    const latest = seen?.status === 'authenticated' && isSame(session, seen) ? used(session, seen.usedAt) : session
    seen = latest
    if (!isEqual(before, latest)) await onChange(latest, reasonFor(latest, before))
    return latest
  }

  const load = async () => {
    let session: Session
    try {
      session = parse(await store.read(storageKey))
    } catch {
      // Not remembered: the next one may be able to read it.
      return seen ?? nobody
    }
    // Where it differs, something else wrote it: another worker of this origin, or a page.
    return remember(session)
  }

  // However much news there is, one look is under way, and one more comes after it.
  let isLooking = false
  let isStale = false
  store.watch(async () => {
    isStale = true
    if (isLooking) return
    isLooking = true
    try {
      while (isStale) {
        isStale = false
        await load()
      }
    } finally {
      isLooking = false
    }
  })

  const change: SessionStore['change'] = async transition => {
    let before: Session = nobody
    let next: Session = nobody
    await store.update(storageKey, stored => {
      before = parse(stored)
      next = transition(before)
      if (next === before) return stored
      // Who has logged in or refreshed, with the endpoints that are configured now.
      if (next.status === 'authenticated') next = { owner, ...next, ...(HOLD ? formerIdsOf(next, before) : {}) }
      else {
        // By which a later version, which may have no such storageKey any more, knows what it leaves.
        next = { ...(config.whenEnded === 'hold' ? withLastUser(next, before, now()) : next), owner }
      }
      return next
    })
    return remember(next, seen ?? before)
  }

  return {
    current: () => {
      if (seen) return seen
      // All who come first share one read.
      loading ??= load().finally(() => {
        loading = undefined
      })
      return loading
    },
    latest: () => seen ?? nobody,
    seen: () => seen ?? null,
    load,
    change,
    use: (session, at) => {
      if (!isCounting || !seen || !isSame(seen, session)) return null
      seen = used(seen, at)
      if (Math.abs(at - savedAt) < Math.min(maxIdle / 10, LONGEST_UNSAVED)) return null
      savedAt = at
      return change(latest => (isSame(latest, session) ? used(latest, at) : latest))
    },
  }
}

/** A session that has ended by itself, with whose it was. */
function withLastUser(next: Anonymous, before: Session, now: number): Anonymous {
  if (before.status === 'anonymous' || next.reason === 'logout') return next
  const subject = subjectIn(before)
  const ids = [before.id, ...(before.formerIds ?? [])].slice(0, MOST_FORMER)
  return subject === null ? next : { ...next, last: { subject, endedAt: now, ids } }
}

/** Of a login after a session of the same user has ended by itself: that user's tabs go on as they are. */
function formerIdsOf(next: Authenticated, before: Session): Pick<Authenticated, 'formerIds'> {
  const { last } = before.status === 'anonymous' ? before : {}
  return last?.ids && last.subject === subjectIn(next) ? { formerIds: last.ids } : {}
}

/** By what pages can tell; a login after the storage was cleared may have the generation of one before it. */
function isEqual(a: Session, b: Session): boolean {
  // Of nobody they see no generation.
  if (a.status === 'anonymous' && b.status === 'anonymous')
    return a.reason === b.reason && a.isCookieLeft === b.isCookieLeft
  return a.generation === b.generation && sessionIdOf(a) === sessionIdOf(b) && isFailing(a) === isFailing(b)
}

function isFailing(session: Session): boolean {
  return session.status === 'authenticated' && session.failing !== undefined
}

function reasonFor(session: Session, before: Session): StateReason {
  if (session.status === 'anonymous') return session.reason
  if (isFailing(session) && !isFailing(before)) return 'refresh_failed'
  return sessionIdOf(before) === session.id ? 'refresh' : 'login'
}
