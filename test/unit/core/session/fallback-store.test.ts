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
  const fallback = createFallbackStore({ durable, now: clock.now, log: (_, line) => log.push(line), limit: 20 })
  return { ...fallback, records, clock, log, faults, mend }
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
    const { update, faults, isDurable } = setUp({}, new Map([['n', 41]]))
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
