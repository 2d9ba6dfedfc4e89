/// <reference lib="webworker" />
import { Route } from 'workbox-routing/Route.js'
import { Router } from 'workbox-routing/Router.js'
import type { ApiPart, ApiRoute } from '../../src/core/requests/api-route.ts'
import { isDevelopment } from '../../src/core/trace.ts'
import type { ApiAnswer } from './api-answer.ts'

declare const self: ServiceWorkerGlobalScope

/** Finds who of several answers an API request, by Workbox's router; all of them together are one route of the core's. */
export interface ApiRouter {
  readonly add: (answer: ApiAnswer) => void
  readonly route: ApiRoute
}

export function createApiRouter(): ApiRouter {
  // One of our own: the default one also has a message listener, by which any page can drive requests.
  const router = new Router()
  const parts = new WeakMap<Request, ApiPart>()
  const partOf = (request: Request) => parts.get(request) as ApiPart
  return {
    add: ({ takes, answer }) =>
      router.registerRoute(
        new Route(
          ({ request }) => takes(partOf(request), request),
          ({ request, event }) => answer(partOf(request), request, event),
        ),
      ),
    route: (part, request, event) => {
      parts.set(request, part)
      return quietly(() => router.handleRequest({ request, event: event as ExtendableEvent })) ?? null
    },
  }
}

/** The router's own log would name the whole URL, and a query may hold a code or a token. */
function quietly<T>(route: () => T): T {
  if (!isDevelopment) return route()
  const before = self.__WB_DISABLE_DEV_LOGS
  self.__WB_DISABLE_DEV_LOGS = true
  try {
    return route()
  } finally {
    self.__WB_DISABLE_DEV_LOGS = before
  }
}
