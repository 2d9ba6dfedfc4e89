import type { Clock, Log, Store } from '../ports.ts'

/** How long (milliseconds) the durable store may take; a blocked IndexedDB would never answer. */
const LIMIT = 3_000

/** How long (milliseconds) it is left alone after it has taken longer. */
const REST = 30_000

export interface FallbackStore extends Store {
  /** Whether everything that was written is durable. */
  readonly isDurable: () => boolean
}

interface Needs {
  readonly durable: Store
  readonly now: Clock
  readonly log: Log
  /** Milliseconds; see {@link LIMIT}. */
  readonly limit?: number
}

/**
 * A store that never hangs, and that keeps in memory what the durable one fails to take, for as long as the worker
 * lives: without any storage, people can still log in and work.
 */
export function createFallbackStore({ durable, now, log, limit = LIMIT }: Needs): FallbackStore {
  /** What was last seen of each record. */
  const known = new Map<string, unknown>()
  /** The keys of which `known` is newer than the durable store. */
  const unsaved = new Set<string>()
  let restsUntil = 0

  const attempt = async <T>(work: () => Promise<T>): Promise<{ readonly value: T } | null> => {
    const rest = restsUntil - now()
    if (rest > 0 && rest <= REST) return null
    try {
      return { value: await inTime(work(), limit) }
    } catch (error) {
      // Not its message, which may quote what was to be stored.
      const name = error instanceof Error ? error.name : typeof error
      log('warn', `storage failed (${name}): what it does not take is kept in memory, until this worker is stopped`)
      if (name === 'TimeoutError') restsUntil = now() + REST
      return null
    }
  }

  return {
    read: async key => {
      if (unsaved.has(key)) return known.get(key)
      const read = await attempt(() => durable.read(key))
      if (read) known.set(key, read.value)
      else if (!known.has(key)) throw new Error('storage cannot be read')
      return known.get(key)
    },
    update: async (key, updater) => {
      let base = known.get(key)
      let next: unknown
      const apply = () => {
        next = updater(base)
        return next
      }
      const written = await attempt(() =>
        durable.update(key, stored => {
          if (!unsaved.has(key)) base = stored
          return apply()
        }),
      )
      if (written) unsaved.delete(key)
      else if (apply() !== base) unsaved.add(key)
      known.set(key, next)
    },
    watch: durable.watch,
    isDurable: () => unsaved.size === 0,
  }
}

function inTime<T>(promise: Promise<T>, limit: number): Promise<T> {
  const signal = AbortSignal.timeout(limit)
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
    promise.then(resolve, reject)
  })
}
