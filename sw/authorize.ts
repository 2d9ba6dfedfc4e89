import { RefreshWorkerError } from '../src/errors.ts'
import { attach, hasOwnCredentials } from './attach.ts'
import { keepForReplay } from './body.ts'
import type { Config } from './config.ts'
import { asksForNonce, type Prover } from './dpop.ts'
import type { FreshSession } from './fresh-session.ts'
import type { Clock, Fetch, Log, WaitUntil } from './ports.ts'
import { isFromElsewhere } from './routes.ts'
import { createSend } from './send.ts'
import {
  type Authenticated,
  ended,
  ifUnchanged,
  isDue,
  isExpired,
  isRefreshable,
  isSame,
  isUnchanged,
  isUsable,
  type Usable,
} from './session.ts'
import type { SessionStore } from './session-store.ts'

/** How old (milliseconds) a token can be that was just refreshed, and how long a 401 for it is the API's last word. */
const FUTILE = 30_000

/** Answers an API request: authorized where somebody is logged in, sent again once after a 401 that a refresh can mend. */
export type Authorize = (request: Request, waitUntil: WaitUntil) => Promise<Response>

interface Needs {
  readonly config: Config
  readonly sessions: SessionStore
  readonly freshSession: FreshSession
  readonly fetch: Fetch
  readonly prover?: Prover | null
  readonly now: Clock
  readonly log: Log
}

export function createAuthorize(needs: Needs): Authorize {
  const { config, sessions, freshSession, fetch, prover = null, now, log } = needs
  const send = createSend({ config, fetch, prover })
  // The last token that was refused right after it was refreshed, by whichever worker: without this, an API that
  // answers 401 for reasons of its own would cause a refresh with every request.
  let futile: { readonly session: Authenticated; readonly until: number } | null = null

  /** The session to send with, refreshed first where its token has expired, or is gone. */
  const usable = async (session: Authenticated, waitUntil: WaitUntil): Promise<Usable> => {
    if (!isUsable(session)) return freshSession.refresh(session)
    if (!config.autoUpdateToken || !isRefreshable(session, config)) return session
    if (isExpired(session, now())) return freshSession.refresh(session)
    // Its failure is nobody's yet: the token still holds.
    if (isDue(session, now(), config.refreshAhead)) waitUntil(freshSession.refresh(session).catch(() => undefined))
    return session
  }

  /** What a 401 for `used` calls for: the tokens to try once more with, or null for "this is the answer". */
  const afterUnauthorized = async (used: Usable): Promise<Usable | null> => {
    const session = await sessions.current()
    if (!isSame(session, used)) return null
    if (!isUnchanged(session, used) && isUsable(session)) return session
    // A refresh that is under way may be the very reason for the 401.
    if (!freshSession.isRefreshing(session)) {
      const isLive = session.expiresAt !== null && !isExpired(session, now())
      if (config.logoutOnInvalidToken && (isLive || !isRefreshable(session, config))) {
        await sessions.change(ifUnchanged(used, latest => ended(latest, 'rejected')))
        return null
      }
      if (!isRefreshable(session, config) || (isLive && !config.autoUpdateToken)) return null
      if (futile && isUnchanged(futile.session, used) && now() < futile.until) return null
    }
    return freshSession.refresh(session).catch(error => {
      // The session is over: the API's own 401 says so best.
      if (isTransient(error)) throw error
      return null
    })
  }

  return async (request, waitUntil) => {
    if (hasOwnCredentials(request, config)) return fetch(request)
    const session = await freshSession.current()
    if (session.status === 'anonymous') return fetch(attach(request, config, null))
    waitUntil(sessions.use(session, now()))
    try {
      const used = await usable(session, waitUntil)
      const replay = keepForReplay(request, config.replayBodyLimit)
      let proofs = 0
      // Once in all, before the refresh or after it.
      const forProof = async () => (proofs++ === 0 ? replay.again() : null)
      const response = await send(replay.request, used, forProof)
      // Where a redirect has led elsewhere, no token was sent along, and there is no verdict on it.
      if (response.status !== 401 || isFromElsewhere(response, request)) return response
      // No verdict on the token either.
      if (used.isBound && asksForNonce(response)) return response

      const newer = await afterUnauthorized(used)
      const copy = newer && (await replay.again())
      if (!newer || !copy) return response
      response.body?.cancel().catch(() => undefined)
      // Another worker may have refreshed it long ago, and this one has not heard.
      const isNew = now() - newer.receivedAt < FUTILE
      const again = await send(copy, newer, forProof)
      // One that has grown old while the request waited is refused for that, and not for good.
      const isVerdict =
        isNew && again.status === 401 && !asksForNonce(again) && !isDue(newer, now(), config.refreshAhead)
      if (isVerdict && isUnchanged(sessions.latest(), newer)) futile = { session: newer, until: now() + FUTILE }
      return again
    } catch (error) {
      if (!(error instanceof RefreshWorkerError)) throw error
      log('debug', `${request.method} without a fresh token: ${error.message}`)
      return failure(error)
    }
  }
}

function isTransient(error: unknown): boolean {
  return !(error instanceof RefreshWorkerError) || /^refresh_(unavailable|network_error)$/.test(error.code)
}

/** What a request gets that could not be sent since its session could not be refreshed. */
function failure(error: RefreshWorkerError): Response {
  switch (error.code) {
    case 'refresh_unavailable':
      return problem(503, error)
    case 'refresh_rejected':
    case 'not_authenticated':
    case 'no_refresh_token':
      return problem(401, error)
    default:
      return Response.error()
  }
}

/** @see RFC 9457 */
function problem(status: 401 | 503, { code, message }: RefreshWorkerError): Response {
  const title = status === 401 ? 'Unauthorized' : 'Service Unavailable'
  const headers = new Headers({ 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' })
  if (status === 401) headers.set('WWW-Authenticate', 'Bearer error="invalid_token"')
  const body = JSON.stringify({ type: 'about:blank', title, status, code, detail: message })
  return new Response(body, { status, statusText: title, headers })
}
