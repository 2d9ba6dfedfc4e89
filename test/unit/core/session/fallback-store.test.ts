import { describe, expect, it } from 'vitest'
import type { Store } from '../../../../src/core/ports.ts'
import { createFallbackStore } from '../../../../src/core/session/fallback-store.ts'
import { createClock, createMemoryStore } from '../../kit.ts'

const increment = (stored: unknown) => ((stored as number | undefined) ?? 0) + 1
const never = () => new Promise<never>(() => undefined)

function setUp(broken: Partial<Store> = {}, records = new Map<string, unknown>()) {
  const { store } = createMemoryStore(records)
  const clock = createClock()
  const log: string[] = []
  /** What is broken now; tests mend it by emptying it. */
  const faults: { -readonly [Name in keyof Store]?: Store[Name] } = { ...broken }
  const durable: Store = {
    ...store,
    read: key => (faults.read ?? store.read)(key),
    update: (key, updater) => (faults.update ?? store.update)(key, updater),
  }
  const mend = () => {
    for (const name of Object.keys(faults)) delete faults[name as keyof Store]
  }
  const timers: { readonly at: number; readonly task: () => void }[] = []
  const later = (delay: number, task: () => void) => void timers.push({ at: clock.time + delay, task })
  /** Sets the clock forward, and runs what is due. */
  const pass = (time: number) => {
    clock.time += time
    for (const timer of timers.filter(({ at }) => at <= clock.time)) {
      timers.splice(timers.indexOf(timer), 1)
      timer.task()
    }
  }
  const fallback = createFallbackStore({ durable, now: clock.now, later, log: (_, line) => log.push(line), limit: 20 })
  return { ...fallback, records, clock, pass, log, faults, mend }
}

/** Holds back what a store is asked to do until it is let go, as a slow one does; it then does it in order. */
function createSlowStore(records: Map<string, unknown>) {
  const held: (() => void)[] = []
  const slow = { isSlow: false }
  const turn = () => (slow.isSlow ? new Promise<void>(resolve => held.push(resolve)) : Promise.resolve())
  const read: Store['read'] = async key => {
    await turn()
    return records.get(key)
  }
  const update: Store['update'] = async (key, updater) => {
    await turn()
    records.set(key, updater(records.get(key)))
  }
  const letGo = () => {
    slow.isSlow = false
    for (const resolve of held.splice(0)) resolve()
  }
  return { faults: { read, update }, slow, letGo }
}

const fails = (name: string) => () => Promise.reject(new DOMException('secret inside', name))

describe('a store that works', () => {
  it('is used as it is', async () => {
    const { read, update, records, isDurable, log } = setUp({}, new Map([['n', 1]]))
    expect(await read('n')).toBe(1)
    await update('n', increment)
    expect(await read('n')).toBe(2)
    expect(records.get('n')).toBe(2)
    expect(isDurable()).toBe(true)
    expect(log).toEqual([])
  })
})

describe.each<[string, Partial<Store>]>([
  ['is not available (C7)', { read: fails('SecurityError'), update: fails('SecurityError') }],
  ['hangs, as a blocked one does (C9)', { read: never, update: never }],
])('a store that %s', (_, faults) => {
  it('leaves the worker with its memory, and says so without what it was to store', async () => {
    const { read, update, isDurable, log } = setUp(faults)
    await expect(read('n')).rejects.toThrow('storage cannot be read')
    await update('n', increment)
    await update('n', increment)
    expect(await read('n')).toBe(2)
    expect(isDurable()).toBe(false)
    expect(log.join()).toContain('kept in memory')
    expect(log.join()).not.toContain('secret')
  })
})

describe('a full disk (C8)', () => {
  it('keeps the new value in memory, on top of what was stored, and stores it once it can', async () => {
    const { read, update, records, faults, mend, isDurable } = setUp({}, new Map([['n', 41]]))
    faults.update = async (key, updater) => {
      updater(records.get(key))
      throw new DOMException('', 'QuotaExceededError')
    }
    await update('n', increment)
    expect(await read('n')).toBe(42)
    expect(records.get('n')).toBe(41)
    expect(isDurable()).toBe(false)

    mend()
    await update('n', increment)
    expect(records.get('n')).toBe(43)
    expect(isDurable()).toBe(true)
  })

  it('changes nothing where nothing was to be changed', async () => {
    const { read, update, faults, isDurable } = setUp({}, new Map([['n', 41]]))
    await read('n')
    faults.update = fails('QuotaExceededError')
    await update('n', stored => stored)
    expect(isDurable()).toBe(true)
  })
})

