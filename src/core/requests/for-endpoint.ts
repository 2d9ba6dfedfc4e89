import type { HeaderOptions } from '../options/config.ts'
import type { Clock, WaitUntil } from '../ports.ts'
import type { FreshSession } from '../session/fresh-session.ts'
import { isExpired } from '../session/session.ts'
import type { SessionStore } from '../session/session-store.ts'
import { attach, placeholderIn } from './attach.ts'
import { carriesPlaceholder, filled, refuseStale } from './placeholders.ts'

/**
 * Makes a request to the authorization server ready to go out: with the session's tokens in place of placeholders, and
 * without one in `authHeader`, which code adds to every request. A response: it is not to go out, for that reason.
 */
export type ForEndpoint = (request: Request, waitUntil: WaitUntil) => Promise<Request | Response>

interface Needs {
  readonly config: HeaderOptions
  readonly sessions: SessionStore
  readonly freshSession: Pick<FreshSession, 'current' | 'refresh'>
  readonly now: Clock
}

export function createForEndpoint({ config, sessions, freshSession, now }: Needs): ForEndpoint {
  const withTokens = async (request: Request, waitUntil: WaitUntil) => {
    if (!(await carriesPlaceholder(request, config))) return request
    let session = await freshSession.current()
    if (session.status === 'authenticated' && isExpired(session, now()))
      session = await freshSession.refresh(session, waitUntil).catch(() => sessions.latest())
    return (await filled(request, config, session)) ?? refuseStale(session)
  }

  return async (request, waitUntil) => {
    const ready = await withTokens(request, waitUntil)
    return ready instanceof Response || !placeholderIn(ready, config) ? ready : attach(ready, config, null)
  }
}
