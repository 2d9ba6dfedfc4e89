/**
 * Settles with whether a worker that is being installed has become active, or has failed to, in time.
 * @param limit milliseconds
 */
export function settled(worker: ServiceWorker, limit: number): Promise<boolean> {
  return within(limit, done => {
    const check = () => /^(activated|redundant)$/.test(worker.state) && done()
    worker.addEventListener('statechange', check)
    check()
  })
}

/**
 * Settles with whether `start` has called `done` in time.
 * @param limit milliseconds
 */
export function within(limit: number, start: (done: () => void) => void): Promise<boolean> {
  return new Promise(resolve => {
    const timer = setTimeout(() => resolve(false), limit)
    start(() => {
      clearTimeout(timer)
      resolve(true)
    })
  })
}
