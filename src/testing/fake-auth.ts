import { type ErrorCode, RefreshWorkerError } from '../errors.ts'
import type { AuthClient } from '../page/auth-client.ts'
import { AuthEventTarget } from '../page/auth-events.ts'
import type { InspectReport } from '../page/inspect-report.ts'
import { ObservedState, UNKNOWN, unsupported } from '../page/observed-state.ts'
import type { AnonymousReason, AuthenticatedState, AuthState, GivenTokens, UnsupportedState } from '../protocol.ts'

declare const __VERSION__: string

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** A state as a test writes it; what it leaves out is filled in. */
export type FakeState =
  | { readonly status: 'unknown' }
  /** `code`: `'unsupported'` unless given. */
  | UnsupportedState
  /** `reason`: `'none'` unless given. */
  | { readonly status: 'anonymous'; readonly reason?: AnonymousReason }
  /**
   * A login; where somebody is logged in already, a refresh, which keeps `sessionId` and `claims`. Unless given,
   * `generation` is one more than the last, `expiresAt` in an hour, `refreshAt` a minute before, `endsAt` null, and
   * `claims` empty.
   */
  | (Pick<AuthenticatedState, 'status'> & Partial<AuthenticatedState>)

/**
 * What a call may be told to answer with, by method. `updateToken`, `logout` and `recheck` set the state that they answer
 * with.
 */
export interface FakeAnswers {
  readonly updateToken: FakeState
  readonly logout: FakeState
  readonly recheck: FakeState
  readonly getAccessToken: string
  readonly adopt: boolean
  readonly inspect: InspectReport
}

export type FakeMethod = keyof FakeAnswers

type Answer<Method extends FakeMethod> = () => FakeAnswers[Method] | Promise<FakeAnswers[Method]>

/**
 * Makes a fake of what `register()` returns.
 * @param state to begin with; nobody is logged in unless given. `ready` is settled, unless it is `unknown`
 */
export function fakeAuth(state: FakeState = { status: 'anonymous' }): FakeAuth {
  return new FakeAuth(state)
}

/**
 * An {@link AuthClient} whose state a test sets. Unless told otherwise it behaves as with a server that is well:
 * `updateToken()` refreshes, or rejects with `not_authenticated`; `logout()` ends the session; `recheck()` finds it as it
 * is; `adopt()` begins one; `getAccessToken()` rejects with `access_token_not_exposed`. Before the state is known, calls
 * wait; where it is `unsupported` they reject.
 */
export class FakeAuth extends AuthEventTarget implements AuthClient {
  readonly ready: Promise<void>
  /** The methods that have been called, oldest first, on this fake and not on those of its `session()`. */
  readonly calls: FakeMethod[] = []
  readonly #observed = new ObservedState(UNKNOWN, this)
  readonly #sessions: Map<string, FakeAuth>
  readonly #answers: { [Method in FakeMethod]: Answer<Method> }
  #refresh: Promise<AuthState> | null = null
  #settle: { resolve: () => void; reject: (reason: RefreshWorkerError) => void } | null = null
  #logins = 0
  #generation = 0

