/** What was found broken, and what is still to settle. */
import type { Life } from './machine.ts'

export function createNotes() {
  const broken: string[] = []
  const pending = new Map<Promise<unknown>, { life: Life; label: string }>()
  return {
    check: (holds: boolean, what: string) => {
      if (!holds) broken.push(what)
    },
    /** Throws where anything is broken. */
    assert: () => {
      if (broken.length > 0) throw new Error(broken.join('\n'))
    },
    awaits: <T>(life: Life, label: string, promise: Promise<T>): Promise<T | undefined> => {
      pending.set(promise, { life, label })
      const done = () => pending.delete(promise)
      promise.then(done, done)
      return promise.catch(() => undefined)
    },
    unsettled: () => [...pending.values()].filter(({ life }) => life.isAlive).map(({ label }) => label),
  }
}
