/** N24 for sessions in cookies: whatever happens, in whatever order, in one browser with two workers (G14). */
import { describe, it } from 'vitest'
import { createCheck, itIsTheSame, timeout } from './check.ts'
import { run } from './cookies/run.ts'
import { but, stepsOf, usual } from './cookies/steps.ts'

const check = createCheck(run)

describe('N24 for sessions in cookies: the invariants hold', { timeout }, () => {
  it('in many short sequences of them', () => check(1_500, usual, stepsOf(8, false)))

  it('in some long ones of them', () => check(200, usual, stepsOf(30, false)))

  it('where forms log in, and pages go to the logout', () => check(1_500, but({ canAsk: true }), stepsOf(10, true)))

  it('with the refresh token alone in a cookie', () =>
    check(1_000, but({ kind: 'refresh', canAsk: false }), stepsOf(10, false)))

  it('where the lock is stolen', () => check(500, but({ locks: 'stolen' }), stepsOf(10, false)))
})

describe('a run with cookies', () => itIsTheSame(run, usual, stepsOf(30, true)))
