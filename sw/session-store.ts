import type { StateReason } from '../src/protocol.ts'
import type { Config } from './config.ts'
import type { Store } from './ports.ts'
import { nobody, parseSession, type Session } from './session.ts'

/** Hears of every change of the session, before whoever made it goes on. */
export type OnChange = (session: Session, reason: StateReason) => Promise<void>

/** The stored session, which is the truth, and what was last seen of it. */
export interface SessionStore {
  /** The session as last seen; read from the store where this worker has not seen it yet. */
  readonly current: () => Session | Promise<Session>
  /** The session as last seen, at once; nobody where this worker has not seen it yet. */
  readonly latest: () => Session
  /** The session as stored now. */
  readonly load: () => Promise<Session>
  /**
   * A compare-and-swap: `transition` sees the stored session inside the transaction that writes, and returns its
   * successor, or the same object for "leave it". Settles with what is stored then.
   */
  readonly change: (transition: (stored: Session) => Session) => Promise<Session>
}

interface Needs {
  readonly config: Pick<Config, 'storageKey' | 'keepsRefreshToken'>
  readonly store: Store
  readonly onChange: OnChange
}

export function createSessionStore({ config, store, onChange }: Needs): SessionStore {
  const { storageKey, keepsRefreshToken } = config
  let seen: Session | undefined
  let loading: Promise<Session> | undefined

  const parse = (stored: unknown): Session => {
    const session = parseSession(stored)
    const isNotOurs = session.status === 'authenticated' && !keepsRefreshToken
    return isNotOurs ? { ...session, refreshToken: null } : session
  }

  const remember = async (session: Session, before = seen ?? session) => {
    seen = session
    if (!isEqual(before, session)) await onChange(session, reasonFor(session, before))
    return session
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

  store.watch(load)

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
    load,
    change: async transition => {
      let before: Session = nobody
      let next: Session = nobody
      await store.update(storageKey, stored => {
        before = parse(stored)
        next = transition(before)
        return next === before ? stored : next
      })
      return remember(next, seen ?? before)
    },
  }
}

/** By what pages can tell; a login after the storage was cleared may have the generation of one before it. */
function isEqual(a: Session, b: Session): boolean {
  return a.generation === b.generation && idOf(a) === idOf(b)
}

function idOf(session: Session): string | null {
  return session.status === 'authenticated' ? session.id : null
}

function reasonFor(session: Session, before: Session): StateReason {
  if (session.status === 'anonymous') return session.reason
  return idOf(before) === session.id ? 'refresh' : 'login'
}
