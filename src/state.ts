/** What a page may know of its session and of the worker: nothing here is secret. */
import type { ErrorCode } from './errors.ts'

/**
 * Why nobody is logged in: `none` (nobody was), `logout`, `expired` (there was no refresh token), `rejected` (the token
 * endpoint or the API refused the tokens), `lost` (a refresh was cut off and could not be repeated, or the tokens were in
 * the memory of a worker that was stopped), `idle` (not used for `maxIdle`), `max_age` (the login is `maxAge` old),
 * `unavailable` (for `unavailableLimit` the token endpoint gave neither tokens nor a refusal), `replaced` (not in use).
 */
export type AnonymousReason = (typeof ANONYMOUS_REASONS)[number]

/** Every {@link AnonymousReason}. */
export const ANONYMOUS_REASONS = [
  'none',
  'logout',
  'expired',
  'rejected',
  'lost',
  'idle',
  'max_age',
  'replaced',
  'unavailable',
] as const

/** A session, as pages see it. Never a token. */
export interface AuthenticatedState {
  readonly status: 'authenticated'
  /** Random, one for each login. */
  readonly sessionId: string
  /** Grows with every login and refresh, so it distinguishes one access token from the next. */
  readonly generation: number
  /** When the access token expires, in milliseconds since the epoch; null if nothing says. */
  readonly expiresAt: number | null
  /**
   * When a page should ask for the state again, so that the session stays fresh and ends on time. In milliseconds since the
   * epoch; null: never.
   */
  readonly refreshAt: number | null
  /**
   * When `maxIdle` or `maxAge` ends the session, in milliseconds since the epoch; null if neither is set. With `maxIdle`
   * every use moves it, and a page hears of that only when it asks.
   */
  readonly endsAt: number | null
  /**
   * Only while refreshes fail and nothing has refused them: since when, in milliseconds since the epoch. The session goes
   * on, and a page may show that it is reconnecting.
   */
  readonly failingSince?: number
  /** The token claims that the `claims` option names. */
  readonly claims: Readonly<Record<string, unknown>>
  /** The browser has not stored this state, see {@link AnonymousState}. */
  readonly isDurable?: false
}

/**
 * No worker serves this page: there is none here, it could not be registered, or it has since gone or been replaced.
 * `code` says why; it is that of the error with which `ready` rejects.
 */
export interface UnsupportedState {
  readonly status: 'unsupported'
  readonly code?: ErrorCode
}

export interface AnonymousState {
  readonly status: 'anonymous'
  readonly reason: AnonymousReason
  /** With `whenEnded: 'hold'`: how many requests wait for the same user to log in again; absent if none does. */
  readonly waiting?: number
  /**
   * With a session in cookies: the worker could not tell the server of the logout, and the cookies may still be there. The
   * worker then sends requests to the API without cookies. Call `logout()` again.
   */
  readonly isCookieLeft?: true
  /** The browser has not stored this state: with the next worker, the one before may be back. The worker keeps trying. */
  readonly isDurable?: false
}

/** The login state: `unknown` until the worker has answered, `unsupported` if no worker can answer. */
export type AuthState = { readonly status: 'unknown' } | UnsupportedState | AnonymousState | AuthenticatedState

/** What changed the state. */
export type StateReason = 'login' | 'refresh' | 'refresh_failed' | AnonymousReason

/** How a refresh ended. */
export interface RefreshReport {
  /** Milliseconds since the epoch. */
  readonly at: number
  /** How long it took, in milliseconds. */
  readonly duration: number
  readonly outcome: 'refreshed' | ErrorCode
}

/** A hook that threw, hung, or returned an invalid value. The worker used the default answer instead. */
export interface HookFailure {
  /** The name of the option: a hook, or one that has a predicate. */
  readonly hook: string
  /** What was wrong, such as `has thrown (TypeError)`; never what the hook was given or has returned. */
  readonly problem: string
  /** When it last happened, in milliseconds since the epoch. */
  readonly at: number
  readonly count: number
}

/** What the worker reports about itself. Never a token. */
export interface WorkerReport {
  readonly version: string
  /** Who keeps the session for this page: a service worker, or, with `withoutWorker`, the page itself. */
  readonly host: 'worker' | 'page'
  readonly scope: string
  /** True: this is a development build. Devtools sees what it does, and can give it commands. */
  readonly isDevelopment?: true
  /** The key of the session that this report is about. */
  readonly storageKey: string
  /** The sessions of this worker, the default one first. */
  readonly storageKeys: readonly string[]
  /** `memory` if you configured it, or if IndexedDB has failed: then the tokens go with the worker. */
  readonly storage: 'indexeddb' | 'memory'
  readonly state: AuthState
  /** The last refresh since this worker started; null: none. */
  readonly lastRefresh: RefreshReport | null
  /** The last 20 refreshes since this worker started, the newest last. */
  readonly refreshes: readonly RefreshReport[]
  /** Failures of hooks since this worker started: each failure once, with its last time. */
  readonly hookFailures: readonly HookFailure[]
  /** How many requests of this session the worker has not answered yet, including those that wait for a refresh. */
  readonly openRequests: number
  /** As configured. */
  readonly issuer: string | null
  /**
   * Where a page goes to end the session at the issuer too (OpenID Connect RP-Initiated Logout); null: not known, or there
   * is none.
   */
  readonly endSessionUrl: string | null
}
