import type { StateReason } from '../../protocol.ts'
import type { WaitUntil } from '../ports.ts'
import type { FallbackStore } from './fallback-store.ts'
import type { Session } from './session.ts'
import type { SessionStore } from './session-store.ts'

/** Knows when what has changed is durable. */
export interface Saved {
  /** Settles once no change is in this worker's memory alone, and pages have heard of that. */
  readonly saved: () => Promise<void>
  /** As `waitUntil`, but what the work has changed is durable too, if that can be had. */
  readonly untilSaved: (waitUntil: WaitUntil) => WaitUntil
}

interface Needs {
  readonly store: Pick<FallbackStore, 'isDurable' | 'saved'>
  readonly sessions: Pick<SessionStore, 'latest'>
  readonly tell: (session: Session, reason: StateReason) => Promise<unknown>
}

export function createSaved({ store, sessions, tell }: Needs): Saved {
  let saving: Promise<void> | undefined
  const saved = (): Promise<void> => {
    if (store.isDurable()) return Promise.resolve()
    saving ??= store.saved().then(async () => {
      saving = undefined
      const session = sessions.latest()
      if (store.isDurable()) await tell(session, session.status === 'anonymous' ? session.reason : 'refresh')
    })
    return saving
  }
  return { saved, untilSaved: waitUntil => work => waitUntil(work.finally(saved)) }
}
