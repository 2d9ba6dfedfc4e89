import type { Clock, Later, Log, Store } from '../ports.ts'

/** How long (milliseconds) the durable store may take; a blocked IndexedDB would never answer. */
const LIMIT = 3_000

/** How long (milliseconds) it is left alone after it has taken longer, unless it answers after all. */
const REST = 30_000

/** How soon (milliseconds) it is asked again to take what it has failed to take; later each time, up to {@link REST}. */
const RETRY = 1_000

export interface FallbackStore extends Store {
  /** Whether everything that was written is durable. */
  readonly isDurable: () => boolean
  /** Settles once it is; or after half a minute, since a store that is out of order may stay so. Never rejects. */
  readonly saved: () => Promise<void>
}

interface Needs {
  readonly durable: Store
  readonly now: Clock
  readonly later: Later
  readonly log: Log
  /** Milliseconds; see {@link LIMIT}. */
  readonly limit?: number
}

type Change = Parameters<Store['update']>[1]

interface Entry {
  /** What is stored, as far as this worker knows, with the changes that are made; undefined: never seen. */
  known?: { readonly value: unknown }
  /** Those that the durable store has not taken, in order. It gets them as they are: its record may be another. */
  readonly changes: Change[]
  /** How many of them `known` has. */
  made: number
  saving?: { readonly since: number; readonly done: Promise<void> } | undefined
}

/**
 * A store that never hangs, and that makes in memory the changes which the durable one fails to take: without any
 * storage, people can still log in and work. The durable one gets them as soon as it answers again.
 */
export function createFallbackStore({ durable, now, later, log, limit = LIMIT }: Needs): FallbackStore {
  const entries = new Map<string, Entry>()
  const watchers: (() => void)[] = []
  const waiting: (() => void)[] = []
  let isFailing = false
  let restsUntil = 0
  let retryIn = RETRY
  let isRetrying = false

  const entryOf = (key: string): Entry => {
    const entry = entries.get(key) ?? { changes: [], made: 0 }
    entries.set(key, entry)
    return entry
  }

  /** Makes all changes of a record durable, those that come meanwhile too. */
  const save = (key: string): Promise<void> => {
    const entry = entryOf(key)
    // One that has never ended may never end.
    if (entry.saving && now() - entry.saving.since < REST) return entry.saving.done
    const isThis = () => entry.saving === saving
    const run = async () => {
      try {
        while (isThis() && entry.changes.length > 0) {
          let taken = 0
          await durable.update(key, stored => {
            // Too late: another one has done it.
            if (!isThis()) return stored
            let value = stored
            for (const change of entry.changes) value = change(value)
            taken = entry.changes.length
            entry.known = { value }
            entry.made = taken
            return value
          })
          entry.changes.splice(0, taken)
          entry.made -= taken
        }
      } finally {
        if (isThis()) entry.saving = undefined
      }
    }
    const saving = { since: now(), done: Promise.resolve().then(run) }
    entry.saving = saving
    return saving.done
  }

  const resting = () => {
    const rest = restsUntil - now()
    // A clock that was set back would have it rest for long.
    return rest > 0 && rest <= REST ? rest : 0
  }

  const isSaved = () => [...entries.values()].every(({ changes }) => changes.length === 0)

  const makeInMemory = (entry: Entry) => {
    let value = entry.known?.value
    while (entry.made < entry.changes.length) {
      const before = value
      value = (entry.changes[entry.made] as Change)(value)
      // Nothing to be saved; but where the record was never seen, nobody knows what there is to change.
      if (value === before && entry.known) entry.changes.splice(entry.made, 1)
      else entry.made++
    }
    entry.known = { value }
  }

  const allSaved = () => {
    isFailing = false
    retryIn = RETRY
    for (const settle of waiting.splice(0)) settle()
  }

  /** Whether the durable store has done it, in time. */
  const attempt = async (work: () => Promise<void>): Promise<boolean> => {
    if (resting() > 0) return false
    const done = work()
    try {
      await inTime(done, limit)
      if (isSaved()) allSaved()
      return true
    } catch (error) {
      // Not its message, which may quote what was to be stored.
      const name = error instanceof Error ? error.name : typeof error
      if (!isFailing) log('warn', `storage failed (${name}): what it does not take is kept in memory until it does`)
      isFailing = true
      if (name === 'TimeoutError') {
        restsUntil = now() + REST
        done.then(recover, retry)
      }
      return false
    }
  }

  const isDurable = () => !isFailing || isSaved()

  const recover = async () => {
    restsUntil = 0
    const unsaved = [...entries].filter(([, { changes }]) => changes.length > 0)
    const results = await Promise.all(unsaved.map(([key]) => attempt(() => save(key))))
    if (results.every(Boolean)) allSaved()
    else retry()
    // Changes that were made again, to what another worker had stored meanwhile, may have come out otherwise.
    for (const onNews of watchers) onNews()
  }

  const retry = () => {
    if (isRetrying) return
    isRetrying = true
    const delay = Math.max(retryIn, resting())
    retryIn = Math.min(retryIn * 2, REST)
    later(delay, () => {
      isRetrying = false
      recover()
    })
  }

  return {
    read: async key => {
      const entry = entryOf(key)
      const look = async () => {
        const value = await durable.read(key)
        if (entry.changes.length === 0) entry.known = { value }
      }
      const isDone = await attempt(entry.changes.length > 0 ? () => save(key) : look)
      if (!isDone && !entry.known) throw new Error('storage cannot be read')
      return entry.known?.value
    },
    update: async (key, change) => {
      const entry = entryOf(key)
      entry.changes.push(change)
      if (await attempt(() => save(key))) return
      makeInMemory(entry)
      if (entry.changes.length > 0) retry()
    },
    watch: onNews => {
      watchers.push(onNews)
      durable.watch(onNews)
    },
    isDurable,
    saved: () =>
      isDurable()
        ? Promise.resolve()
        : new Promise(resolve => {
            waiting.push(resolve)
            later(REST, resolve)
          }),
  }
}

function inTime(promise: Promise<void>, limit: number): Promise<void> {
  const signal = AbortSignal.timeout(limit)
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
    promise.then(resolve, reject)
  })
}
