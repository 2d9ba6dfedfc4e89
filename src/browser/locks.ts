import type { Locks } from '../core/ports.ts'

/**
 * The real port of that name. A lock that was once not to be had is not waited for again until it has been: any page of
 * the origin can hold it for ever, and is to cost one delay, not one with every refresh.
 * @param manager asked for when one is needed, which few of the events are that a worker is started for
 */
export function createLocks(manager: () => Pick<LockManager, 'request'>): Locks {
  const denied = new Set<string>()

  /** Stands in the queue without doing anything, to hear when the lock is free again. */
  const listen = async (name: string) => {
    denied.add(name)
    await manager()
      .request(name, () => undefined)
      .catch(() => undefined)
    denied.delete(name)
  }

  return async (name, limit, task) => {
    let running: ReturnType<typeof task> | undefined
    const start = (isAlone: boolean) => {
      running ??= task(isAlone)
      return running
    }
    if (denied.has(name)) return start(false)
    // Not granted in time, or stolen while we held it: the task runs, or goes on, all the same.
    await manager()
      .request(name, { signal: AbortSignal.timeout(limit) }, () => start(true))
      .catch(() => undefined)
    if (!running) listen(name)
    return start(false)
  }
}
