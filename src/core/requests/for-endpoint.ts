import { own } from '../../protocol.ts'
import { readFields } from '../http/body.ts'
import type { HeaderOptions } from '../options/config.ts'
import type { Clock, WaitUntil } from '../ports.ts'
import type { FreshSession } from '../session/fresh-session.ts'
import { isExpired } from '../session/session.ts'
import type { SessionStore } from '../session/session-store.ts'
import { attach, placeholderIn } from './attach.ts'
import type { LoginKind } from './login.ts'
import { carriesPlaceholder, filled } from './placeholders.ts'

/**
 * Makes a request to the authorization server ready to go out: with the session's tokens in place of placeholders, and
 * without one in `authHeader`, which code adds to every request. A login goes without those that stand for nothing, too.
 * A response: the request is not to go out, for such a reason.
 */
export type ForEndpoint = (request: Request, kind: LoginKind, waitUntil: WaitUntil) => Promise<Request | Response>

interface Needs {
  readonly config: HeaderOptions
  readonly sessions: SessionStore
  readonly freshSession: Pick<FreshSession, 'current' | 'refresh'>
  readonly now: Clock
}

export function createForEndpoint({ config, sessions, freshSession, now }: Needs): ForEndpoint {
  const withTokens = async (request: Request, kind: LoginKind, waitUntil: WaitUntil) => {
    if (!(await carriesPlaceholder(request, config))) return request
    let session = await freshSession.current()
    if (session.status === 'authenticated' && isExpired(session, now()))
      session = await freshSession.refresh(session, waitUntil).catch(() => sessions.latest())
    // Of a grant a token is the point. A login goes by something else, and code adds what it holds to every request.
    const isGrant = kind === 'token' || (await grantOf(request)) !== undefined
    return filled(request, config, session, !isGrant)
  }

  return async (request, kind, waitUntil) => {
    const ready = await withTokens(request, kind, waitUntil)
    return ready instanceof Response || !placeholderIn(ready, config) ? ready : attach(ready, config, null)
  }
}

async function grantOf(request: Request): Promise<unknown> {
  return (
    own(await readFields(request), 'grant_type') ?? new URL(request.url).searchParams.get('grant_type') ?? undefined
  )
}
