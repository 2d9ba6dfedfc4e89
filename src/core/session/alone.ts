import type { Config, SessionName } from '../options/config.ts'
import type { Locks } from '../ports.ts'

/** How much longer than the refresh request itself (milliseconds) the lock of a refresh elsewhere is respected. */
const LOCK_MARGIN = 2_000

/** The lock's name, and how long a refresh may hold it. */
export type LockOptions = SessionName & Pick<Config, 'timeout'>

/** Runs `task` while no refresh runs, in whatever worker, unless one takes too long. */
export function alone<T>(locks: Locks, config: LockOptions, task: (isAlone: boolean) => Promise<T>): Promise<T> {
  return locks(`${config.storageKey}:refresh`, config.timeout + LOCK_MARGIN, task)
}
