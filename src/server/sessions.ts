import type { Claims } from './session.ts'

/** A login and all its refreshes: a family of refresh tokens. Times are in seconds since the epoch. */
export interface StoredSession {
  /** Random; the `sid` of its access tokens. */
  readonly id: string
  readonly sub: string
  /** How often its refresh token was replaced. Only the newest token is good. */
  readonly counter: number
  /** A hash of the last refresh's `Idempotency-Key`; null: it had none. */
  readonly key: string | null
  /** When its refresh token was last replaced, or issued. */
  readonly rotatedAt: number
  /** The time of the login. It stays. */
  readonly authTime: number
  /** When the session ends if nobody refreshes it. */
  readonly expiresAt: number
  readonly claims: Claims
}

/**
 * Keeps sessions. It holds no token, and nothing from which anyone could make one. Each call is one atomic step, for all
 * processes that share the store.
 */
export interface SessionStore {
  /** Null: there is no such session, or it has expired. */
  read(id: string): Promise<StoredSession | null>
  /**
   * Compare and swap: replaces the session if its `counter` is still the given one.
   * @param counter of the session as it was read; null: there is none yet
   * @param next the new session; null: the session ends
   * @returns false if the counter has changed: then the store has changed nothing
   */
  swap(id: string, counter: number | null, next: StoredSession | null): Promise<boolean>
  /** Ends all sessions of a user. */
  endAll(sub: string): Promise<void>
}

/** What becomes of a refresh token. */
export type Rotation =
  /** The session goes on with the refresh token that has this counter. */
  | { readonly outcome: 'rotated' | 'repeated'; readonly session: StoredSession }
  /** It is over, or never was. */
  | { readonly outcome: 'over' }
  /** A refresh token was used twice: the session has ended (RFC 9700 §4.14.2). */
  | { readonly outcome: 'reused'; readonly session: StoredSession }

export interface RotationLimits {
  /** How long a session lives without a refresh, in seconds. */
  readonly lifetime: number
  /** How long after its login it can live, in seconds. */
  readonly maxAge: number
  /** For how long a repetition by the same name is answered alike, in seconds. */
  readonly repeatWindow: number
  /** For how long one without a name is, in seconds. */
  readonly reuseInterval: number
}

/** How often a swap that another process was quicker at is tried again. Each round somebody has won. */
const ROUNDS = 5

/**
 * Replaces a refresh token, once. A repetition by the same name, or within `reuseInterval`, gets the same successor, for as
 * long as nobody has used that.
 * @param counter of the refresh token that was sent, whose signature was verified
 * @param key a hash of the name of the refresh; null: it has none
 * @param renew the claims of the next access token; null: the session ends
 */
export async function rotate(
  store: SessionStore,
  { id, counter, key, now }: { id: string; counter: number; key: string | null; now: number },
  limits: RotationLimits,
  renew: (session: StoredSession) => Promise<Claims | null>,
): Promise<Rotation> {
  for (let round = 0; round < ROUNDS; round++) {
    const session = await store.read(id)
    // Ahead of what is stored: of a backup that was put back, or of another store.
    if (!session || isOver(session, limits, now) || counter > session.counter) return { outcome: 'over' }
    if (counter < session.counter) {
      if (isRepetition(session, counter, key, now, limits)) return { outcome: 'repeated', session }
      if (await store.swap(id, session.counter, null)) return { outcome: 'reused', session }
      continue
    }
    const claims = await renew(session)
    if (claims === null) {
      if (await store.swap(id, session.counter, null)) return { outcome: 'over' }
      continue
    }
    const next: StoredSession = {
      ...session,
      claims,
      counter: counter + 1,
      key,
      rotatedAt: now,
      expiresAt: Math.min(now + limits.lifetime, session.authTime + limits.maxAge),
    }
    if (await store.swap(id, counter, next)) return { outcome: 'rotated', session: next }
  }
  return { outcome: 'over' }
}

function isOver({ expiresAt, authTime }: StoredSession, { maxAge }: RotationLimits, now: number): boolean {
  return now >= expiresAt || now >= authTime + maxAge
}

function isRepetition(
  session: StoredSession,
  counter: number,
  key: string | null,
  now: number,
  { repeatWindow, reuseInterval }: RotationLimits,
): boolean {
  if (counter !== session.counter - 1) return false
  const age = now - session.rotatedAt
  return (key !== null && key === session.key && age < repeatWindow) || age < reuseInterval
}
