import { RefreshWorkerError } from '../../errors.ts'
import type { HookFailure } from '../../state.ts'
import { HOOKS } from '../features.ts'
import { limited } from '../http/limit.ts'
import type { HookOptions } from '../options/config.ts'
import type { Clock, Log } from '../ports.ts'

/** How long a hook may take (milliseconds). */
const LIMIT = 5_000

/** The hooks, and what asks them. */
export interface Hooks extends HookOptions {
  /**
   * Calls a hook, and waits for it no longer than `limit` milliseconds.
   * @param isFine whether the hook may return that
   * @throws {RefreshWorkerError} code `hook_failed`, where it throws, hangs, or returns what it may not; noted then, and
   * warned of once
   */
  readonly ask: <T>(name: keyof HookOptions, hook: () => unknown, isFine: IsFine<T>, limit?: number) => Promise<T>
  /** Notes what is wrong with what a hook has returned, and warns of it once. */
  readonly report: (name: keyof HookOptions, problem: string) => RefreshWorkerError
  /** The same of other code in an option. */
  readonly note: NoteFailure
  readonly failures: () => readonly HookFailure[]
}

/** Notes what is wrong with code of the application in an option, and warns of it once. */
export type NoteFailure = (option: string, problem: string) => void

type IsFine<T> = (value: unknown) => value is T

interface Needs {
  readonly config: HookOptions
  readonly now: Clock
  readonly log: Log
}

export function createHooks({ config, now, log }: Needs): Hooks {
  const { isRefreshRejected, isUnauthorized, logoutRequest, readTokens, refreshRequest } = config
  const hooks = { isRefreshRejected, isUnauthorized, logoutRequest, readTokens, refreshRequest }
  const failures = new Map<string, HookFailure>()

  const note = (hook: string, problem: string, message = problem) => {
    const count = (failures.get(message)?.count ?? 0) + 1
    failures.set(message, { hook, problem, at: now(), count })
    if (count === 1) log('warn', message)
  }
  const report = (hook: string, problem: string): RefreshWorkerError => {
    const message = `the hook ${hook} ${problem}`
    note(hook, problem, message)
    return new RefreshWorkerError('hook_failed', `${message}: mend it in the worker's script`)
  }

  const common = { ...hooks, report, note, failures: () => [...failures.values()] }
  if (!HOOKS) return { ...common, ask: unasked }
  return {
    ...common,
    ask: async (name, hook, isFine, limit = LIMIT) => {
      let value: unknown
      let signal: AbortSignal | undefined
      try {
        value = hook()
        if (value instanceof Promise) {
          signal = AbortSignal.timeout(limit)
          value = await limited(signal, value)
        }
      } catch (error) {
        const isLate = signal?.aborted && error === signal.reason
        // Its message may quote what the hook was given.
        const kind = error instanceof Error ? error.name : typeof error
        throw report(name, isLate ? `did not settle in ${limit / 1000} s` : `has thrown (${kind})`)
      }
      if (isFine(value)) return value
      throw report(name, `returned what it may not (${value === null ? 'null' : typeof value})`)
    },
  }
}

/** There are none: `setup()` refuses options that have one. */
const unasked: Hooks['ask'] = () => Promise.reject()

export function isBoolean(value: unknown): value is boolean {
  return typeof value === 'boolean'
}
