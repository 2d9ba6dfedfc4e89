/** The browser's service workers; undefined where a page has none, or may not ask (a sandboxed frame). */
export function serviceWorkers(): ServiceWorkerContainer | undefined {
  try {
    return navigator.serviceWorker
  } catch {
    return undefined
  }
}

/** The script of the worker that controls this page. */
export function controllerUrl(): string | undefined {
  return serviceWorkers()?.controller?.scriptURL
}

/**
 * Settles with whether a worker that is being installed has become active, or has failed to, in time.
 * @param limit milliseconds
 */
export function settled(worker: ServiceWorker, limit: number): Promise<boolean> {
  return within(limit, (done, signal) => {
    const check = () => /^(activated|redundant)$/.test(worker.state) && done()
    worker.addEventListener('statechange', check, { signal })
    check()
  })
}

/**
 * Settles with whether `start` has called `done` in time; `signal` is aborted then, and removes its listeners.
 * @param limit milliseconds
 */
export function within(limit: number, start: (done: () => void, signal: AbortSignal) => void): Promise<boolean> {
  const over = new AbortController()
  return new Promise<boolean>(resolve => {
    const timer = setTimeout(() => resolve(false), limit)
    over.signal.addEventListener('abort', () => clearTimeout(timer))
    start(() => resolve(true), over.signal)
  }).finally(() => over.abort())
}
