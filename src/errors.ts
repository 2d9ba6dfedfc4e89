/**
 * What can go wrong, by a code that stays the same between versions. Compare codes, not messages or classes: a class
 * does not survive `postMessage`.
 */
export type ErrorCode =
  /** An option of `setup()`, or of the server's middleware, is unknown or wrong. */
  | 'config_error'
  /** There is no service worker here: an old browser, a private mode that forbids it, or code that runs on a server. */
  | 'unsupported'
  /** Service workers need https:// or localhost. */
  | 'insecure_context'
  /** The worker script could not be fetched, has the wrong MIME type, or threw while it was evaluated. */
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
  /** A login or token response held no access token. */
  | 'token_not_found'
  /** A token was there, but cannot be put in a header: wrong type, a forbidden character, or too long. */
  | 'token_malformed'
  /** The token endpoint rejected the refresh token; the session has ended. */
  | 'refresh_rejected'
  /** The token endpoint could not be reached; the session is kept. */
  | 'refresh_network_error'
  /** The token endpoint is failing, or its answer made no sense; the session is kept. */
  | 'refresh_unavailable'
  /** No configuration of the worker has the `storageKey` that was asked for. */
  | 'unknown_session'
  /** Another login took the place of the session that a request was made under. */
  | 'session_replaced'
  /** A hook of the configuration threw, did not settle in time, or returned what it may not; the message names it. */
  | 'hook_failed'
  /** A request carries a placeholder where none is replaced by its token; it was not sent. */
  | 'placeholder_misplaced'
  /** `exposeAccessToken` is off. */
  | 'access_token_not_exposed'
  /** The worker's script could not be built: a package is missing, or the configuration's module cannot be run. */
  | 'build_failed'
  /** Nothing above: a defect, please report it. */
  | 'internal_error'

/** The one error class of this package: a stable {@link ErrorCode}, a message that says what to do, and the cause. */
export class RefreshWorkerError extends Error {
  override readonly name: string = 'RefreshWorkerError'
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
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
