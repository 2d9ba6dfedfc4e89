import { COOKIES } from '../features.ts'
import { limited } from '../http/limit.ts'
import type { Config } from '../options/config.ts'
import type { Locks, Log } from '../ports.ts'
import { alone, type LockOptions } from '../session/alone.ts'
import { type Authenticated, ended, mayBeLeft, type Session, withCookieLeft } from '../session/session.ts'
import type { SessionStore } from '../session/session-store.ts'
import type { SendLogout } from './send-logout.ts'

/** A session that is over, and what it was; null: there was none. */
export interface Ended {
  readonly session: Session
  readonly was: Authenticated | null
}

/** Tells the server of the end of a session; where that is in cookies, one thing after the other with its refreshes. */
export interface TellLogout {
  /** By the worker's own request; never rejects. Settles with the session that is over, and with whether its cookies may be left. */
  readonly tell: (end: Promise<Ended>) => Promise<Session>
  /** By a page's own request, which settles with its answer, and rejects as `fetch` does. */
  readonly forward: (request: Request, end: Promise<Ended>) => Promise<Response>
  /** Where a cookie is a part of the session. */
  readonly cookies: TellOfCookies | null
}

export interface TellOfCookies {
  /** Once more: a refresh that began before a logout has been answered after it. Never rejects. */
  readonly again: (was: Authenticated) => Promise<unknown>
  /** Of a logout whose worker was stopped before the server had heard of it. */
  readonly resume: () => Promise<unknown>
  /** Settles once this worker tells nothing any more. */
  readonly settled: () => Promise<unknown>
}

interface Needs {
  readonly config: LockOptions &
    Pick<Config, 'accessTokenIn' | 'logoutMethod' | 'logoutRequest' | 'logoutUrls' | 'refreshTokenIn'>
  readonly sessions: SessionStore
  readonly sendLogout: SendLogout
  readonly locks: Locks
  readonly log: Log
}

export function createTellLogout({ config, sessions, sendLogout, locks, log }: Needs): TellLogout {
  const isInCookie = COOKIES && config.refreshTokenIn === 'cookie'
  const isAllInCookies = COOKIES && config.accessTokenIn === 'cookie'
  let waiting = 0
  let telling: Promise<unknown> = Promise.resolve()

  // The answer to a refresh that came after the server's would bring back the cookie that it clears.
  const inTurn = <T>(task: () => Promise<T>) => {
    if (!isInCookie) return task()
    waiting++
    return alone(locks, config, () => {
      waiting--
      return task()
    })
  }
  const atOnce: typeof inTurn = task => task()

  /** Sends it. Cookies are cleared then, whoever has logged in since this was asked: a login that was under way, in turn. */
  const send: SendLogout = async (request, was) => {
    const answered = await sendLogout(request, was)
    if (isInCookie && answered.isTold)
      await sessions.change(latest => (latest.status === 'authenticated' ? ended(latest, 'logout') : latest))
    return answered
  }

  /** Settles with whether the server has heard of it. */
  const ask = async (was: Authenticated | null, when = inTurn): Promise<boolean> => {
    if (config.logoutUrls.length === 0 && !config.logoutRequest) return false
    try {
      const { response, isTold } = await when(() => {
        const signal = AbortSignal.timeout(config.timeout)
        return limited(signal, send(signal, was))
      })
      const { status } = response
      const isMissing = status === 404 || status === 405
      const hint =
        isMissing && !config.logoutRequest ? ` to a ${config.logoutMethod}: see logoutMethod` : ': see logoutRequest'
      if (!isTold) log('warn', `the logout URL answered ${status}${hint}`)
      return isTold
    } catch {
      log('warn', 'the logout URL could not be reached; the session has ended here')
      return false
    }
  }

  /** Of a session in cookies: where the server has not heard of its end, its cookies may go on. */
  const settle = async (over: Session, isTold: boolean): Promise<Session> => {
    if (!isAllInCookies || over.status !== 'anonymous' || (isTold && !mayBeLeft(over))) return over
    if (!isTold) log('warn', 'the server could not be told of a logout: its cookies may still be there')
    return sessions.change(latest => {
      if (latest.status !== 'anonymous' || latest.generation !== over.generation) return latest
      return isTold ? ended(latest, latest.reason) : withCookieLeft(latest)
    })
  }

  const tell = async (over: Session, was: Authenticated | null, when = inTurn) => settle(over, await ask(was, when))

  const noted = <T>(work: Promise<T>): Promise<T> => {
    telling = Promise.allSettled([telling, work])
    return work
  }

  const cookies: TellOfCookies | null = isInCookie
    ? {
        again: async was => (waiting > 0 ? null : tell(sessions.latest(), was, atOnce)),
        settled: () => telling,
        resume: async () => {
          await telling
          await alone(locks, config, async isAlone => {
            const session = await sessions.load()
            // Without the lock, another worker may be at it.
            if (isAlone && session.status === 'anonymous' && session.isUntold) await tell(session, null, atOnce)
          })
        },
      }
    : null

  return {
    tell: end => noted(end.then(({ session, was }) => tell(session, was))),
    forward: (request, end) => {
      const deliver = async () => {
        const { was } = await end
        let isTold = false
        try {
          const answered = await inTurn(() => send(request, was))
          isTold = answered.isTold
          return answered.response
        } finally {
          await settle(sessions.latest(), isTold)
        }
      }
      return noted(deliver())
    },
    cookies,
  }
}
