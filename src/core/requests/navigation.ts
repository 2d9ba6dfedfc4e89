import { limited } from '../http/limit.ts'
import { createHasPrefix } from '../http/urls.ts'
import type { Config } from '../options/config.ts'
import type { Clock, Fetch, WaitUntil } from '../ports.ts'
import type { BackOff } from '../session/back-off.ts'
import { type FreshSession, keyOf } from '../session/fresh-session.ts'
import { isDue, isExpired, type Session } from '../session/session.ts'
import type { SessionStore } from '../session/session-store.ts'

/** How long a person waits for a page (milliseconds); after that it goes out as it is. */
const PATIENCE = 3_000

/** How long the browser may take to send a navigation again that has waited (milliseconds). */
const LET_GO = 10_000

/**
 * Decides on a GET navigation of `navigations`; null: it is not touched, since the session is fresh, or nobody's, or since
 * waiting is of no use: the last refresh has failed a moment ago, or this very page, `clientId`, has waited for as long as
 * a person does, and goes on by a redirect of the server's. What it
 * returns waits for the refresh, and answers with a redirect to the same URL: the browser sends that itself, with the very
 * headers and cookies that it would have sent. A worker that fetched a navigation would vouch for it: Firefox sends
 * `Sec-Fetch-Site: same-origin` then, wherever it comes from.
 *
 * A worker that was just started has to read the record before it knows, and cannot take back by then that it answers: the
 * first navigation is sent again by the browser whatever the session.
 *
 * A page that is prefetched or prerendered is fetched here all the same: Chromium drops one that is redirected by a worker,
 * and begins none for another site.
 */
export type Navigate = (request: Request, waitUntil: WaitUntil, clientId?: string) => (() => Promise<Response>) | null

interface Needs {
  readonly config: Pick<Config, 'navigations' | 'refreshAhead'>
  readonly sessions: Pick<SessionStore, 'seen'>
  readonly freshSession: Pick<FreshSession, 'current' | 'refresh' | 'isRefreshing'>
  readonly backOff: Pick<BackOff, 'obstacle'>
  readonly fetch: Fetch
  readonly now: Clock
}

export function createNavigate({ config, sessions, freshSession, backOff, fetch, now }: Needs): Navigate {
  const isIn = createHasPrefix(config.navigations)
  /** Those that have waited, each of which the browser sends once more. */
  let letGo: readonly { readonly url: string; readonly at: number }[] = []
  /** Pages that have waited in vain for the refresh that is under way. */
  let tired: readonly string[] = []

  const isOld = (session: Session) =>
    session.status === 'authenticated' && (isExpired(session, now()) || isDue(session, now(), config.refreshAhead))

  const isInVain = (session: Session, clientId: string) =>
    session.status === 'authenticated' &&
    (backOff.obstacle(keyOf(session)) || (tired.includes(clientId) && freshSession.isRefreshing(session)))

  return (request, waitUntil, clientId = '') => {
    if (request.method !== 'GET' || !isIn(new URL(request.url))) return null
    const isAhead = /\bprefetch\b/.test(request.headers.get('Sec-Purpose') ?? '')
    if (request.mode !== 'navigate' && !isAhead) return null
    const url = request.url.replace(/#.*/s, '')
    letGo = letGo.filter(({ at }) => Math.abs(now() - at) < LET_GO)
    const again = isAhead ? undefined : letGo.find(one => one.url === url)
    if (again) {
      letGo = letGo.filter(one => one !== again)
      return null
    }
    const seen = sessions.seen()
    if (seen && (!isOld(seen) || isInVain(seen, clientId))) return null
    return async () => {
      const session = await freshSession.current()
      if (session.status === 'authenticated' && isOld(session)) {
        await limited(AbortSignal.timeout(PATIENCE), freshSession.refresh(session, waitUntil)).catch(() => undefined)
        if (!freshSession.isRefreshing(session)) tired = []
        else if (clientId) tired = [...tired, clientId]
      }
      if (isAhead) return fetch(request)
      // Fresh or not: it has waited once.
      letGo = [...letGo, { url, at: now() }]
      return Response.redirect(request.url, 307)
    }
  }
}
