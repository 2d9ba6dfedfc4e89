import { RefreshWorkerError } from '../../errors.ts'
import { COOKIES } from '../features.ts'
import { keepForReplay, type Replay } from '../http/body.ts'
import { rebuild } from '../http/rebuild.ts'
import { isFromElsewhere } from '../http/redirects.ts'
import type { Config, HeaderOptions } from '../options/config.ts'
import type { Clock, Fetch, WaitUntil, WatchPage } from '../ports.ts'
import type { FreshSession } from '../session/fresh-session.ts'
import {
  type Authenticated,
  ended,
  ifUnchanged,
  isDue,
  isExpired,
  isRefreshable,
  isSame,
  isSuccessor,
  isUnchanged,
  isUsable,
  mayBeLeft,
  type Usable,
} from '../session/session.ts'
import type { SessionStore } from '../session/session-store.ts'
import { inWords } from '../tokens/authorization.ts'
import { asksForNonce, type Prover } from '../tokens/dpop.ts'
import { isOf } from '../tokens/placeholder.ts'
import { isDevelopment, note } from '../trace.ts'
import { attach, hasOwnCredentials, placeholderIn } from './attach.ts'
import type { Hold } from './hold.ts'
import { carriesPlaceholder, filled, refuseStale } from './placeholders.ts'
import { failureOf, isTransient } from './problem.ts'
import { createReplayLimit } from './replay-limit.ts'
import type { ApiKind } from './routes.ts'
import { createSend } from './send.ts'
import type { TakeTokens } from './take-tokens.ts'
import type { TellTokens } from './tell-tokens.ts'
import type { IsUnauthorized } from './unauthorized.ts'

/** How old (milliseconds) a token can be that was just refreshed, and how long a 401 for it is the API's last word. */
const FUTILE = 30_000

/** Answers an API request: authorized where somebody is logged in, sent again once after a 401 that a refresh can mend. */
export type Authorize = (
  request: Request,
  waitUntil: WaitUntil,
  watchPage?: WatchPage,
  kind?: ApiKind,
) => Promise<Response>

interface Needs {
  readonly config: HeaderOptions &
    Pick<
      Config,
      | 'attach'
      | 'autoUpdateToken'
      | 'logoutOnInvalidToken'
      | 'refreshAhead'
      | 'refreshTokenIn'
      | 'replayBodyLimit'
      | 'tokensInAnswers'
    >
  readonly sessions: SessionStore
  readonly freshSession: FreshSession
  readonly isUnauthorized: IsUnauthorized
  /** Takes what tokens an answer brings. */
  readonly takeTokens?: TakeTokens | null
  /** In development. */
  readonly tellTokens?: TellTokens | null
  /** Keeps requests whose session has ended. */
  readonly hold?: Hold | null
  readonly fetch: Fetch
  readonly prover?: Prover | null
  readonly now: Clock
}

