import type { ErrorCode } from '../errors.ts'
import type { AuthState } from '../protocol.ts'

export const UNKNOWN: AuthState = Object.freeze({ status: 'unknown' })
export const unsupported = (code: ErrorCode): AuthState => Object.freeze({ status: 'unsupported', code })

/** The state as a page sees it, and whoever wants to hear of its changes. */
export class ObservedState {
  #state: AuthState
  readonly #target: EventTarget
  readonly #listeners = new Set<(state: AuthState) => void>()

  /** @param target where `authentication-change` is fired */
  constructor(initial: AuthState, target: EventTarget) {
    this.#state = initial
    this.#target = target
  }

  get(): AuthState {
    return this.#state
  }

  subscribe(listener: (state: AuthState) => void): () => void {
    // A wrapper of its own for each call, so that the same function can be subscribed twice.
    const entry = (state: AuthState) => listener(state)
    entry(this.#state)
    this.#listeners.add(entry)
    return () => {
      this.#listeners.delete(entry)
    }
  }

  /** Takes a state, which is frozen, and tells of it where it is another one. */
  set(state: AuthState) {
    const before = this.#state
    if (JSON.stringify(before) === JSON.stringify(state)) return
    this.#state = deepFreeze(state)
    for (const listener of [...this.#listeners]) if (this.#listeners.has(listener)) notify(listener, this.#state)
    const authenticated = state.status === 'authenticated'
    if (authenticated !== (before.status === 'authenticated'))
      this.#target.dispatchEvent(new CustomEvent('authentication-change', { detail: { authenticated } }))
  }
}

/** One listener that throws is no reason for the others not to hear. */
function notify(listener: (state: AuthState) => void, state: AuthState) {
  try {
    listener(state)
  } catch (error) {
    report(error)
  }
}

/** Test environments have no reportError: what it does, they do with an error that nobody catches. */
function report(error: unknown) {
  if (typeof reportError === 'function') reportError(error)
  else
    queueMicrotask(() => {
      throw error
    })
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(deepFreeze)
    Object.freeze(value)
  }
  return value
}
