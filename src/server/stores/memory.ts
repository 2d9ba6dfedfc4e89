import type { SessionStore, StoredSession } from '../sessions.ts'

/** Keeps sessions in the memory of this process, for development, or if it may lose them. */
export function memoryStore(): SessionStore {
  const sessions = new Map<string, StoredSession>()
  let sweptAt = 0
  const isOver = ({ expiresAt }: StoredSession) => expiresAt * 1000 <= Date.now()
  const sweep = () => {
    if (Date.now() - sweptAt < 60_000) return
    sweptAt = Date.now()
    for (const [id, session] of sessions) if (isOver(session)) sessions.delete(id)
  }
  return {
    read: async id => {
      const session = sessions.get(id)
      return session && !isOver(session) ? session : null
    },
    swap: async (id, counter, next) => {
      if ((sessions.get(id)?.counter ?? null) !== counter) return false
      sweep()
      if (next) sessions.set(id, next)
      else sessions.delete(id)
      return true
    },
    endAll: async sub => {
      for (const [id, session] of sessions) if (session.sub === sub) sessions.delete(id)
    },
  }
}
