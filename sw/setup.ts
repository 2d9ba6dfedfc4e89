/// <reference lib="webworker" />
import { clientsClaim } from 'workbox-core/clientsClaim.js'
import { Route } from 'workbox-routing/Route.js'
import { Router } from 'workbox-routing/Router.js'
import { envelope, parsePageRequest } from '../src/protocol.ts'
import { createAuthorize } from './authorize.ts'
import { createBackOff } from './back-off.ts'
import { sendable } from './body.ts'
import { type Options, resolveConfig } from './config.ts'
import { createDpop } from './dpop.ts'
import { es256 } from './es256.ts'
import { createFallbackStore } from './fallback-store.ts'
import { createFreshSession } from './fresh-session.ts'
import { createLogin } from './login.ts'
import { createLogout } from './logout.ts'
import { createAnswerMessage, createDescribeState } from './messages.ts'
import { createOpenAnswers } from './open-answers.ts'
import { createPlatform } from './platform.ts'
import type { WaitUntil } from './ports.ts'
import { createRenew } from './renewal.ts'
import { createRevoke } from './revocation.ts'
import { createMatcher, type RequestKind } from './routes.ts'
import { createSessionStore, type OnChange } from './session-store.ts'
import { type StaticRoute, staticRoutes } from './static-routes.ts'
import { createTokenEndpoint } from './token-endpoint.ts'
import { createTokenVault } from './token-vault.ts'

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
  const { now, newId, clients, log } = platform
  const store = createFallbackStore({ durable: platform.store, now, log })
  const describeState = createDescribeState(config, now, newId)
  const onChange: OnChange = (session, reason) =>
    // What is stored is stored: that a page could not be told is no reason for a login to fail.
    clients
      .broadcast(envelope({ ...describeState(session), reason }))
      .catch(() => log('warn', 'pages could not be told'))
  const sessions = createSessionStore({
    config,
    store: config.storage === 'memory' ? createTokenVault(store) : store,
    onChange,
  })
  const dpop = config.dpop ? createDpop({ ...platform, config, store, es256 }) : null
  const prover = dpop?.prover ?? null
  const fetchTokens = dpop?.refresh ?? platform.fetch
  const tokenEndpoint = createTokenEndpoint(config, fetchTokens, now)
  const revoke = createRevoke({ ...platform, config, fetch: fetchTokens })
  const freshSession = createFreshSession({
    ...platform,
    config,
    revoke,
    sessions,
    tokenEndpoint,
    backOff: createBackOff(platform),
  })
  const authorize = createAuthorize({ ...platform, config, sessions, freshSession, prover })
  const login = createLogin({ ...platform, config, sessions, fetch: dpop?.login ?? platform.fetch })
  const renew = createRenew({ ...platform, config, freshSession })
  const { logout, forward } = createLogout({ ...platform, config, sessions, prover, revoke })
  const openAnswers = createOpenAnswers(platform)
  const about = { version: __VERSION__, scope: self.registration.scope }
  const answerMessage = createAnswerMessage({
    ...platform,
    config,
    sessions,
    freshSession,
    logout,
    describeState,
    about,
    isDurable: store.isDurable,
    isAnswering: openAnswers.isAnyOpen,
  })

  const answer = async (kind: RequestKind, original: Request, waitUntil: WaitUntil): Promise<Response> => {
    const request = await sendable(original)
    switch (kind) {
      case 'login':
      case 'signup':
        return (await renew(request)) ?? login(request, kind)
      case 'token':
        return (await renew(request)) ?? platform.fetch(request)
      case 'logout':
        return forward(request, waitUntil)
      case 'api':
        return authorize(request, waitUntil)
    }
  }

  // A router of our own: the default one also has a message listener, by which any page can drive requests.
  const router = new AnyMethodRouter()
  const kinds = new WeakMap<Request, RequestKind>()
  router.registerRoute(
    new Route(
      ({ request }) => kinds.has(request),
      ({ request, event }) => {
        const waitUntil: WaitUntil = promise => event.waitUntil(promise)
        const response = answer(kinds.get(request) as RequestKind, request, waitUntil)
        if (!platform.stopsAnswers) return response
        const { clientId } = event as FetchEvent
        const { destination } = request
        return openAnswers.follow(response, { clientId, destination, waitUntil })
      },
    ),
  )
  const match = createMatcher(config)
  self.addEventListener('fetch', event => {
    const { request } = event
    const kind = match(request, new URL(request.url))
    // Nor does the router see what is not ours: it would log the URL, which may hold a code or a token.
    if (!kind) return
    kinds.set(request, kind)
    const response = router.handleRequest({ request, event })
    if (response) event.respondWith(response)
  })

  self.addEventListener('message', event => {
    const [port] = event.ports
    const message = isFromPage(event) ? parsePageRequest(event.data) : null
    if (!port || !message) return
    event.waitUntil(answerMessage(message, promise => event.waitUntil(promise)).then(reply => port.postMessage(reply)))
  })

  const routes = config.staticRoutes ? staticRoutes(config) : null
  if (routes)
    self.addEventListener('install', event => {
      const { addRoutes } = event as { addRoutes?: (routes: readonly StaticRoute[]) => Promise<void> }
      // They spare work, no more.
      const added = addRoutes
        ?.call(event, routes)
        .catch(() => log('warn', 'the browser did not take the static routes'))
      if (added) event.waitUntil(added)
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
