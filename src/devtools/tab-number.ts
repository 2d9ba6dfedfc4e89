import { keep, kept } from './kept.ts'

/**
 * A number that no other tab has: a Web Lock, which the browser releases when the tab is gone, however it went. A reload
 * keeps it. Null: there are no locks here.
 * @param until settles when it is needed no more
 */
export async function takeNumber(until: Promise<unknown>): Promise<number | null> {
  if (!navigator.locks) return null
  const before = Number(kept('tab'))
  if (before > 0 && (await hold(before, until))) return before
  for (let number = 1; ; number++) {
    if (!(await hold(number, until))) continue
    keep('tab', String(number))
    return number
  }
}

function hold(number: number, until: Promise<unknown>): Promise<boolean> {
  return new Promise(resolve => {
    navigator.locks.request(`refresh-worker/devtools/tab-${number}`, { ifAvailable: true }, lock => {
      resolve(lock !== null)
      return lock && until
    })
  })
}
