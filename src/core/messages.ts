import { RefreshWorkerError } from '../errors.ts'
import {
  type AnonymousState,
  type AuthenticatedState,
  envelope,
  type PageRequest,
  type StateMessage,
  type WorkerReply,
  type WorkerReport,
} from '../protocol.ts'
import type { Hooks } from './hooks/ask-hook.ts'
import type { Config, DisclosureOptions, SessionLimits, SessionName } from './options/config.ts'
import type { Clock, Log, NewId, WaitUntil } from './ports.ts'
import type { Logout } from './requests/logout.ts'
import type { Adopt } from './session/adopt.ts'
import type { BackOff } from './session/back-off.ts'
import type { FreshSession } from './session/fresh-session.ts'
import {
  type Authenticated,
  dueAt,
  endsAt,
  isExpired,
  isRefreshable,
  isUsable,
  type Session,
} from './session/session.ts'
import type { SessionStore } from './session/session-store.ts'
import { readClaims } from './tokens/token-response.ts'

/** How long a visible page waits (milliseconds) before it asks again for a session that could not be refreshed. */
const ASK_AGAIN = 30_000

/** Makes the message that tells pages of a session. */
export type DescribeState = (session: Session) => StateMessage

/** What decides which state pages see. */
type StateOptions = SessionLimits & Pick<DisclosureOptions, 'claims'> & KeepingOptions

/** What decides when pages ask for a refresh. */
type KeepingOptions = Pick<Config, 'autoUpdateToken' | 'refreshAhead' | 'refreshTokenIn'>

interface DescribeNeeds {
  readonly config: SessionName & StateOptions
  readonly isDefault: boolean
  readonly isDurable: () => boolean
  /** How many requests wait for a login. */
  readonly waiting: () => number
  readonly now: Clock
  readonly newId: NewId
}

export function createDescribeState(needs: DescribeNeeds): DescribeState {
  const { config, isDefault, isDurable, waiting, now, newId } = needs
  const about = { session: config.storageKey, isDefault, run: newId() }
  let sequence = 0
  return session => {
    const state = toState(session, config, waiting(), now())
    return {
      type: 'state',
      state: isDurable() ? state : { ...state, isDurable: false },
      ...about,
      sequence: ++sequence,
    }
  }
}

/** What is the same for all sessions. */
export type About = Pick<WorkerReport, 'version' | 'host' | 'scope' | 'storageKeys' | 'isDevelopment'>

/** Answers a page's request; never rejects. */
export type AnswerMessage = (message: PageRequest, waitUntil: WaitUntil) => Promise<WorkerReply>

interface Needs {
  readonly config: SessionName &
    Pick<DisclosureOptions, 'exposeAccessToken'> &
    KeepingOptions &
    Pick<Config, 'issuer' | 'storage'>
  readonly sessions: SessionStore
  readonly freshSession: FreshSession
  readonly backOff: Pick<BackOff, 'relent'>
  readonly logout: Logout['logout']
  /** Asks the server whether there is a session; where that is in cookies, whoever it began with. */
  readonly recheck: (waitUntil: WaitUntil, why: 'asked') => Promise<unknown>
  /** Does so, for a while, if there is reason to think that it is another one than is known. */
  readonly whenUnsure: (waitUntil: WaitUntil) => Promise<unknown>
  /** Whether a page that goes there has logged out. */
  readonly isLeaving: (url: URL) => boolean
  readonly adopt: Adopt
  readonly describeState: DescribeState
  readonly now: Clock
  readonly log: Log
  readonly about: About
  readonly endSessionUrl: () => string | null
  readonly isDurable: () => boolean
  readonly openRequests: () => number
  readonly hookFailures: Hooks['failures']
}

