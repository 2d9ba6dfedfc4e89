/** A machine with one store and one set of locks, on which workers live and die. */
import type { Locks, Store } from '../../src/core/ports.ts'
import { parseSession } from '../../src/core/session/parse-session.ts'
import type { Session } from '../../src/core/session/session.ts'
import type { Scheduler } from './scheduler.ts'

/** One life of a worker: from its start until it is killed. */
export interface Life {
  readonly name: string
  isAlive: boolean
  /** How many changes it has not yet told to the pages. */
  telling: number
  /** How many times it has looked at the store. */
  reads: number
}

export const createLife = (name: string): Life => ({ name, isAlive: true, telling: 0, reads: 0 })

interface Onlooker {
  /** `read`: which look at the store has shown it; null: an update has. */
  readonly sees: (life: Life, session: Session, read: number | null) => void
  readonly writes: (life: Life, before: Session, after: Session) => void
}

/** @param locks whether they hold: a page can steal them, and waiting for one has a limit */
export function createMachine(scheduler: Scheduler, watch: Onlooker, locks: 'held' | 'stolen') {
  let record: unknown
  const stored = () => parseSession(structuredClone(record))

  const listeners = new Map<Life, () => void>()
  const spread = (from: Life) => {
    for (const [life, onNews] of listeners)
      if (life !== from && life.isAlive) void scheduler.wait(`${life.name} hears`).then(() => life.isAlive && onNews())
  }

  /** Transactions and their completions keep their order within a worker; those of another may come in between. */
  const storeOf = (life: Life): Store => {
    let lastRun: Promise<unknown> = Promise.resolve()
    let lastHeard: Promise<unknown> = Promise.resolve()
    const transact = <T>(label: string, read: number | null, work: () => { value: T; after: Session }): Promise<T> => {
      const run = lastRun.then(async () => {
        await scheduler.wait(`${life.name} ${label} runs`)
        // A killed worker's promises never settle.
        if (!life.isAlive) return new Promise<never>(() => undefined)
        return work()
      })
      lastRun = run
      const heard = Promise.all([run, lastHeard]).then(async ([{ value, after }]) => {
        await scheduler.wait(`${life.name} ${label} is done`)
        if (!life.isAlive) return new Promise<never>(() => undefined)
        watch.sees(life, after, read)
        return value
      })
      lastHeard = heard
      return heard
    }
    return {
      read: () => transact('read', ++life.reads, () => ({ value: structuredClone(record), after: stored() })),
      update: (_, updater) =>
        transact('update', null, () => {
          const before = stored()
          const latest = structuredClone(record)
          const next = updater(latest)
          record = structuredClone(next)
          const after = stored()
          watch.writes(life, before, after)
          if (next !== latest) spread(life)
          return { value: undefined, after }
        }),
      watch: onNews => void listeners.set(life, onNews),
    }
  }

  let holder: Life | null = null
  let waiting: { readonly life: Life; readonly run: () => Promise<void> }[] = []
  const grant = () => {
    const next = holder ? undefined : waiting.shift()
    if (!next) return
    holder = next.life
    const begin = async () => {
      await scheduler.wait(`${next.life.name} lock`)
      if (!next.life.isAlive) return
      await next.run()
      if (!next.life.isAlive) return
      holder = null
      grant()
    }
    void begin()
  }
  const locksOf =
    (life: Life): Locks =>
    (_name, _limit, task) =>
      locks === 'stolen'
        ? task(false)
        : new Promise((resolve, reject) => {
            // What goes on in a worker that was killed is none of its doing.
            if (!life.isAlive) return
            waiting.push({ life, run: () => task(true).then(resolve, reject) })
            grant()
          })

  return {
    stored,
    put: (session: Session) => {
      record = session
    },
    storeOf,
    locksOf,
    end: (life: Life) => {
      life.isAlive = false
      listeners.delete(life)
      waiting = waiting.filter(request => request.life !== life)
      if (holder === life) holder = null
      grant()
    },
  }
}
