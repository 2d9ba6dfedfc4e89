import { own } from '../../protocol.ts'
import { COOKIES } from '../features.ts'
import { readFields } from '../http/body.ts'
import { limited } from '../http/limit.ts'
import type { Config, HeaderOptions } from '../options/config.ts'
import type { Fetch, Locks, Log, WaitUntil } from '../ports.ts'
import { alone, type LockOptions } from '../session/alone.ts'
import type { Farewell } from '../session/current-session.ts'
import { type Authenticated, ended, type Session, withCookieLeft } from '../session/session.ts'
import type { SessionStore } from '../session/session-store.ts'
import { isGiven, isOf } from '../tokens/placeholder.ts'
import type { Revoke } from '../tokens/revocation.ts'
import { note } from '../trace.ts'
import { attach, placeholderIn } from './attach.ts'
import { carriesPlaceholder, cleaned, filled, placeholdersOf } from './placeholders.ts'
import type { SendLogout } from './send-logout.ts'

export interface Logout {
  /** Ends the session at once, then tells the server, for as long as `waitUntil` keeps the worker alive. */
  readonly logout: (waitUntil: WaitUntil) => Promise<Session>
  /** A page's own request to the logout URL: the session ends, whatever the server answers. */
  readonly forward: (request: Request, waitUntil: WaitUntil) => Promise<Response>
  /**
   * A page's own revocation request (RFC 7009), as OAuth libraries send it. With the placeholder of a login response, in
   * whatever form, it is a logout, answered at once: the placeholder means "the session's own", and goes nowhere. Any other
   * is sent, without placeholders; with a token of the session it is a logout too.
   */
  readonly revocation: (request: Request, waitUntil: WaitUntil) => Promise<Response>
  /** The page itself goes to where a logout ends: the session ends too, and the server hears of it from the page. */
  readonly left: (waitUntil: WaitUntil) => Promise<Authenticated | null>
  readonly farewell: Farewell
  /** Tells the server once more: a refresh that began before the logout has been answered after it. */
  readonly again: Farewell
}

interface Needs {
  readonly config: LockOptions &
    HeaderOptions &
    Pick<Config, 'accessTokenIn' | 'logoutMethod' | 'logoutRequest' | 'logoutUrls' | 'refreshTokenIn'>
  readonly sessions: SessionStore
  readonly fetch: Fetch
  readonly sendLogout: SendLogout
  readonly locks: Locks
  readonly revoke: Revoke
  readonly log: Log
}

export function createLogout({ config, sessions, fetch, sendLogout, locks, revoke, log }: Needs): Logout {
  const isInCookie = COOKIES && config.refreshTokenIn === 'cookie'
  const isAllInCookies = COOKIES && config.accessTokenIn === 'cookie'

  /**
   * Ends the stored session, if it is meant, and settles with it as it was, to be told to the server. A store that was slow
   * may make the change once more, later, where somebody else has logged in meanwhile.
   */
  const end = async (
    isMeant?: (session: Authenticated) => boolean,
  ): Promise<{ session: Session; was: Authenticated | null }> => {
    let id: string | undefined
    let was: Authenticated | null = null
    const session = await sessions.change(latest => {
      was =
        latest.status === 'authenticated' && (isMeant?.(latest) ?? true) && (id ?? latest.id) === latest.id
          ? latest
          : null
      id ??= was?.id
      if (was) return ended(latest, 'logout')
      if (!isInCookie || isMeant || latest.status === 'authenticated') return latest
      // What of it the server is being asked is of before the logout.
      const over = ended(latest, 'logout')
      return latest.isCookieLeft ? withCookieLeft(over) : over
    })
    return { session, was }
  }

  let waiting = 0
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
  const askLogoutUrl = async (was: Authenticated | null, when = inTurn): Promise<boolean> => {
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
  const settle = (session: Session, isTold: boolean): Session | Promise<Session> => {
    const isLeft = session.status === 'anonymous' && session.isCookieLeft === true
    if (!isAllInCookies || isTold === !isLeft) return session
    if (!isTold) log('warn', 'the server could not be told of a logout: its cookies may still be there')
    return sessions.change(latest => {
      if (latest.status !== 'anonymous' || latest.generation !== session.generation) return latest
      return isTold ? ended(latest, latest.reason) : withCookieLeft(latest)
    })
  }

  const farewell: Farewell = was => Promise.all([revoke(was), askLogoutUrl(was)])

  const left: Logout['left'] = async waitUntil => {
    const { was } = await end()
    if (was) waitUntil(revoke(was))
    return was
  }

  const logout: Logout['logout'] = async waitUntil => {
    const { session, was } = await end()
    if (isAllInCookies) return settle(session, await askLogoutUrl(was))
    if (was) waitUntil(farewell(was))
    return session
  }

  return {
    logout,
    farewell,
    again: async was => (waiting > 0 ? null : settle(sessions.latest(), await askLogoutUrl(was, atOnce))),
    left,
    forward: async (request, waitUntil) => {
      const session = await sessions.current()
      const placeholder = placeholderIn(request, config)
      if (placeholder && !isOf(placeholder, session)) {
        note(request, 'sent on without a token: its session is over, and another one stays')
        return fetch(attach(request, config, null))
      }
      // Some servers want the refresh token in the body.
      const sent = (await carriesPlaceholder(request, config)) ? await filled(request, config, session) : request
      if (sent instanceof Response) {
        const isMeant = (await placeholdersOf(request)).some(found => isOf(found, session))
        if (!isMeant || session.status === 'anonymous') return sent
        note(request, 'a logout, answered here: it carries a placeholder that cannot be replaced')
        await logout(waitUntil)
        return new Response(null, { status: 200 })
      }
      const was = await left(waitUntil)
      note(request, 'the session has ended, whatever the answer; sent on, to tell the server')
      try {
        const { response, isTold } = await inTurn(() => send(sent, was))
        await settle(sessions.latest(), isTold)
        return response
      } catch (error) {
        await settle(sessions.latest(), false)
        throw error
      }
    },
    revocation: async (request, waitUntil) => {
      const token = own(await readFields(request), 'token') ?? new URL(request.url).searchParams.get('token')
      const found = await placeholdersOf(request)
      if (found.length > 0 && !isGiven(token)) {
        // That of a session which another login has replaced is of one that is over.
        const session = await sessions.current()
        if (found.some(placeholder => isOf(placeholder, session))) await logout(waitUntil)
        // RFC 7009 §2.2: also for a token that is not known, or not any more.
        return new Response(null, { status: 200 })
      }
      if (isGiven(token)) await end(({ refreshToken, accessToken }) => [refreshToken, accessToken].includes(token))
      const ready = await cleaned(request)
      return ready instanceof Response ? ready : fetch(ready)
    },
  }
}
