import { own } from '../../protocol.ts'
import { COOKIES } from '../features.ts'
import { readFields } from '../http/body.ts'
import type { Config, HeaderOptions } from '../options/config.ts'
import type { Fetch, WaitUntil } from '../ports.ts'
import type { Farewell } from '../session/current-session.ts'
import { type Anonymous, type Authenticated, ended, type Session, untold, withCookieLeft } from '../session/session.ts'
import type { SessionStore } from '../session/session-store.ts'
import { isGiven, isOf } from '../tokens/placeholder.ts'
import type { Revoke } from '../tokens/revocation.ts'
import { note } from '../trace.ts'
import { attach, placeholderIn } from './attach.ts'
import { carriesPlaceholder, cleaned, filled, placeholdersOf } from './placeholders.ts'
import type { Ended, TellLogout } from './tell-logout.ts'

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
}

interface Needs {
  readonly config: HeaderOptions & Pick<Config, 'accessTokenIn' | 'refreshTokenIn'>
  readonly sessions: SessionStore
  readonly fetch: Fetch
  readonly tellLogout: Pick<TellLogout, 'tell' | 'forward'>
  readonly revoke: Revoke
}

export function createLogout({ config, sessions, fetch, tellLogout, revoke }: Needs): Logout {
  const isInCookie = COOKIES && config.refreshTokenIn === 'cookie'
  const isAllInCookies = COOKIES && config.accessTokenIn === 'cookie'

  /**
   * Ends the stored session, if it is meant, and settles with it as it was, to be told to the server. A store that was slow
   * may make the change once more, later, where somebody else has logged in meanwhile.
   *
   * @param tells who tells the server: should this worker be stopped before it has, the next one is to know
   */
  const end = async (tells: 'worker' | 'page', isMeant?: (session: Authenticated) => boolean): Promise<Ended> => {
    let id: string | undefined
    let was: Authenticated | null = null
    const toBeTold = (over: Anonymous) => (isAllInCookies && tells === 'worker' ? untold(over) : over)
    const session = await sessions.change(latest => {
      was =
        latest.status === 'authenticated' && (isMeant?.(latest) ?? true) && (id ?? latest.id) === latest.id
          ? latest
          : null
      id ??= was?.id
      if (was) return toBeTold(ended(latest, 'logout'))
      if (!isInCookie || isMeant || latest.status === 'authenticated') return latest
      // What of it the server is being asked is of before the logout.
      const over = ended(latest, 'logout')
      return latest.isCookieLeft ? withCookieLeft(over) : toBeTold(over)
    })
    return { session, was }
  }

  const farewell: Farewell = was =>
    Promise.all([revoke(was), tellLogout.tell(Promise.resolve({ session: sessions.latest(), was }))])

  const left: Logout['left'] = async waitUntil => {
    const { was } = await end('page')
    if (was) waitUntil(revoke(was))
    return was
  }

  const logout: Logout['logout'] = async waitUntil => {
    if (isAllInCookies) return tellLogout.tell(end('worker'))
    const { session, was } = await end('worker')
    if (was) waitUntil(farewell(was))
    // There may be a cookie of who is not known here.
    else if (isInCookie) waitUntil(tellLogout.tell(Promise.resolve({ session, was })))
    return session
  }

  return {
    logout,
    farewell,
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
      note(request, 'the session ends, whatever the answer; sent on, to tell the server')
      return tellLogout.forward(
        sent,
        end('worker').then(ended => {
          if (ended.was) waitUntil(revoke(ended.was))
          return ended
        }),
      )
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
      if (isGiven(token))
        await end('page', ({ refreshToken, accessToken }) => [refreshToken, accessToken].includes(token))
      const ready = await cleaned(request)
      return ready instanceof Response ? ready : fetch(ready)
    },
  }
}
