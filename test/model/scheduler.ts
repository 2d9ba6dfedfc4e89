/** Decides what happens when, for all that is asynchronous outside of the core: one thing at a time, once it is told to. */
export type Scheduler = ReturnType<typeof createScheduler>

/** Picks one of `count` things that could happen next, the one that has waited longest being the first. */
export type Choice = (count: number) => number

export function createScheduler() {
  const waiting: { readonly label: string; readonly happen: () => void }[] = []
  const trace: string[] = []
  return {
    /** What has been done and has happened so far. */
    trace,
    count: () => waiting.length,
    /** Settles when it is this one's turn. */
    wait: (label: string) => new Promise<void>(resolve => waiting.push({ label, happen: resolve })),
    /** Lets one of those that wait happen, and all that follows from it without another. */
    next: async (choice: Choice) => {
      for (const { label, happen } of waiting.splice(choice(waiting.length), 1)) {
        trace.push(label)
        happen()
      }
      await settled()
    },
  }
}

/**
 * Everything that runs without outside help has run: the core and Node's bodies and signals take nothing but microtasks
 * and ticks (a test sees to that), and those all come before an immediate, however busy the machine is.
 */
export const settled = () => new Promise<void>(resolve => setImmediate(resolve))

/**
 * The choices that a number stands for, digit by digit; 0, and any number once it is used up, is first come, first served.
 * Not fast-check's scheduler, which goes on with its random choices from one attempt at shrinking to the next, so that
 * a path does not lead to the same run again.
 */
export function choicesOf(order: number): Choice {
  let rest = order
  return count => {
    const choice = rest % count
    rest = Math.floor(rest / count)
    return choice
  }
}

interface Onlooker {
  readonly refreshes: () => number
  readonly assert: () => void
}

/** Lets so many of the things that are under way happen, or all until a refresh is sent, and looks on after each. */
export function createGo(scheduler: Scheduler, watch: Onlooker) {
  return async (count: number | 'a refresh is sent', order: number) => {
    await settled()
    const choice = choicesOf(order)
    const sent = watch.refreshes()
    const isEnough = (n: number) => (typeof count === 'number' ? n >= count : n > 20 || watch.refreshes() > sent)
    for (let n = 0; scheduler.count() > 0 && !isEnough(n); n++) {
      await scheduler.next(choice)
      watch.assert()
    }
  }
}
