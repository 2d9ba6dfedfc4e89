import type { AnonymousReason } from '../../protocol.ts'
import type { Config, SessionLimits } from '../options/config.ts'
import { readClaims } from '../tokens/token-response.ts'
import { type HeldTokens, IN_COOKIE, type Tokens } from '../tokens/tokens.ts'
import { type Failing, failedAgain } from './failing.ts'
import type { Owner } from './owner.ts'

/** Bumped when the stored record changes its shape. */
export const RECORD_VERSION = 1

/** A clock may be set back by so much (milliseconds) before a token that came "in the future" is due. */
const CLOCK_TOLERANCE = 60_000

interface Stamped {
  readonly version: typeof RECORD_VERSION
  /** Grows with every write, so that a compare-and-swap on it tells whether anything has happened in between. */
  readonly generation: number
  /** Hashes of tokens that pages have handed over, also before this session: none is taken twice. */
  readonly adopted?: readonly string[]
  /** Whose it is, or was; absent in records of 0.1, and where nobody has logged in. */
  readonly owner?: Owner
}

export interface Anonymous extends Stamped {
  readonly status: 'anonymous'
  readonly reason: AnonymousReason
  /** Whose session it was, where requests may wait for the same user; absent after a logout. */
  readonly last?: LastUser
  /** The server could not be told of the logout: its cookie may still be there. */
  readonly isCookieLeft?: true
  /** The server is being told of the logout; or was, when its worker was stopped. */
  readonly isUntold?: true
}

/** Of a session that has ended by itself, at `endedAt` (milliseconds since the epoch); its subject as {@link subjectIn} has it. */
export interface LastUser {
  readonly subject: string
  readonly endedAt: number
  /** The id of that session, and of those of the same user that have ended before it. */
  readonly ids?: readonly string[]
}

export interface Authenticated extends Stamped, HeldTokens {
  readonly status: 'authenticated'
  /** Random, one for each login. */
  readonly id: string
  /** How many refreshes of these very tokens have begun and not come to an end; more than now runs: they were cut off. */
  readonly begun: number
  /** When the last of them has begun (milliseconds since the epoch); absent in records of 0.1. */
  readonly begunAt?: number
  /** Names the refresh of these very tokens to the server, however often it is tried. */
  readonly refreshKey?: string
  /** Whether a refresh of these very tokens has failed, so that the server may have taken the refresh token all the same. */
  readonly isDoubtful: boolean
  /** Its tokens are those from before a refresh whose tokens another worker keeps in its memory; never stored. */
  readonly isFormer?: true
  /** Absent while refreshes succeed. */
  readonly failing?: Failing
  /** When the login was (milliseconds since the epoch). */
  readonly startedAt: number
  /** When it was last used, as far as has been stored: see `SessionStore.use`. */
  readonly usedAt: number
  /** The ids of this user's sessions that have ended by themselves right before: tabs that have waited hold their placeholders. */
  readonly formerIds?: readonly string[]
}

/** What has begun a refresh. */
export interface RefreshKey {
  readonly refreshKey: string
}

/** One with an access token to send. */
export type Usable = Authenticated & { readonly accessToken: string }

/** What ends a session whatever its tokens allow. */
type Limit = Extract<AnonymousReason, 'idle' | 'max_age'>

/** The stored record, and all that the worker knows of a login. */
export type Session = Anonymous | Authenticated

/** Nobody is logged in, and nobody was. */
export const nobody: Anonymous = { version: RECORD_VERSION, status: 'anonymous', generation: 0, reason: 'none' }

export function loggedIn<T extends HeldTokens>(
  previous: Session,
  id: string,
  tokens: T,
): Authenticated & Pick<T, 'accessToken'> {
  const { receivedAt } = tokens
  const times = { startedAt: receivedAt, usedAt: receivedAt }
  return { ...stamp(previous), status: 'authenticated', id, ...tokens, ...times, begun: 0, isDoubtful: false }
}

/** A response without a refresh or id token leaves the old ones in force (RFC 6749 §6). */
export function refreshed(previous: Authenticated, tokens: Tokens): Usable {
  const { startedAt, usedAt } = previous
  return {
    ...loggedIn(previous, previous.id, tokens),
    startedAt,
    usedAt,
    refreshToken: tokens.refreshToken ?? previous.refreshToken,
    idToken: tokens.idToken ?? previous.idToken,
    ...kept(previous, tokens),
    ...(previous.formerIds ? { formerIds: previous.formerIds } : {}),
    ...(tokens.accessToken === IN_COOKIE ? { expiresAt: tokens.expiresAt ?? nextExpiry(previous, tokens) } : {}),
  }
}

const LASTING = ['answer', 'life', 'subject', 'claims'] as const

/** What an answer leaves out goes on. */
function kept(previous: Authenticated, tokens: Tokens): Pick<Tokens, (typeof LASTING)[number]> {
  const names = LASTING.filter(name => tokens[name] === undefined && previous[name] !== undefined)
  return Object.fromEntries(names.map(name => [name, previous[name]]))
}

/** A refresh that is answered without a body gives as long a life as the login or refresh before it. */
function nextExpiry({ life }: Authenticated, { receivedAt }: Tokens): number | null {
  return life === undefined ? null : receivedAt + life
}

/** The later use counts, whichever worker knows of it. No new generation: the tokens are the same. */
export function used(session: Authenticated, at: number): Authenticated {
  return at > session.usedAt ? { ...session, usedAt: at } : session
}

