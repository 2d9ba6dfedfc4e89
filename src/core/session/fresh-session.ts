import { type ErrorCode, RefreshWorkerError } from '../../errors.ts'
import { own, type RefreshReport } from '../../protocol.ts'
import { COOKIES } from '../features.ts'
import type { Config, SessionLimits } from '../options/config.ts'
import type { Clock, IsRetired, Locks, Log, NewId, WaitUntil } from '../ports.ts'
import { decodeJwt } from '../tokens/jwt.ts'
import type { Revoke } from '../tokens/revocation.ts'
import { patienceOf, type RefreshAnswer, type TokenEndpoint } from '../tokens/token-endpoint.ts'
import { subjectOf } from '../tokens/token-response.ts'
import { type HeldTokens, IN_COOKIE } from '../tokens/tokens.ts'
import { isDevelopment } from '../trace.ts'
import { alone, type LockOptions } from './alone.ts'
import type { BackOff } from './back-off.ts'
import { createCurrent, type Farewell } from './current-session.ts'
import { isHopeless } from './failing.ts'
import {
  type Authenticated,
  ended,
  ifUnchanged,
  isRefreshable,
  isSame,
  isSuccessor,
  isUnchanged,
  loggedIn,
  refreshBegun,
  refreshed,
  refreshFailed,
  type Session,
  type Usable,
} from './session.ts'
import type { SessionStore } from './session-store.ts'

/** How many refreshes are remembered. */
const HISTORY = 20

/** Rejects what waits for a refresh that goes on. */
type Release = (error: RefreshWorkerError) => void

export interface FreshSession {
  /**
   * The session as it is now; ended where it has reached `maxIdle` or `maxAge`, or where its access token has expired, or
   * is gone, and nothing can refresh it.
   */
  readonly current: () => Promise<Session>
  /**
   * Replaces the access token of `session`, once for all who ask meanwhile; where that has already happened, settles
   * with its successor. Rejects with a {@link RefreshWorkerError}: `refresh_rejected` and `not_authenticated` where
   * the session has ended, `session_replaced` where another login took its place, `no_refresh_token`, and
   * `refresh_network_error` or `refresh_unavailable` where it is kept and a later refresh may succeed. After one of
   * those two, for a while, no other is tried: who asks meanwhile gets the same error at once.
   *
   * After `timeout` it rejects with `refresh_unavailable`, and `waitUntil` keeps the worker alive for the answer, which is
   * taken when it comes.
   */
  readonly refresh: (session: Authenticated, waitUntil?: WaitUntil) => Promise<Usable>
  /** Whether the tokens of `session` are being replaced right now. */
  readonly isRefreshing: (session: Authenticated) => boolean
  /** The last ones since this worker was started, the newest last. */
  readonly refreshes: () => readonly RefreshReport[]
}

interface Needs {
  readonly config: LockOptions & SessionLimits & Pick<Config, 'idempotencyKeys' | 'refreshTokenIn' | 'unavailableLimit'>
  readonly sessions: SessionStore
  readonly tokenEndpoint: TokenEndpoint
  readonly locks: Locks
  readonly isRetired?: IsRetired | undefined
  readonly newId: NewId
  readonly now: Clock
  readonly backOff: BackOff
  readonly revoke: Revoke
  readonly farewell: Farewell
  /** Hears of a refresh that a logout has overtaken, where its answer may have brought cookies back; never rejects. */
  readonly onOvertaken?: ((was: Authenticated) => Promise<unknown>) | undefined
  /** Hears of a refresh that leaves open whose session it is, where that could be asked; never rejects. */
  readonly onNameless?: ((refreshed: Session) => Promise<unknown>) | undefined
  readonly log: Log
}

const FAILURES: Readonly<Record<Exclude<RefreshAnswer['outcome'], 'refreshed'>, ErrorCode>> = {
  rejected: 'refresh_rejected',
  network_error: 'refresh_network_error',
  unavailable: 'refresh_unavailable',
}