export function createAuthorize(needs: Needs): Authorize {
  const { config, sessions, freshSession, isUnauthorized, fetch, now } = needs
  const { takeTokens = null, tellTokens = null, hold = null, prover = null } = needs
  const send = createSend({ config, fetch, prover })
  const replayLimit = createReplayLimit({ config, now })
  // The last token that was refused right after it was refreshed, by whichever worker: without this, an API that
  // answers 401 for reasons of its own would cause a refresh with every request.
  let futile: { readonly session: Authenticated; readonly until: number } | null = null

  /** The session to send with, refreshed first where its token has expired, or is gone. */
  const usable = async (request: Request, session: Authenticated, waitUntil: WaitUntil): Promise<Usable> => {
    if (!isUsable(session)) {
      note(request, 'waits for a refresh: the access token is not in this worker')
      return freshSession.refresh(session, waitUntil)
    }
    if (!config.autoUpdateToken || !isRefreshable(session, config)) return session
    if (isExpired(session, now())) {
      note(request, 'waits for a refresh: the access token has expired')
      return freshSession.refresh(session, waitUntil)
    }
    if (isDue(session, now(), config.refreshAhead)) {
      note(request, 'does not wait for the refresh that runs behind it: the access token is about to expire')
      // Its failure is nobody's yet: the token still holds.
      freshSession.refresh(session, waitUntil).catch(() => undefined)
    }
    return session
  }

  /** What a 401 for `used` calls for: the tokens to try once more with, or null for "this is the answer". */
  const afterUnauthorized = async (request: Request, used: Usable, waitUntil: WaitUntil): Promise<Usable | null> => {
    const session = await sessions.current()
    if (!isSame(session, used)) {
      note(request, 'not sent again: its session has ended')
      return null
    }
    if (isSuccessor(session, used)) return session
    // A refresh that is under way may be the very reason for the 401.
    if (!freshSession.isRefreshing(session)) {
      const isLive = session.expiresAt !== null && !isExpired(session, now())
      if (config.logoutOnInvalidToken && (isLive || !isRefreshable(session, config))) {
        await sessions.change(ifUnchanged(used, latest => ended(latest, 'rejected')))
        note(request, 'not sent again: logoutOnInvalidToken has ended the session')
        return null
      }
      if (!isRefreshable(session, config) || (isLive && !config.autoUpdateToken)) {
        note(request, 'not sent again: there is no refresh token, or autoUpdateToken is off and the token should do')
        return null
      }
      if (futile && isUnchanged(futile.session, used) && now() < futile.until) {
        note(request, 'not sent again: a token that had just been refreshed got a 401 too')
        return null
      }
    }
    note(request, 'waits for a refresh: the answer calls for a new token')
    return freshSession.refresh(session, waitUntil).catch(error => {
      // The session is over: the API's own 401 says so best.
      if (isTransient(error)) throw error
      note(request, 'not sent again: the refresh has ended the session')
      return null
    })
  }

  return async (request, waitUntil, watchPage, kind = 'api') => {
    const inBodies = kind !== 'api'
    const isFilled = inBodies && (await carriesPlaceholder(request, config))
    const isOwn = hasOwnCredentials(request, config)
    if (isOwn && !isFilled) {
      note(request, 'sent as it is: it brings credentials of its own')
      return fetch(request)
    }
    const placeholder = placeholderIn(request, config)
    const isAttached = !isOwn && (placeholder !== null || (kind !== 'bodies' && config.attach === 'always'))
    if (!isAttached && !isFilled) {
      note(request, 'sent as it is: it carries no placeholder')
      return fetch(request)
    }
    /** In place of an answer; it is no verdict on the token. */
    let refused: Response | null = null
    const sendFor = async (used: Usable, request: Request, forProof: Replay['again'] = async () => null) => {
      const fill = async (request: Request) => (isFilled ? filled(request, config, used) : request)
      const ready = await fill(request)
      if (ready instanceof Response) {
        refused = ready
        return ready
      }
      const taken = inBodies || config.tokensInAnswers ? takeTokens?.(request, used, inBodies) : null
      const again = async () => {
        const copy = await forProof()
        const ready = copy && (await fill(copy))
        return ready instanceof Request ? ready : null
      }
      const response = await (isAttached ? send(ready, used, again) : fetch(ready))
      if (isDevelopment && !taken) tellTokens?.(request, response)
      return taken ? taken(response) : response
    }
    // The placeholders in a body are of the session that is over.
    const holding = isFilled ? null : hold
    /** Waits until the same user has logged in again; null: that is not to be waited for, or has not come about. */
    const afterLogin = async (request: Request | null): Promise<Response | null> => {
      const latest = sessions.latest()
      const isOver = request !== null && latest.status === 'anonymous'
      const released = isOver ? await holding?.wait(request, latest, watchPage) : null
      return released ? sendFor(released.session, released.request) : null
    }

    const session = await freshSession.current()
    if (session.status === 'anonymous') {
      if (isFilled) return refuseStale(session)
      const answer = holding && (await afterLogin(request))
      if (answer) return answer
      if (COOKIES && mayBeLeft(session)) {
        note(request, 'sent without cookies: the server has not been told of the logout')
        return fetch(rebuild(request, { credentials: 'omit' }))
      }
      note(request, 'sent without a token: nobody is logged in')
      return fetch(attach(request, config, null))
    }
    // The page still shows what is another user's.
    if (placeholder && !isOf(placeholder, session)) {
      note(request, 'not sent: its placeholder is of a session that another login has replaced')
      return refuseStale(session)
    }
    const stored = sessions.use(session, now())
    if (stored) waitUntil(stored)
    try {
      const isGone = isUsable(session) && !isExpired(session, now()) ? null : watchPage?.()
      const used = await usable(request, session, waitUntil)
      if (isGone && (await isGone())) {
        note(request, 'not sent: its page has gone away while it waited for a refresh')
        return Response.error()
      }
      const replay = keepForReplay(request, replayLimit.of(request, used))
      let proofs = 0
      // Once in all, before the refresh or after it.
      const forProof = async () => (proofs++ === 0 ? replay.again() : null)
      if (isDevelopment) note(request, `sent with ${inWords(config, used)}`)
      const response = await sendFor(used, replay.request, forProof)
      // Where a redirect has led elsewhere, no token was sent along, and there is no verdict on it.
      if (response === refused || isFromElsewhere(response, request)) return response
      if (!(await isUnauthorized(response))) return replayLimit.heard(used, response)
      // No verdict on the token either.
      if (used.isBound && asksForNonce(response)) return response

      const isGoneSince = watchPage?.()
      const newer = await afterUnauthorized(request, used, waitUntil)
      if (!newer && holding) {
        const answer = await afterLogin(await replay.again())
        if (answer) response.body?.cancel().catch(() => undefined)
        return answer ?? response
      }
      const copy = newer && (await replay.again())
      if (!newer || !copy || (isGoneSince && (await isGoneSince()))) return response
      response.body?.cancel().catch(() => undefined)
      note(request, 'sent once more, with the new access token')
      // Another worker may have refreshed it long ago, and this one has not heard.
      const isNew = now() - newer.receivedAt < FUTILE
      const again = await sendFor(newer, copy, forProof)
      // One that has grown old while the request waited is refused for that, and not for good.
      const isVerdict = isNew && !asksForNonce(again) && !isDue(newer, now(), config.refreshAhead)
      if (isVerdict && (await isUnauthorized(again)) && isUnchanged(sessions.latest(), newer))
        futile = { session: newer, until: now() + FUTILE }
      return again
    } catch (error) {
      if (!(error instanceof RefreshWorkerError)) throw error
      const isOver = error.code === 'refresh_rejected' || error.code === 'not_authenticated'
      const answer = isOver ? await afterLogin(request) : null
      if (answer) return answer
      if (isDevelopment) note(request, `not sent: ${error.code}, ${error.message}`)
      return failureOf(error)
    }
  }
}