/** Marks that a refresh begins, at `at`: should the worker be killed now, the next one will know. */
export function refreshBegun(session: Authenticated, at: number, key: string): Authenticated & RefreshKey {
  return { ...session, begun: session.begun + 1, begunAt: at, refreshKey: session.refreshKey ?? key }
}

/** Takes the mark back: the refresh has failed at `at`, and so has come to an end. `limit` is that of {@link isHopeless}. */
export function refreshFailed(session: Authenticated, at: number, isAnswer: boolean, limit: number): Authenticated {
  return { ...session, begun: 0, isDoubtful: true, failing: failedAgain(session.failing, at, isAnswer, limit) }
}

/** The same, and the server is about to hear of it. */
export function untold(session: Anonymous): Anonymous {
  return { ...session, isUntold: true }
}

/** Whether cookies of a session that is over may be there, since the server may not know that it is. */
export function mayBeLeft(session: Session): boolean {
  return session.status === 'anonymous' && (session.isCookieLeft ?? session.isUntold ?? false)
}

/** The same, but that the server has not heard of it. */
export function withCookieLeft(session: Anonymous): Anonymous {
  return { ...ended(session, session.reason), isCookieLeft: true }
}

export function ended(previous: Session, reason: AnonymousReason): Anonymous {
  return { ...stamp(previous), status: 'anonymous', reason }
}

function stamp({ generation, adopted }: Session): Stamped {
  return { version: RECORD_VERSION, generation: generation + 1, ...(adopted ? { adopted } : {}) }
}

/** The same session, and no write has come in between. */
export function isUnchanged(session: Session, since: Authenticated): session is Authenticated {
  return isSame(session, since) && session.generation === since.generation
}

/** A compare-and-swap: the transition, where no write has come in between; the session as it is, where one has. */
export function ifUnchanged(since: Authenticated, transition: (session: Authenticated) => Session) {
  return (latest: Session): Session => (isUnchanged(latest, since) ? transition(latest) : latest)
}

/** What says whose tokens they are. */
type Subject = Pick<HeldTokens, 'accessToken' | 'idToken' | 'subject'>

/** Whose session it is, by the `sub` of its id token, or else of its access token; null where nothing tells. */
export function subjectIn(session: Subject): string | null {
  if (session.subject !== undefined) return session.subject
  const { sub } = readClaims(['sub'], session)
  return sub === undefined ? null : JSON.stringify(sub)
}

/** Whether nothing says that they are of two users. */
export function isOfSameUser(...both: readonly [Subject, Subject]): boolean {
  const [a, b] = both.map(subjectIn)
  return a === null || b === null || a === b
}

export function sessionIdOf(session: Session): string | null {
  return session.status === 'authenticated' ? session.id : null
}

/** The same login, perhaps with newer tokens. */
export function isSame(session: Session, other: Authenticated): session is Authenticated {
  return session.status === 'authenticated' && session.id === other.id
}

/** Whether it is the same login as `before` and has newer tokens, here. */
export function isSuccessor(session: Session, before: Authenticated): session is Usable {
  const isNewer = isSame(session, before) && session.generation !== before.generation
  return isNewer && isUsable(session) && !session.isFormer
}

export function isUsable(session: Authenticated): session is Usable {
  return session.accessToken !== null
}

/**
 * Whether there is something to get a new access token with: a refresh token, here or in a cookie of the server's, or the
 * access token itself.
 */
export function isRefreshable(session: Authenticated, { refreshTokenIn }: Pick<Config, 'refreshTokenIn'>): boolean {
  if (refreshTokenIn === 'access_token') return session.accessToken !== null
  return refreshTokenIn === 'cookie' || session.refreshToken !== null
}

/** Whether the access token is gone, or has expired by what is known here; one of unknown life is good until a 401. */
export function isExpired(session: Authenticated, now: number): boolean {
  return session.accessToken === null || (session.expiresAt !== null && now >= session.expiresAt)
}

/** Whether the access token should be replaced behind the requests that still use it. */
export function isDue(session: Authenticated, now: number, refreshAhead: number): boolean {
  const at = dueAt(session, refreshAhead)
  // A clock that was set back would have it live too long.
  return at !== null && (now >= at || now < session.receivedAt - CLOCK_TOLERANCE)
}

/** From when on the access token should be replaced (milliseconds since the epoch); null: that is not known. */
export function dueAt({ expiresAt, receivedAt }: Authenticated, refreshAhead: number): number | null {
  return expiresAt === null ? null : expiresAt - Math.min(refreshAhead, (expiresAt - receivedAt) / 5)
}

/** When a session ends unless it is used, whatever its tokens allow (milliseconds since the epoch); null: never. */
export function endsAt({ startedAt, usedAt }: Authenticated, { maxIdle, maxAge }: SessionLimits): number | null {
  const at = Math.min(startedAt + maxAge, usedAt + maxIdle)
  return Number.isFinite(at) ? at : null
}

/** The limit that a session has reached; null: none. */
export function reachedLimit(session: Authenticated, { maxIdle, maxAge }: SessionLimits, now: number): Limit | null {
  // In both directions: by a clock that was set back farther than that, it would have hardly an end.
  if (Math.abs(now - session.usedAt) >= maxIdle) return 'idle'
  return Math.abs(now - session.startedAt) >= maxAge ? 'max_age' : null
}
