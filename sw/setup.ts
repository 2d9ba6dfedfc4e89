/// <reference lib="webworker" />
import { clientsClaim } from 'workbox-core/clientsClaim.js'
import { Route } from 'workbox-routing/Route.js'
import { Router } from 'workbox-routing/Router.js'
import { parsePageRequest } from '../src/protocol.ts'
import { createAuthorize } from './authorize.ts'
import { type Options, resolveConfig } from './config.ts'
import { createFreshSession } from './fresh-session.ts'
import { createLogin } from './login.ts'
import { createLogout } from './logout.ts'
import { createAnswerMessage, stateMessage } from './messages.ts'
import { createPlatform } from './platform.ts'
import { createMatcher, type RequestKind } from './routes.ts'
import { createSessionStore } from './session-store.ts'
import { createTokenEndpoint } from './token-endpoint.ts'

declare const self: ServiceWorkerGlobalScope
declare const __VERSION__: string

/** Workbox keeps routes by method and knows six; an API may use any. */
class AnyMethodRouter extends Router {
  override findMatchingRoute(options: Parameters<Router['findMatchingRoute']>[0]) {
    for (const route of this.routes.get('GET') ?? []) {
      const params = route.match(options)
      if (params) return { route, params }
    }
    return {}
  }
}

/**
 * Makes this service worker authorize API requests and keep the session fresh. Call it once, while the worker script
 * is first evaluated, and before other libraries add fetch listeners: the first one that answers a request wins.
 * @throws {ConfigError} code `config_error`: an option is unknown or wrong
 */
export function setup(options: Options): void {
  const config = resolveConfig(options, self.location.href)
  const platform = createPlatform()
  const { now, clients } = platform
  const sessions = createSessionStore(platform.store, config.storageKey, (session, reason) =>
    clients.broadcast(stateMessage(session, reason, config, now())),
  )
  const tokenEndpoint = createTokenEndpoint(config, platform.fetch, now)
  const freshSession = createFreshSession({ ...platform, config, sessions, tokenEndpoint })
  const authorize = createAuthorize({ ...platform, config, sessions, freshSession })
  const login = createLogin({ ...platform, config, sessions })
  const { logout, forward } = createLogout({ ...platform, config, sessions })
  const about = { version: __VERSION__, scope: self.registration.scope }
  const answerMessage = createAnswerMessage({ ...platform, config, freshSession, logout, about })

  const answer = (kind: RequestKind, request: Request, event: ExtendableEvent): Promise<Response> => {
    switch (kind) {
      case 'login':
      case 'signup':
        return login(request, kind)
      case 'logout':
        return forward(request)
      case 'api':
        return authorize(request, promise => event.waitUntil(promise))
    }
  }

  const match = createMatcher(config)
  // A router of our own: the default one also has a message listener, by which any page can drive requests.
  const router = new AnyMethodRouter()
  router.registerRoute(
    new Route(
      ({ request, url }) => {
        const kind = match(request, url)
        return kind && { kind }
      },
      ({ request, event, params }) => answer((params as { kind: RequestKind }).kind, request, event),
    ),
  )
  self.addEventListener('fetch', event => {
    const { request } = event
    // The router would log the URL of what it does not match, which may hold a code or a token.
    if (!match(request, new URL(request.url))) return
    const response = router.handleRequest({ request, event })
    if (response) event.respondWith(response)
  })

  self.addEventListener('message', event => {
    const [port] = event.ports
    const message = isFromPage(event) ? parsePageRequest(event.data) : null
    if (!port || !message) return
    event.waitUntil(answerMessage(message, promise => event.waitUntil(promise)).then(reply => port.postMessage(reply)))
  })

  if (config.lifecycle) {
    self.addEventListener('install', () => {
      self.skipWaiting()
    })
    clientsClaim()
  }
}

/** Other windows of the origin can reach this worker too, and frames of other origins can be handed a way to. */
function isFromPage({ origin, source }: ExtendableMessageEvent): boolean {
  return origin === self.location.origin && source instanceof Client && source.url.startsWith(self.registration.scope)
}
