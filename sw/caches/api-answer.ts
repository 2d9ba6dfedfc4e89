import type { UrlPredicate } from '../../src/core/options/options.ts'
import type { Log } from '../../src/core/ports.ts'
import type { ApiPart, Extendable } from '../../src/core/requests/api-route.ts'
import { hasOwnCredentials } from '../../src/core/requests/attach.ts'
import { createAsk, warnOnce } from '../../src/core/requests/predicates.ts'
import { type Authenticated, isSame, sessionIdOf } from '../../src/core/session/session.ts'
import { type Access, bindToSession, type StrategyHandler, type Sweeper } from './session-cache.ts'

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

/** Answers some of the API's requests. */
export interface ApiAnswer {
  readonly takes: (part: ApiPart, request: Request) => boolean
  readonly answer: (part: ApiPart, request: Request, event: Extendable) => Promise<Response>
}

/** Has a caching strategy answer what a logged-in user asks for, out of that session's answers alone. */
export function createApiAnswer({ isFor, strategy, caches, sweeper, log }: Needs): ApiAnswer {
  const ask = createAsk('registerApiRoute()', warnOnce(log))
  const granted = new WeakMap<object, Access>()
  const handle = strategy._handle.bind(strategy)
  // For subclasses to define, in both libraries: the one place where a strategy gets hold of what it works by.
  strategy._handle = (request, handler) => {
    const access = granted.get(handler.event)
    if (access) bindToSession({ handler, access, caches, fetchOptions: strategy.fetchOptions ?? {} })
    return handle(request, handler)
  }

  return {
    // What somebody gets by other credentials is not the session's.
    takes: (part, request) => ask(isFor, new URL(request.url), request) && !hasOwnCredentials(request, part.config),
    answer: async (part, request, event) => {
      const session = await part.freshSession.current()
      await sweeper.ready(part.config.storageKey, sessionIdOf(session))
      if (session.status === 'anonymous') return part.authorize(request, promise => event.waitUntil(promise))
      granted.set(event, accessFor(part, session, event))
      return strategy.handle({ request, event })
    },
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
