/** What holds in every run, and how to see again the one where it does not. */
import { AsyncLocalStorage, createHook } from 'node:async_hooks'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createScheduler, type Scheduler } from './scheduler.ts'
import { order } from './steps.ts'

/** The same runs every time, so that what turns red has been changed; others with FC_SEED, and more with FC_TIMES. */
const { FC_SEED = 1, FC_PATH = '', FC_TIMES = 1 } = process.env

/** For what `check` does in a test (milliseconds). */
export const timeout = 120_000 * Number(FC_TIMES)

/** @param lastOrder the order of all that is still under way after the last step */
type Run<C, S> = (scheduler: Scheduler, circumstances: C, steps: readonly S[], lastOrder: number) => Promise<void>

export function createCheck<C, S>(run: Run<C, S>) {
  /** Says what broke, how to see it again, and what led to it: each command, and what has happened after it. */
  const report = async ({
    counterexample,
    errorInstance,
    seed,
    counterexamplePath,
  }: fc.RunDetails<[C, S[], number]>) => {
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
  return (numRuns: number, circumstances: fc.Arbitrary<C>, steps: fc.Arbitrary<S[]>) =>
    fc.assert(
      fc.asyncProperty(circumstances, steps, order, (...args) => run(createScheduler(), ...args)),
      {
        numRuns: numRuns * Number(FC_TIMES),
        seed: Number(FC_SEED),
        path: FC_PATH,
        endOnFailure: FC_PATH !== '',
        asyncReporter: report,
      },
    )
}

/** That a run can be seen again. */
export function itIsTheSame<C, S>(run: Run<C, S>, circumstances: fc.Arbitrary<C>, steps: fc.Arbitrary<S[]>) {
  const runs = fc.sample(fc.tuple(circumstances, steps, order), { numRuns: 200, seed: Number(FC_SEED) })

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
    // Node reads a blob that is in memory at once.
    kinds.delete('BLOBREADER')
    expect([...kinds].sort()).toEqual(['Immediate', 'Microtask', 'PROMISE'])
  })
}
