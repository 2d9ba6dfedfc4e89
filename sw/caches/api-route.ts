import type { UrlPredicate } from '../../src/core/options/options.ts'
import type { Log } from '../../src/core/ports.ts'
import type { ApiPart, ApiRoute, Extendable } from '../../src/core/requests/api-route.ts'
import { hasOwnCredentials } from '../../src/core/requests/attach.ts'
import { createAsk } from '../../src/core/requests/predicates.ts'
import { type Authenticated, isSame, sessionIdOf } from '../../src/core/session/session.ts'
import { type Access, bindToSession, type StrategyHandler, type Sweeper } from './session-cache.ts'

/** What `setup()` returns, to be given to `registerApiRoute`. */
export interface AuthorizedApi {
  readonly routes: ApiRoute[]
  /** Null as long as there are no routes. */
  sweeper: Sweeper | null
}

/** As much of Workbox's and Serwist's base class of strategies as is used here. */
export interface Strategy {
  readonly fetchOptions?: RequestInit
  readonly handle: (options: { request: Request; event: Extendable }) => Promise<Response>
  _handle: (request: Request, handler: StrategyHandler) => Promise<Response | undefined>
}

interface Needs {
  readonly isFor: UrlPredicate
  readonly strategy: Strategy
  readonly caches: CacheStorage
  readonly sweeper: Pick<Sweeper, 'ready'>
  readonly log: Log
}

/** A route by which a caching strategy answers what a logged-in user asks for, out of that session's answers alone. */
export function createApiRoute({ isFor, strategy, caches, sweeper, log }: Needs): ApiRoute {
  const ask = createAsk('registerApiRoute()', log)
  const granted = new WeakMap<object, Access>()
  const handle = strategy._handle.bind(strategy)
  // For subclasses to define, in both libraries: the one place where a strategy gets hold of what it works by.
  strategy._handle = (request, handler) => {
    const access = granted.get(handler.event)
    if (access) bindToSession({ handler, access, caches, fetchOptions: strategy.fetchOptions ?? {} })
    return handle(request, handler)
  }

  const answer = async (part: ApiPart, request: Request, event: Extendable): Promise<Response> => {
    const session = await part.freshSession.current()
    await sweeper.ready(part.config.storageKey, sessionIdOf(session))
    if (session.status === 'anonymous') return part.authorize(request, promise => event.waitUntil(promise))
    granted.set(event, accessFor(part, session, event))
    return strategy.handle({ request, event })
  }

  return (part, request, event) => {
    const isOurs = request.method === 'GET' && ask(isFor, new URL(request.url), request)
    // What somebody gets by other credentials is not the session's.
    return isOurs && !hasOwnCredentials(request, part.config) ? answer(part, request, event) : null
  }
}

function accessFor(part: ApiPart, session: Authenticated, event: Extendable): Access {
  const { config, match, sessions, authorize, fetch } = part
  return {
    storageKey: config.storageKey,
    sessionId: session.id,
    isCurrent: async () => isSame(await sessions.load(), session),
    send: async request => {
      // A plugin of the strategy's may have led it elsewhere.
      if (match(request, new URL(request.url)) !== 'api') return fetch(request)
      const response = await authorize(request, promise => event.waitUntil(promise))
      if (response.type === 'error') throw new TypeError('the request could not be authorized')
      return response
    },
  }
}