export function createAnswerMessage(needs: Needs): AnswerMessage {
  const { config, sessions, freshSession, backOff, logout, adopt, describeState, now, log } = needs
  const { about, recheck, whenUnsure, isLeaving, isDurable, openRequests, hookFailures, endSessionUrl } = needs

  /** The session that a page asks to use. */
  const authenticated = async (waitUntil: WaitUntil): Promise<Authenticated> => {
    const session = await freshSession.current()
    if (session.status === 'anonymous')
      throw new RefreshWorkerError('not_authenticated', 'nobody is logged in: log in first')
    const stored = sessions.use(session, now())
    if (stored) waitUntil(stored)
    return session
  }

  // Not the session that an answer began with: another may have come meanwhile, and has been told already.
  const stateReply = () => envelope(describeState(sessions.latest()))

  /** The session, refreshed first where its token has expired. */
  const usable = async (waitUntil: WaitUntil) => {
    const session = await authenticated(waitUntil)
    return isUsable(session) && !isExpired(session, now()) ? session : freshSession.refresh(session, waitUntil)
  }

  const answer = async (message: PageRequest, waitUntil: WaitUntil): Promise<WorkerReply> => {
    switch (message.type) {
      case 'state': {
        if (message.isBackOnline) backOff.relent()
        await whenUnsure(waitUntil)
        const session = await freshSession.current()
        // Answered at once; what the refresh brings is broadcast.
        if (session.status === 'authenticated' && config.autoUpdateToken && isLate(session, config, now()))
          freshSession.refresh(session, waitUntil).catch(() => undefined)
        return stateReply()
      }
      case 'update-token': {
        const session = await authenticated(waitUntil)
        const isDone = message.generation !== undefined && session.generation > message.generation
        if (!isDone) await freshSession.refresh(session, waitUntil)
        return stateReply()
      }
      case 'adopt':
        return envelope({ type: 'adopt', isAdopted: await adopt(message.tokens) })
      case 'logout':
        await logout(waitUntil)
        return stateReply()
      case 'recheck':
        await recheck(waitUntil, 'asked')
        return stateReply()
      case 'leaving':
        if (isLeaving(new URL(message.url))) await logout(waitUntil)
        return stateReply()
      // The host takes control of the page before it asks here.
      case 'claim':
        await freshSession.current()
        return stateReply()
      case 'inspect': {
        await freshSession.current()
        const { state } = describeState(sessions.latest())
        const storage = isDurable() ? config.storage : 'memory'
        const refreshes = freshSession.refreshes()
        return envelope({
          type: 'inspect',
          report: {
            ...about,
            storageKey: config.storageKey,
            storage,
            state,
            lastRefresh: refreshes.at(-1) ?? null,
            refreshes,
            hookFailures: hookFailures(),
            openRequests: openRequests(),
            issuer: config.issuer,
            endSessionUrl: endSessionUrl(),
          },
        })
      }
      // A host that is stopped while it answers says otherwise.
      case 'keep-alive':
        return envelope({ type: 'keep-alive', isNeeded: false })
      case 'access-token': {
        if (!config.exposeAccessToken)
          throw new RefreshWorkerError(
            'access_token_not_exposed',
            'the worker keeps the access token to itself: see exposeAccessToken',
          )
        return envelope({ type: 'access-token', accessToken: (await usable(waitUntil)).accessToken })
      }
    }
  }

  return (message, waitUntil) =>
    answer(message, waitUntil).catch(error => {
      if (error instanceof RefreshWorkerError)
        return envelope({ type: 'error', code: error.code, message: error.message })
      log('warn', `a ${message.type} message failed: ${error instanceof Error ? error.name : typeof error}`)
      return envelope({
        type: 'error',
        code: 'internal_error',
        message: `the worker failed to answer ${message.type}: see its console`,
      })
    })
}

/** What pages may know of a session. */
function toState(
  session: Session,
  config: StateOptions,
  waiting: number,
  now: number,
): AnonymousState | AuthenticatedState {
  if (session.status === 'anonymous')
    return {
      status: 'anonymous',
      reason: session.reason,
      ...(waiting > 0 ? { waiting } : {}),
      ...(session.isCookieLeft ? { isCookieLeft: true } : {}),
    }
  const { id, generation, expiresAt } = session
  const at = keptUntil(session, config)
  // A page must ask where that refreshes the session, or ends it.
  const isWatched = at !== null && (config.autoUpdateToken || !isRefreshable(session, config))
  const refreshAt = isWatched ? (isLate(session, config, now) ? now + ASK_AGAIN : at) : null
  const end = endsAt(session, config)
  return {
    status: 'authenticated',
    sessionId: id,
    generation,
    expiresAt,
    refreshAt: refreshAt !== null && end !== null ? Math.min(refreshAt, end) : (refreshAt ?? end),
    endsAt: end,
    ...(session.failing ? { failingSince: session.failing.since } : {}),
    claims: session.claims ?? readClaims(config.claims, session),
  }
}

/**
 * Until when a page lets a session be that nobody uses (milliseconds since the epoch); null: that is not known. An access
 * token that renews itself may be of no use for that once it has expired.
 */
function keptUntil(session: Authenticated, { refreshAhead, refreshTokenIn }: KeepingOptions): number | null {
  return refreshTokenIn === 'access_token' ? dueAt(session, refreshAhead) : session.expiresAt
}

function isLate(session: Authenticated, config: KeepingOptions, now: number): boolean {
  const at = keptUntil(session, config)
  return isExpired(session, now) || (at !== null && now >= at)
}
