/// <reference lib="webworker" />
import { clientsClaim } from 'workbox-core/clientsClaim.js'
import { Route } from 'workbox-routing/Route.js'
import { Router } from 'workbox-routing/Router.js'
import { createAnswerPage } from '../src/core/answer-page.ts'
import { createCore } from '../src/core/core.ts'
import { createDispatch } from '../src/core/dispatch.ts'
import { resolveConfigs } from '../src/core/options/configs.ts'
import type { Options } from '../src/core/options/options.ts'
import type { WaitUntil } from '../src/core/ports.ts'
import { createFallbackStore } from '../src/core/session/fallback-store.ts'
import { removeLeftovers } from '../src/core/session/owner.ts'
import { isDevelopment } from '../src/core/trace.ts'
import type { RefreshWorkerError } from '../src/errors.ts'
import { parsePageRequest, SETUP_CHANNEL, type SetupError } from '../src/protocol.ts'
import type { AuthorizedApi } from './caches/api-route.ts'
import { createEndEvents, type EndEvents } from './event-streams.ts'
import { createOpenAnswers } from './open-answers.ts'
import { createPlatform } from './platform.ts'
import { type StaticRoute, staticRoutes } from './static-routes.ts'

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
 * @param options one configuration, or several: one for each API and authorization server, told apart by `storageKey`.
 * Pages that name no session mean the first.
 * @returns what `registerApiRoute` takes
 * @throws {ConfigError} code `config_error`: an option is unknown or wrong, or two configurations claim one URL
 */
export function setup(options: Options | readonly Options[]): AuthorizedApi {
  const configs = orTellPages(() => resolveConfigs(options, self.location.href))
  const api: AuthorizedApi = { routes: [], sweeper: null }
  const { ports, store: durable, pages, stopsAnswers, waitsForStreams } = createPlatform()
  const { now, later, fetch, log } = ports
  const store = createFallbackStore({ durable, now, later, log })
  const { follow, isAnyOpen } = createOpenAnswers({ pages, later })
  const about = {
    version: __VERSION__,
    host: 'worker',
    scope: self.registration.scope,
    storageKeys: configs.map(({ storageKey }) => storageKey),
  } as const
  const onSession = async (storageKey: string, sessionId: string | null) => api.sweeper?.sweep(storageKey, sessionId)
  const cores = configs.map((config, index) =>
    createCore({ config, isDefault: index === 0, about, routes: api.routes, onSession, store, ports }),
  )

  for (const core of cores) core.start()

  // A router of our own: the default one also has a message listener, by which any page can drive requests.
  const router = new AnyMethodRouter()
  const answers = new WeakMap<Request, Promise<Response>>()
  router.registerRoute(
    new Route(
      ({ request }) => answers.has(request),
      ({ request }) => answers.get(request) as Promise<Response>,
    ),
  )
  const hasLifecycle = configs.every(({ lifecycle }) => lifecycle)
  // What the application has wait shall wait.
  const endEvents: EndEvents =
    hasLifecycle && waitsForStreams ? createEndEvents(self.registration) : (_, answer) => answer
  const dispatch = createDispatch({ cores, fetch, log })
  self.addEventListener('fetch', event => {
    const { request, clientId } = event
    const waitUntil: WaitUntil = promise => event.waitUntil(promise)
    if (mayNavigate(request)) {
      const [held] = cores.flatMap(core => core.navigate(request, waitUntil) ?? [])
      if (held) return event.respondWith(held())
    }
    const answer = dispatch(request)
    if (!answer) return
    const { destination } = request
    // What is sent with `keepalive` is meant to outlive its page.
    const watchPage = request.keepalive ? undefined : () => pages.watch(clientId)
    const answered = endEvents(request, answer(event, watchPage))
    answers.set(request, stopsAnswers ? follow(answered, { clientId, destination, waitUntil }) : answered)
    const response = quietly(() => router.handleRequest({ request, event }))
    if (response) event.respondWith(response)
  })

  const answerPage = createAnswerPage({ cores, claim: pages.claim, isAnyOpen })
  self.addEventListener('message', event => {
    const [port] = event.ports
    const message = isFromPage(event) ? parsePageRequest(event.data) : null
    if (!port || !message) return
    const reply = answerPage(message, promise => event.waitUntil(promise))
    event.waitUntil(
      reply.then(reply => {
        if (isDevelopment)
          log('debug', `a page asked for ${message.type}: ${reply.type === 'error' ? reply.code : 'answered'}`)
        port.postMessage(reply)
      }),
    )
  })

  self.addEventListener('install', () => {
    // Not waited for: a silent issuer is no reason for a new version to wait.
    for (const core of cores) core.prepare()
  })

  self.addEventListener('activate', event => {
    // Left on by another worker that this one replaces, it would send every navigation twice.
    const { navigationPreload } = self.registration
    event.waitUntil(Promise.resolve(navigationPreload?.disable()).catch(() => undefined))
    // Not waited for: a page would wait with it, and storage may never answer.
    removeLeftovers(durable, configs, about.scope, log).catch(() => log('warn', 'storage could not be tidied up'))
  })

  const routes = staticRoutes(configs)
  if (routes)
    self.addEventListener('install', event => {
      const { addRoutes } = event as { addRoutes?: (routes: readonly StaticRoute[]) => Promise<void> }
      // They spare work, no more.
      const added = addRoutes
        ?.call(event, routes)
        .catch(() => log('warn', 'the browser did not take the static routes'))
      if (added) event.waitUntil(added)
    })

  if (hasLifecycle) {
    self.addEventListener('install', () => {
      self.skipWaiting()
    })
    clientsClaim()
  }
  return api
}

/** A link's prefetch comes as a request for nothing that has a name. */
function mayNavigate({ mode, destination }: Request): boolean {
  return mode === 'navigate' || (mode === 'no-cors' && destination === '')
}

/** A worker that throws while it is evaluated cannot be messaged, and no browser tells a page what it threw. */
function orTellPages<T>(resolve: () => T): T {
  try {
    return resolve()
  } catch (error) {
    const { code = 'internal_error', message } = error as Partial<RefreshWorkerError> & Error
    const told: SetupError = { scriptUrl: self.location.href, code, message }
    new BroadcastChannel(SETUP_CHANNEL).postMessage(told)
    throw error
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

/** Other windows of the origin can reach this worker too, and frames of other origins can be handed a way to. */
function isFromPage({ origin, source }: ExtendableMessageEvent): boolean {
  return origin === self.location.origin && source instanceof Client && source.url.startsWith(self.registration.scope)
}
