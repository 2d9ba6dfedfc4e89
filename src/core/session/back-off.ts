import type { RefreshWorkerError } from '../../errors.ts'
import type { Clock, IsOnline, Random } from '../ports.ts'

/** How long (milliseconds) nothing is tried after a failure: doubled with each one, with jitter. */
const FIRST_PAUSE = 1_000
const LONGEST_PAUSE = 60_000
/** Where nothing was reached at all, nobody is spared by more: a user who comes out of a tunnel waits no longer. */
const LONGEST_NETWORK_PAUSE = 10_000
/** A server may ask for more by Retry-After, but not for more than this. */
const LONGEST_RETRY_AFTER = 300_000

/** Remembers what has failed lately, and keeps it from being tried again too soon. */
export interface BackOff {
  /** @param retryAfter milliseconds that the server has asked for */
  readonly failed: (key: string, error: RefreshWorkerError, retryAfter: number) => void
  /** The error of a failure that is too recent for another attempt; null: nothing speaks against one. */
  readonly obstacle: (key: string) => RefreshWorkerError | null
  /** The machine is back online: another attempt may be made at once, but for what the server has asked for. */
  readonly relent: () => void
}

interface Needs {
  readonly now: Clock
  readonly random: Random
  readonly isOnline: IsOnline
}

interface Pause {
  readonly key: string
  readonly until: number
  /** Until when it lasts at least. */
  readonly atLeast: number
  readonly failures: number
  readonly error: RefreshWorkerError
}

export function createBackOff({ now, random, isOnline }: Needs): BackOff {
  let pause: Pause | null = null
  return {
    failed: (key, error, retryAfter) => {
      // Without a network nobody is spared by waiting, and the first request after it is back should succeed.
      if (!isOnline()) return
      const failures = pause?.key === key ? pause.failures + 1 : 1
      const longest = error.code === 'refresh_network_error' ? LONGEST_NETWORK_PAUSE : LONGEST_PAUSE
      const length = Math.min(FIRST_PAUSE * 2 ** (failures - 1), longest) * (0.5 + random() / 2)
      const asked = Math.min(retryAfter, LONGEST_RETRY_AFTER)
      const until = now() + Math.max(length, asked)
      // Each tab says that it is online, and all of them are one reason.
      pause = { key, until, atLeast: Math.min(until, now() + Math.max(FIRST_PAUSE, asked)), failures, error }
    },
    obstacle: key => {
      if (pause?.key !== key) return null
      const left = pause.until - now()
      // More than there can be: the clock was set back.
      return left > 0 && left <= LONGEST_RETRY_AFTER ? pause.error : null
    },
    relent: () => {
      if (pause) pause = { ...pause, until: pause.atLeast, failures: 0 }
    },
  }
}
