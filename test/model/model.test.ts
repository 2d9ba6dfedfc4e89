/** N24: whatever happens, in whatever order, on one machine with two workers. */
import { AsyncLocalStorage, createHook } from 'node:async_hooks'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { run } from './run.ts'
import { createScheduler } from './scheduler.ts'
import { but, order, type Step, stepsOf, usual } from './steps.ts'
import type { Circumstances } from './world.ts'

/** The same runs every time, so that what turns red has been changed; others with FC_SEED, and more with FC_TIMES. */
const { FC_SEED = 1, FC_PATH = '', FC_TIMES = 1 } = process.env

type Run = [circumstances: Circumstances, steps: Step[], lastOrder: number]

async function check(numRuns: number, circumstances: fc.Arbitrary<Circumstances>, steps: fc.Arbitrary<Step[]>) {
  const property = fc.asyncProperty(circumstances, steps, order, (...args) => run(createScheduler(), ...args))
  await fc.assert<Run>(property, {
    numRuns: numRuns * Number(FC_TIMES),
    seed: Number(FC_SEED),
    path: FC_PATH,
    endOnFailure: FC_PATH !== '',
    asyncReporter: report,
  })
}

/** Says what broke, how to see it again, and what led to it: each command, and what has happened after it. */
async function report({ counterexample, errorInstance, seed, counterexamplePath }: fc.RunDetails<Run>) {
  if (!counterexample) return
  const scheduler = createScheduler()
  await run(scheduler, ...counterexample).catch(() => undefined)
  const name = expect.getState().currentTestName?.split(' > ').at(-1)
  const lines = [
    errorInstance instanceof Error ? errorInstance.message : String(errorInstance),
    `again: FC_SEED=${seed} FC_PATH=${counterexamplePath} npm run test:model -- -t '${name}'`,
    JSON.stringify(counterexample[0]),
    ...scheduler.trace,
  ]
  throw new Error(lines.join('\n'), { cause: errorInstance })
}

// A worker that has not heard yet of what another one has acknowledged may act on what it knows: between two workers,
// news takes as long as a BroadcastChannel does.
describe('N24: the invariants hold', { timeout: 120_000 * Number(FC_TIMES) }, () => {
  it('in many short sequences', () => check(10_000, usual, stepsOf(8)))

  it('in some long ones', () => check(2_000, usual, stepsOf(40)))

  it('without a lock, but for one refresh at a time', () => check(2_000, but({ locks: 'stolen' }), stepsOf(10)))

  it('with a server that answers a repetition alike: no refresh is lost, and none taken for a theft (G17)', () =>
    check(3_000, but({ repeats: true }), stepsOf(12)))

  it('and without a lock', () => check(2_000, but({ repeats: true, locks: 'stolen' }), stepsOf(12)))

  it('with sessions that have no refresh token', () =>
    check(1_000, but({ start: 'expired for good' }), stepsOf(8, ['ann', 'guest'])))
})

describe('a run', () => {
  const runs = fc.sample(fc.tuple(usual, stepsOf(40), order), { numRuns: 200, seed: Number(FC_SEED) })

  it('is the same every time', async () => {
    for (const [circumstances, steps, lastOrder] of runs) {
      const [one, two] = [createScheduler(), createScheduler()]
      await run(one, circumstances, steps, lastOrder)
      await run(two, circumstances, steps, lastOrder)
      expect(two.trace).toEqual(one.trace)
    }
  })

  it('waits for nothing but the scheduler: no timer, no thread, no file, no socket', async () => {
    const inside = new AsyncLocalStorage<true>()
    const kinds = new Set<string>()
    const hook = createHook({ init: (_, kind) => void (inside.getStore() && kinds.add(kind)) }).enable()
    for (const args of runs) await inside.run(true, () => run(createScheduler(), ...args).catch(() => undefined))
    hook.disable()
    expect([...kinds].sort()).toEqual(['Immediate', 'Microtask', 'PROMISE'])
  })
})
