import type { HeaderOptions, SessionName } from '../options/config.ts'
import type { Fetch, WaitUntil } from '../ports.ts'
import type { FreshSession } from '../session/fresh-session.ts'
import type { SessionStore } from '../session/session-store.ts'
import type { Authorize } from './authorize.ts'
import type { MatchRequest } from './routes.ts'

/** As much of a fetch event as is needed here. */
export interface Extendable {
  readonly waitUntil: WaitUntil
}

/** What answers API requests without a route, for a route to use. */
export interface ApiPart {
  readonly config: SessionName & HeaderOptions
  readonly match: MatchRequest
  readonly sessions: SessionStore
  readonly freshSession: Pick<FreshSession, 'current'>
  readonly authorize: Authorize
  readonly fetch: Fetch
}

/** Answers some of the API's requests in place of the network; null: not this one. */
export type ApiRoute = (part: ApiPart, request: Request, event: Extendable) => Promise<Response> | null