  constructor(state: FakeState, sessions = new Map<string, FakeAuth>()) {
    super()
    this.#sessions = sessions
    this.ready = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    this.ready.catch(() => undefined)
    this.#answers = {
      updateToken: () => {
        if (this.getSnapshot().status !== 'authenticated') throw errorOf('not_authenticated')
        return { status: 'authenticated' }
      },
      logout: () => ({ status: 'anonymous', reason: 'logout' }),
      recheck: () => this.getSnapshot() as FakeState,
      getAccessToken: () => {
        throw errorOf('access_token_not_exposed')
      },
      adopt: () => {
        if (this.getSnapshot().status === 'authenticated') return false
        this.set({ status: 'authenticated' })
        return true
      },
      inspect: () => reportOf(this.getSnapshot()),
    }
    this.set(state)
  }

  readonly getSnapshot = (): AuthState => this.#observed.get()

  readonly getServerSnapshot = (): AuthState => UNKNOWN

  readonly subscribe = (listener: (state: AuthState) => void): (() => void) => this.#observed.subscribe(listener)

  async updateToken(): Promise<AuthState> {
    return this.#call('updateToken', answer => {
      // Calls at the same time share one refresh.
      this.#refresh ??= this.#settleWith(answer).finally(() => {
        this.#refresh = null
      })
      return this.#refresh
    })
  }

  async recheck(): Promise<AuthState> {
    return this.#call('recheck', answer => this.#settleWith(answer))
  }

  async logout(): Promise<AuthState> {
    return this.#call('logout', answer => this.#settleWith(answer))
  }

  async getAccessToken(): Promise<string> {
    return this.#call('getAccessToken', answer => answer())
  }

  /** Begins a session where nobody is logged in, whatever the tokens are. */
  async adopt(_tokens: GivenTokens): Promise<boolean> {
    return this.#call('adopt', answer => answer())
  }

  async inspect(): Promise<InspectReport> {
    return this.#call('inspect', answer => answer())
  }

  /** The fake of another session of the same worker: the same one for the same key, with nobody logged in. */
  session(storageKey: string): FakeAuth {
    const session = this.#sessions.get(storageKey) ?? new FakeAuth({ status: 'anonymous' }, this.#sessions)
    this.#sessions.set(storageKey, session)
    return session
  }

  /** Sets the state, and tells of it as the worker's client does: only where it is another one. */
  set(state: FakeState): void {
    this.#observed.set(this.#fill(state))
    if (state.status === 'unsupported') this.#settle?.reject(errorOf(state.code ?? 'unsupported'))
    else if (state.status !== 'unknown') this.#settle?.resolve()
    if (state.status !== 'unknown') this.#settle = null
  }

  /** Has a method answer so from now on: with a value, or with what a function returns, at once or later. */
  answer<Method extends FakeMethod>(method: Method, answer: FakeAnswers[Method] | Answer<Method>): void {
    Object.assign(this.#answers, { [method]: typeof answer === 'function' ? answer : () => answer })
  }

  /**
   * Has a method reject from now on, with a `RefreshWorkerError` of this code. `refresh_rejected` also ends the session,
   * as it does in a worker. `ready` can be told so once, while the state is `unknown`, which is `unsupported` then, and all methods
   * reject, too.
   */
  fail(method: FakeMethod | 'ready', code: ErrorCode, message?: string): void {
    if (method === 'ready') {
      if (!this.#settle) throw new TypeError("ready has settled: begin with fakeAuth({ status: 'unknown' })")
      this.#settle.reject(errorOf(code, message))
      this.#settle = null
      this.#observed.set(unsupported(code))
    } else
      this.answer(method, () => {
        if (code === 'refresh_rejected') this.set({ status: 'anonymous', reason: 'rejected' })
        throw errorOf(code, message)
      })
  }

  async #call<Method extends FakeMethod, Result>(
    method: Method,
    settle: (answer: Answer<Method>) => Result | Promise<Result>,
  ): Promise<Result> {
    this.calls.push(method)
    await this.ready
    return settle(this.#answers[method])
  }

  async #settleWith(answer: Answer<'updateToken' | 'logout' | 'recheck'>): Promise<AuthState> {
    this.set(await answer())
    return this.getSnapshot()
  }

  #fill(state: FakeState): AuthState {
    if (state.status === 'anonymous') return { reason: 'none', ...state }
    if (state.status === 'unsupported') return unsupported(state.code ?? 'unsupported')
    if (state.status !== 'authenticated') return { ...state }
    const before = this.getSnapshot()
    const kept =
      before.status === 'authenticated'
        ? { sessionId: before.sessionId, claims: before.claims }
        : { sessionId: `session-${++this.#logins}`, claims: {} }
    const { expiresAt = Date.now() + HOUR } = state
    const refreshAt = expiresAt === null ? null : expiresAt - MINUTE
    const filled = { ...kept, generation: this.#generation + 1, refreshAt, endsAt: null, ...state, expiresAt }
    this.#generation = filled.generation
    // A copy, as what comes by a message is: the test's own object is not to be frozen.
    return { ...filled, claims: JSON.parse(JSON.stringify(filled.claims)) }
  }
}

function errorOf(code: ErrorCode, message = `${code}, says the fake`): RefreshWorkerError {
  return new RefreshWorkerError(code, message)
}

function reportOf(state: AuthState): InspectReport {
  return {
    page: { version: __VERSION__, controller: 'http://localhost/sw.js' },
    worker: {
      version: __VERSION__,
      host: 'worker',
      scope: 'http://localhost/',
      storageKey: 'refresh-worker',
      storageKeys: ['refresh-worker'],
      storage: 'indexeddb',
      state,
      lastRefresh: null,
      refreshes: [],
      hookFailures: [],
      openRequests: 0,
      issuer: null,
      endSessionUrl: null,
    },
  }
}