export function createFreshSession(needs: Needs): FreshSession {
  const { config, sessions, tokenEndpoint, locks, isRetired, newId, backOff, now, log } = needs
  const { revoke, farewell, onOvertaken, onNameless } = needs
  const inFlight = new Map<string, Promise<Usable>>()
  const refreshes: RefreshReport[] = []

  const current = createCurrent({ config, sessions, farewell, now })

  /** Ends the session whose refresh token the server does not take, unless a newer one has been stored meanwhile. */
  const reject = async (stored: Authenticated, detail: string): Promise<Session> => {
    let isEnded = false
    const session = await sessions.change(latest => {
      const isStill = isUnchanged(latest, stored)
      isEnded = isStill
      // Where another refresh may have reached the server, and its answer was lost or is on its way, that is why.
      return isStill ? ended(latest, latest.begun > 1 || latest.isDoubtful ? 'lost' : 'rejected') : latest
    })
    if (isEnded) throw new RefreshWorkerError('refresh_rejected', `${detail}: log in again`)
    return session
  }

  /** Whether a refresh of these tokens, in a worker that holds the lock, may still be answered. */
  const mayBeUnderWay = ({ begun, begunAt = 0 }: Authenticated) =>
    begun > 0 && Math.abs(now() - begunAt) < patienceOf(config)

  /** One refresh of exactly the tokens that `stored` holds, and the swap of its result. */
  const exchange = async (
    stored: Authenticated,
    isAlone: boolean,
    release: Release,
    waitUntil?: WaitUntil,
  ): Promise<Session> => {
    if (!isAlone && mayBeUnderWay(stored))
      throw new RefreshWorkerError('refresh_unavailable', 'another refresh of this session is under way: try again')
    // Unless the server knows a repetition for one. Cookies may have come, and then the next attempt is with new ones.
    if (stored.begun > (stored.accessToken === IN_COOKIE ? 2 : 1) && isAlone && config.idempotencyKeys !== 'always')
      return reject(stored, 'too many refreshes in a row were cut off')
    const at = now()
    const key = newId()
    const marked = await sessions.change(ifUnchanged(stored, latest => refreshBegun(latest, at, key)))
    if (!isUnchanged(marked, stored)) return marked

    const late = new RefreshWorkerError(
      'refresh_unavailable',
      `the token endpoint did not answer in ${config.timeout / 1000} s; the session is kept, try again later`,
    )
    AbortSignal.timeout(config.timeout).addEventListener('abort', () => release(late))
    const answer = await tokenEndpoint(stored, marked.refreshKey ?? key)
    const outcome = answer.outcome === 'refreshed' ? 'refreshed' : FAILURES[answer.outcome]
    const duration = now() - at
    refreshes.push({ at, duration, outcome })
    if (refreshes.length > HISTORY) refreshes.shift()

    if (answer.outcome === 'refreshed') {
      const { tokens } = answer
      // OpenID Connect Core §12.2: it must be the same. A cookie may be of a login that no worker has seen.
      const isAnother =
        areTwo(subjectOf(stored), subjectOf(tokens)) ||
        (COOKIES && config.refreshTokenIn === 'cookie' && areTwo(subOf(stored), subOf(tokens)))
      if (isAnother && !(COOKIES && tokens.accessToken === IN_COOKIE))
        return reject(stored, 'the token endpoint answered with tokens of another user')
      if (isDevelopment) log('debug', `refreshed the access token in ${duration} ms`)
      // Login and logout win: the result of a refresh that they overtook is dropped.
      const session = await sessions.change(
        ifUnchanged(stored, latest =>
          COOKIES && isAnother ? loggedIn(latest, newId(), tokens) : refreshed(latest, tokens),
        ),
      )
      // Not those of a session that goes on with others: servers revoke all of it.
      const isOurs = isSame(session, stored)
      if (!isOurs) revoke(tokens)
      if (COOKIES && session.status === 'anonymous' && session.reason === 'logout') await onOvertaken?.(stored)
      if (COOKIES && onNameless && (!isOurs || tokens.subject === undefined)) {
        const named = onNameless(session)
        waitUntil?.(named)
      }
      return session
    }
    log('warn', `could not refresh the access token: ${answer.detail}`)
    if (answer.outcome === 'rejected') return reject(stored, answer.detail)

    const error = new RefreshWorkerError(
      FAILURES[answer.outcome],
      `${answer.detail}; the session is kept, try again later`,
    )
    backOff.failed(keyOf(stored), error, answer.retryAfter ?? 0)
    const isAnswer = answer.isAnswer === true
    const session = await sessions.change(
      ifUnchanged(stored, latest => {
        const failed = refreshFailed(latest, now(), isAnswer, config.unavailableLimit)
        return isAnswer && isHopeless(failed, now(), config.unavailableLimit) ? ended(latest, 'unavailable') : failed
      }),
    )
    if (session.status === 'anonymous' && session.reason === 'unavailable')
      throw new RefreshWorkerError('refresh_rejected', `${answer.detail}, for too long: log in again`)
    throw error
  }

  const replace = async (session: Authenticated, release: Release, waitUntil?: WaitUntil): Promise<Usable> => {
    const successor = await alone(locks, config, async isAlone => {
      const stored = await sessions.load()
      // Where another worker has refreshed it, and keeps the new tokens in its memory, that is of no help here.
      if (!isSame(stored, session) || isSuccessor(stored, session)) return stored
      const obstacle = backOff.obstacle(keyOf(stored))
      if (obstacle) throw obstacle
      if (!isRefreshable(stored, config))
        throw new RefreshWorkerError('no_refresh_token', 'this session has no refresh token: see useRefreshToken')
      return exchange(stored, isAlone, release, waitUntil)
    })
    if (isSame(successor, session)) {
      if (isSuccessor(successor, session)) return successor
      throw new RefreshWorkerError(
        'refresh_unavailable',
        'another worker has refreshed the session for itself: try again',
      )
    }
    throw successor.status === 'anonymous'
      ? new RefreshWorkerError('not_authenticated', 'the session has ended: log in again')
      : new RefreshWorkerError('session_replaced', 'another login has taken the place of this session: ask again')
  }

  return {
    current,
    refresh: (session, waitUntil) => {
      const key = keyOf(session)
      const running = inFlight.get(key)
      if (running) return running
      if (isRetired?.())
        return Promise.reject(
          new RefreshWorkerError('refresh_unavailable', 'the worker refreshes from now on: try again'),
        )
      let release: Release = () => undefined
      const late = new Promise<never>((_, reject) => {
        release = reject
      })
      const done = replace(session, error => release(error), waitUntil).finally(() => inFlight.delete(key))
      waitUntil?.(done.catch(() => undefined))
      const shared = Promise.race([done, late])
      inFlight.set(key, shared)
      return shared
    },
    isRefreshing: session => inFlight.has(keyOf(session)),
    refreshes: () => refreshes,
  }
}

/** Of the access token itself: that of an id token may be another, for the same user. */
function subOf({ accessToken }: Pick<HeldTokens, 'accessToken'>): unknown {
  return accessToken === null ? undefined : own(decodeJwt(accessToken), 'sub')
}

function areTwo(a: unknown, b: unknown): boolean {
  return a !== undefined && b !== undefined && a !== b
}

export function keyOf({ id, generation }: Authenticated): string {
  return `${id} ${generation}`
}
