/** N24: whatever happens, in whatever order, on one machine with two workers. */
import { describe, it } from 'vitest'
import { createCheck, itIsTheSame, timeout } from './check.ts'
import { run } from './run.ts'
import { but, stepsOf, usual } from './steps.ts'

const check = createCheck(run)

// A worker that has not heard yet of what another one has acknowledged may act on what it knows: between two workers,
// news takes as long as a BroadcastChannel does.
describe('N24: the invariants hold', { timeout }, () => {
  it('in many short sequences', () => check(10_000, usual, stepsOf(8)))

  it('in some long ones', () => check(2_000, usual, stepsOf(40)))

  it('without a lock, but for one refresh at a time', () => check(2_000, but({ locks: 'stolen' }), stepsOf(10)))

  it('with a server that answers a repetition alike: no refresh is lost, and none taken for a theft (G17)', () =>
    check(3_000, but({ repeats: true }), stepsOf(12)))

  it('and without a lock', () => check(2_000, but({ repeats: true, locks: 'stolen' }), stepsOf(12)))

  it('with sessions that have no refresh token', () =>
    check(1_000, but({ start: 'expired for good' }), stepsOf(8, ['ann', 'guest'])))
})

describe('a run', () => itIsTheSame(run, usual, stepsOf(40)))
