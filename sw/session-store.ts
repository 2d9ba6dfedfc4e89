import type { StateReason } from '../src/protocol.ts'
import type { Store } from './ports.ts'
import { nobody, parseSession, type Session } from './session.ts'

/** Hears of every change of the session, before whoever made it goes on. */
export type OnChange = (session: Session, reason: StateReason) => Promise<void>

/** The stored session, which is the truth, and what was last seen of it. */
export interface SessionStore {
  /** The session as last seen; read from the store where this worker has not seen it yet. */
  readonly current: () => Session | Promise<Session>
  /** The session as stored now. */
  readonly load: () => Promise<Session>
  /**
   * A compare-and-swap: `transition` sees the stored session inside the transaction that writes, and returns its
   * successor, or the same object for "leave it". Settles with what is stored then.
   */
  readonly change: (reason: StateReason, transition: (stored: Session) => Session) => Promise<Session>
}

export function createSessionStore(store: Store, storageKey: string, onChange: OnChange): SessionStore {
  let seen: Session | undefined

  const remember = async (session: Session, reason: StateReason, written = false) => {
    const changed = written || (seen !== undefined && seen.generation !== session.generation)
    seen = session
    if (changed) await onChange(session, reason)
    return session
  }

  const load = async () => {
    const session = parseSession(await store.read(storageKey))
    // Where it differs, something else wrote it: another worker of this origin, or a page.
    return remember(session, reasonFor(session, seen))
  }

  return {
    current: () => seen ?? load(),
    load,
    change: async (reason, transition) => {
      let next: Session = nobody
      let written = false
      await store.update(storageKey, stored => {
        const session = parseSession(stored)
        next = transition(session)
        written = next !== session
        return written ? next : stored
      })
      return remember(next, reason, written)
    },
  }
}

function reasonFor(session: Session, before: Session | undefined): StateReason {
  if (session.status === 'anonymous') return session.reason
  return before?.status === 'authenticated' && before.id === session.id ? 'refresh' : 'login'
}
