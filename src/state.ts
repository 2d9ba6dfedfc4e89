/** What a page may know of its session and of the worker: nothing here is secret. */
import type { ErrorCode } from './errors.ts'

/**
 * Why nobody is logged in: `none` (nobody was), `logout`, `expired` (and could not be refreshed), `rejected` (the token
 * endpoint or the API refused the tokens), `lost` (a refresh was cut off and could not be made good, or the tokens were
 * in the memory of a worker that was stopped), `idle` (it was not used for `maxIdle`), `max_age` (the login is `maxAge`
 * old), `replaced`, `unavailable` (the token endpoint gave neither tokens nor a verdict for `unavailableLimit`).
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

/** A session, as pages may see it: never a token. */
export interface AuthenticatedState {
  readonly status: 'authenticated'
  /** Random, one for each login. */
  readonly sessionId: string
  /** Grows with every login and refresh: it tells one access token from the next. */
  readonly generation: number
  /** When the access token expires, in milliseconds since the epoch; null where nothing tells. */
  readonly expiresAt: number | null
  /**
   * When a page should ask for the state again, so that the session is kept fresh, and ends in time; null: never.
   * Milliseconds since the epoch.
   */
  readonly refreshAt: number | null
  /**
   * When `maxIdle` or `maxAge` ends the session, in milliseconds since the epoch; null where neither is set. It is put
   * off by every use, and a page hears of that only when it asks.
   */
  readonly endsAt: number | null
  /**
   * Only while refreshes fail and nothing has refused them: since when, in milliseconds since the epoch. The session goes
   * on; a page may show that it is reconnecting.
   */
  readonly failingSince?: number
  /** The token claims that the `claims` option names. */
  readonly claims: Readonly<Record<string, unknown>>
  /** The browser's storage has not taken it, see {@link AnonymousState}. */
  readonly isDurable?: false
}

/**
 * No worker serves this page: there is none here, it could not be registered, or it has gone or been replaced since.
 * `code` says why, as the error that `ready` rejects with.
 */
export interface UnsupportedState {
  readonly status: 'unsupported'
  readonly code?: ErrorCode
}

export interface AnonymousState {
  readonly status: 'anonymous'
  readonly reason: AnonymousReason
  /** How many requests wait for the same user to log in again, with `whenEnded: 'hold'`; absent where none does. */
  readonly waiting?: number
  /**
   * With a session in cookies: the server could not be told of the logout, and its cookies may still be there. The worker
   * sends requests to the API without cookies then; call `logout()` again.
   */
  readonly isCookieLeft?: true
  /** The browser's storage has not taken it: with the next worker, what was before may be back. The worker tries on. */
  readonly isDurable?: false
}

/** The login state. `unknown` until the worker has answered, `unsupported` where there is none to answer. */
export type AuthState = { readonly status: 'unknown' } | UnsupportedState | AnonymousState | AuthenticatedState

/** What changed the state. */
export type StateReason = 'login' | 'refresh' | 'refresh_failed' | AnonymousReason

/** What became of a refresh. */
export interface RefreshReport {
  /** Milliseconds since the epoch. */
  readonly at: number
  /** How long it took, in milliseconds. */
  readonly duration: number
  readonly outcome: 'refreshed' | ErrorCode
}

/** What has become of a hook that threw, hung, or returned what it may not; what it was asked then had the default answer. */
export interface HookFailure {
  /** The option. */
  readonly hook: string
  /** What was wrong, such as `has thrown (TypeError)`; never what it was given or has returned. */
  readonly problem: string
  /** When it was so last, in milliseconds since the epoch. */
  readonly at: number
  readonly count: number
}

/** What the worker tells of itself; never a token. */
export interface WorkerReport {
  readonly version: string
  /** Who keeps the session for this page: a service worker, or, with `withoutWorker`, the page itself. */
  readonly host: 'worker' | 'page'
  readonly scope: string
  /** Of the session that was asked for. */
  readonly storageKey: string
  /** The sessions of this worker, the default one first. */
  readonly storageKeys: readonly string[]
  /** `memory` where it is configured, or where IndexedDB has failed: then the tokens are gone with the worker. */
  readonly storage: 'indexeddb' | 'memory'
  readonly state: AuthState
  /** The last refresh since this worker was started; null: none. */
  readonly lastRefresh: RefreshReport | null
  /** The last 20 since this worker was started, the newest last. */
  readonly refreshes: readonly RefreshReport[]
  /** Where hooks of the configuration have failed since this worker was started: each failure once, with its last time. */
  readonly hookFailures: readonly HookFailure[]
  /** How many requests of this session the worker has not answered yet, those that wait for a refresh among them. */
  readonly openRequests: number
  /** As configured. */
  readonly issuer: string | null
  /**
   * Where the issuer has pages go that end the session there too (OpenID Connect RP-Initiated Logout); null: not known, or
   * there is none.
   */
  readonly endSessionUrl: string | null
}
