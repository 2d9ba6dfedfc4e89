/**
 * What can go wrong. A code stays the same between versions. Compare codes, not messages or classes: a class does not
 * survive `postMessage`.
 */
export type ErrorCode =
  /** An option of `setup()`, or of the server's middleware, is unknown or wrong. */
  | 'config_error'
  /** There is no service worker here: an old browser, a private mode that forbids it, or code that runs on a server. */
  | 'unsupported'
  /** Service workers need https:// or localhost. */
  | 'insecure_context'
  /** The browser could not fetch the worker script, it has the wrong MIME type, or it threw while it was evaluated. */
  | 'script_error'
  /** The registered scope does not cover this page. */
  | 'wrong_scope'
  /** Another service worker controls this page. */
  | 'foreign_controller'
  /** The worker did not answer in time. */
  | 'worker_timeout'
  /** There is no session: nobody is logged in, or the login has ended. */
  | 'not_authenticated'
  /** The session has no refresh token, or `useRefreshToken` is off. */
  | 'no_refresh_token'
  /** A login or token response has no access token. */
  | 'token_not_found'
  /** The token cannot be put in a header: it has the wrong type or a forbidden character, or is too long. */
  | 'token_malformed'
  /** The token endpoint has refused the refresh token; the session has ended. */
  | 'refresh_rejected'
  /** The worker could not reach the token endpoint; it keeps the session. */
  | 'refresh_network_error'
  /** The token endpoint fails, or its answer makes no sense; the worker keeps the session. */
  | 'refresh_unavailable'
  /** No configuration of the worker has the `storageKey` that was asked for. */
  | 'unknown_session'
  /** Another login took the place of the session under which a request was made. */
  | 'session_replaced'
  /** A hook of the configuration threw, did not settle in time, or returned an invalid value; the message names it. */
  | 'hook_failed'
  /** A request carries a placeholder where the worker does not replace it; the worker did not send the request. */
  | 'placeholder_misplaced'
  /** `exposeAccessToken` is off. */
  | 'access_token_not_exposed'
  /** The build of the worker's script failed: a package is missing, or the configuration's module cannot run. */
  | 'build_failed'
  /** None of the above: a defect. Please report it. */
  | 'internal_error'

declare const __VERSION__: string

/** Where this version explains its codes. */
const EXPLAINED = `https://unpkg.com/refresh-worker@${__VERSION__}/docs/troubleshooting.md`

/**
 * The one error class of this package. It has a stable {@link ErrorCode}, a message that says what to do, and the cause. A
 * build for production by `refresh-worker/plugin` leaves the words out: then the message is the code and a link.
 */
export class RefreshWorkerError extends Error {
  override readonly name: string = 'RefreshWorkerError'
  readonly code: ErrorCode

  constructor(code: ErrorCode, message = `${code}: see ${EXPLAINED}#${code}`, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}

/** An option of `setup()`, or of the server's middleware, is unknown or wrong; `option` names it. */
export class ConfigError extends RefreshWorkerError {
  override readonly name: string = 'ConfigError'
  readonly option: string

  constructor(option: string, problem: string) {
    super('config_error', `refresh-worker: option ${option}: ${problem}`)
    this.option = option
  }
}
