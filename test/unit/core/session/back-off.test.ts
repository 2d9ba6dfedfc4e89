import { describe, expect, it } from 'vitest'
import { createBackOff } from '../../../../src/core/session/back-off.ts'
import { RefreshWorkerError } from '../../../../src/errors.ts'
import { createClock } from '../../kit.ts'

const error = new RefreshWorkerError('refresh_unavailable', 'down')
const unreached = new RefreshWorkerError('refresh_network_error', 'no way there')

function setUp({ random = 0, isOnline = true } = {}) {
  const clock = createClock()
  const backOff = createBackOff({ now: clock.now, random: () => random, isOnline: () => isOnline })
  /** How long the pause is after another failure, by asking. */
  const pauseAfter = (key: string, retryAfter = 0) => {
    const start = clock.time
    backOff.failed(key, error, retryAfter)
    while (backOff.obstacle(key)) clock.time += 250
    return clock.time - start
  }
  return { clock, backOff, pauseAfter }
}

describe('back-off (R18)', () => {
  it('doubles with each failure, up to a minute', () => {
    const { pauseAfter } = setUp({ random: 1 })
    const pauses = Array.from({ length: 9 }, () => pauseAfter('a'))
    expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000])
  })

  it('is between half and the whole of that, by chance', () => {
    expect(setUp({ random: 0 }).pauseAfter('a')).toBe(500)
    expect(setUp({ random: 0.5 }).pauseAfter('a')).toBe(750)
  })

  it('is as long as the server asks, up to five minutes (B4)', () => {
    const { pauseAfter } = setUp()
    expect(pauseAfter('a', 20_000)).toBe(20_000)
    expect(pauseAfter('a', 1e12)).toBe(300_000)
  })

  it('begins anew for other tokens, and holds nobody else up', () => {
    const { backOff, pauseAfter } = setUp()
    pauseAfter('a')
    pauseAfter('a')
    backOff.failed('a', error, 0)
    expect(backOff.obstacle('b')).toBeNull()
    expect(backOff.obstacle('a')).toBe(error)
    expect(pauseAfter('b')).toBe(500)
  })

  it('is none without a network: the first request after it is back should succeed (C20)', () => {
    expect(setUp({ isOnline: false }).pauseAfter('a')).toBe(0)
  })

  it('is ten seconds at most where nothing was reached: coming out of a tunnel takes no minute (C20)', () => {
    const clock = createClock()
    const backOff = createBackOff({ now: clock.now, random: () => 1, isOnline: () => true })
    for (let n = 0; n < 9; n++) backOff.failed('a', unreached, 0)
    clock.time += 9_999
    expect(backOff.obstacle('a')).toBe(unreached)
    clock.time++
    expect(backOff.obstacle('a')).toBeNull()
  })

  it('is a second at most once the machine is back online, and begins anew (C20)', () => {
    const { clock, backOff, pauseAfter } = setUp({ random: 1 })
    for (let n = 0; n < 9; n++) backOff.failed('a', error, 0)
    clock.time += 999
    backOff.relent()
    expect(backOff.obstacle('a')).toBe(error)
    clock.time++
    expect(backOff.obstacle('a')).toBeNull()
    expect(pauseAfter('a')).toBe(1000)
  })

  it('is made no longer by that, nor by a page that says so again and again', () => {
    const { clock, backOff } = setUp()
    backOff.relent()
    backOff.failed('a', error, 0)
    for (let n = 0; n < 9; n++) backOff.relent()
    expect(backOff.obstacle('a')).toBe(error)
    clock.time += 500
    expect(backOff.obstacle('a')).toBeNull()
  })

  it('is what the server has asked for, online or not (B4)', () => {
    const { clock, backOff } = setUp()
    backOff.failed('a', error, 20_000)
    backOff.relent()
    clock.time += 19_999
    expect(backOff.obstacle('a')).toBe(error)
  })

  it('ends when the clock is set back (C14)', () => {
    const { clock, backOff } = setUp()
    backOff.failed('a', error, 0)
    clock.time -= 3_600_000
    expect(backOff.obstacle('a')).toBeNull()
  })
})