describe('a store that begins to hang', () => {
  it('goes on from what was last seen', async () => {
    const { read, update, faults } = setUp({}, new Map([['n', 41]]))
    await read('n')
    Object.assign(faults, { read: never, update: never })
    expect(await read('n')).toBe(41)
    await update('n', increment)
    expect(await read('n')).toBe(42)
  })

  it('is left alone for a while, so that not every request waits for it', async () => {
    let asked = 0
    const read = () => {
      asked++
      return never()
    }
    const { read: readThrough, clock, mend } = setUp({ read }, new Map([['n', 1]]))
    for (let n = 0; n < 5; n++) await expect(readThrough('n')).rejects.toThrow()
    expect(asked).toBe(1)
    mend()
    clock.time += 30_000
    expect(await readThrough('n')).toBe(1)
  })
})

describe('a store that answers again', () => {
  it('gets at once what was changed while it was slow, before anything reads it again (V1, V2, V3)', async () => {
    const records = new Map<string, unknown>([['n', 1]])
    const { faults, slow, letGo } = createSlowStore(records)
    const { read, update, isDurable, saved } = setUp(faults, records)
    await read('n')
    slow.isSlow = true
    await read('n')
    await update('n', increment)
    await update('n', increment)
    expect(isDurable()).toBe(false)
    expect(records.get('n')).toBe(1)

    letGo()
    await saved()
    expect(isDurable()).toBe(true)
    expect(records.get('n')).toBe(3)
    expect(await read('n')).toBe(3)
  })

  it('does not undo what is newer with a change that it took too late (V5)', async () => {
    const records = new Map<string, unknown>([['n', 'old']])
    const { faults, slow, letGo } = createSlowStore(records)
    const { read, update, saved } = setUp(faults, records)
    await read('n')
    slow.isSlow = true
    await update('n', () => 'first')
    await update('n', () => 'second')
    expect(await read('n')).toBe('second')

    letGo()
    await saved()
    expect(records.get('n')).toBe('second')
    expect(await read('n')).toBe('second')
  })

  it('gets changes as changes: what another worker has stored meanwhile is not overwritten unseen (V5)', async () => {
    const records = new Map<string, unknown>([['n', 1]])
    const { faults, slow, letGo } = createSlowStore(records)
    const { read, update, saved } = setUp(faults, records)
    await read('n')
    slow.isSlow = true
    await update('n', increment)
    records.set('n', 10)
    letGo()
    await saved()
    expect(records.get('n')).toBe(11)
    expect(await read('n')).toBe(11)
  })

  it('is told that somebody logs out whom this worker has never seen (V1)', async () => {
    const records = new Map<string, unknown>([['n', { user: 'Ada' }]])
    const { faults, slow, letGo } = createSlowStore(records)
    const { update, isDurable, saved } = setUp(faults, records)
    slow.isSlow = true
    await update('n', stored => (stored ? undefined : stored))
    expect(isDurable()).toBe(false)
    letGo()
    await saved()
    expect(records.get('n')).toBe(undefined)
  })

  it.each(['QuotaExceededError', 'UnknownError'])('after a %s too, without being asked (V4)', async name => {
    const { update, records, faults, mend, pass, isDurable } = setUp({}, new Map([['n', 1]]))
    faults.update = fails(name)
    await update('n', increment)
    expect(records.get('n')).toBe(1)
    pass(1_000)
    await new Promise(setImmediate)
    expect(isDurable()).toBe(false)
    mend()
    pass(2_000)
    await expect.poll(isDurable).toBe(true)
    expect(records.get('n')).toBe(2)
  })

  it('is asked less and less often, and the log says it once (V4)', async () => {
    let asked = 0
    const update = () => {
      asked++
      return Promise.reject(new DOMException('', 'QuotaExceededError'))
    }
    const { update: change, pass, log } = setUp({ update })
    await change('n', increment)
    for (let second = 0; second < 300; second++) {
      pass(1_000)
      await new Promise(setImmediate)
    }
    expect(asked).toBeLessThan(20)
    expect(log).toHaveLength(1)
  })

  it('is left to itself where it has lost an answer for good, and a new one is tried (V4)', async () => {
    const { read, update, records, faults, mend, pass, isDurable } = setUp({}, new Map([['n', 1]]))
    await read('n')
    faults.update = never
    await update('n', increment)
    mend()
    expect(isDurable()).toBe(false)
    pass(30_000)
    await expect.poll(isDurable).toBe(true)
    expect(records.get('n')).toBe(2)
  })

  it('takes the changes of one record in their order, each once, however many come at once', async () => {
    const { update, records } = setUp({}, new Map([['n', '']]))
    await Promise.all([...'abcdef'].map(letter => update('n', stored => `${stored}${letter}`)))
    expect(records.get('n')).toBe('abcdef')
  })

  it('is news: who has read the record before is to read it again', async () => {
    const records = new Map<string, unknown>([['n', 1]])
    const { faults, slow, letGo } = createSlowStore(records)
    const { read, watch } = setUp(faults, records)
    slow.isSlow = true
    await expect(read('n')).rejects.toThrow('storage cannot be read')
    const news = new Promise<void>(resolve => watch(resolve))
    letGo()
    await news
    expect(await read('n')).toBe(1)
  })
})
