/// <reference lib="webworker" />
import { createDevtoolsHost } from '../src/browser/devtools-host.ts'
import { createAnswerPage } from '../src/core/answer-page.ts'
import { type Core, createCore } from '../src/core/core.ts'
import { createDispatch } from '../src/core/dispatch.ts'
import type { Config } from '../src/core/options/config.ts'
import type { WaitUntil } from '../src/core/ports.ts'
import { createFallbackStore } from '../src/core/session/fallback-store.ts'
import { removeLeftovers } from '../src/core/session/owner.ts'
import { isDevelopment, sentBy } from '../src/core/trace.ts'
import { type ClientReport, parseDevtoolsRequest } from '../src/devtools-protocol.ts'
import { parsePageRequest } from '../src/protocol.ts'
import type { AuthorizedApi } from './caches/authorized-api.ts'
import { createEndEvents, type EndEvents } from './event-streams.ts'
import { createOpenAnswers } from './open-answers.ts'
import type { Platform } from './platform.ts'

declare const self: ServiceWorkerGlobalScope
declare const __VERSION__: string

/** How long (milliseconds) after its start a worker tidies up once more: storage may not have answered when it was activated. */
const TIDY_DELAY = 10_000

/** All that this worker does, by what asks for it. */
export interface Host {
  readonly cores: readonly Core[]
  readonly fetch: (event: FetchEvent) => void
  readonly message: (event: ExtendableMessageEvent) => void
  readonly activate: (event: ExtendableEvent) => void
}

interface Needs {
  readonly configs: readonly Config[]
  readonly api: AuthorizedApi
  readonly platform: Platform
  /** For devtools, in development builds: the next event finds a new host. */
  readonly forget?: () => void
}

export function createHost(needs: Needs): Host {
  const { configs, api, platform } = needs
  const { scope } = self.registration
  const devtools = isDevelopment
    ? createDevtoolsHost({ ports: platform.ports, configs, scope, cores: () => cores, forget: needs.forget })
    : null
  const ports = isDevelopment && devtools ? devtools.ports : platform.ports
  const { store: durable, pages, stopsAnswers, waitsForStreams } = platform
  const { now, later, fetch, log } = ports
  const store = createFallbackStore({ durable, now, later, log })
  const { follow, isAnyOpen } = createOpenAnswers({ pages, later })
  const about = {
    version: __VERSION__,
    host: 'worker',
    scope,
    ...(isDevelopment ? { isDevelopment: true as const } : {}),
    storageKeys: configs.map(({ storageKey }) => storageKey),
  } as const
  const onSession = async (storageKey: string, sessionId: string | null) => api.sweeper?.sweep(storageKey, sessionId)
  const cores: readonly Core[] = configs.map((config, index) =>
    createCore({ config, isDefault: index === 0, about, routes: api.routes, onSession, store, ports }),
  )

  for (const core of cores) core.start()

  const tidy = async () => {
    try {
      const removed = await removeLeftovers(durable, configs, scope, log)
      for (const storageKey of removed) await api.sweeper?.sweep(storageKey, null)
    } catch {
      log('warn', 'storage could not be tidied up')
    }
  }
  later(TIDY_DELAY, () => {
    if (self.serviceWorker?.state === 'activated') tidy()
  })

  const hasLifecycle = configs.every(({ lifecycle }) => lifecycle)
  // What the application has wait shall wait.
  const endEvents: EndEvents = hasLifecycle
    ? createEndEvents(self.registration, waitsForStreams)
    : (_, answer) => answer
  const dispatch = createDispatch({ cores, fetch, log, ...(isDevelopment && devtools ? devtools : {}) })
  /** Pages that have asked for a state: with static routes, the worker need not have heard of their navigations. */
  const met = new Set<string>()
  const meet = (id: string) => {
    if (met.has(id)) return
    met.add(id)
    for (const core of cores) if (core.config.staticRoutes) core.arrive()
  }
  const answerPage = createAnswerPage({ cores, claim: pages.claim, isAnyOpen })

  return {
    cores,
    fetch: event => {
      const { request, clientId, resultingClientId } = event
      if (isDevelopment) sentBy(request, clientId)
      const waitUntil: WaitUntil = promise => event.waitUntil(promise)
      if (mayNavigate(request)) {
        const [held] = cores.flatMap(core => core.navigate(request, waitUntil, resultingClientId) ?? [])
        if (held) return event.respondWith(held())
      }
      const answer = dispatch(request)
      if (!answer) return
      const { destination } = request
      // What is sent with `keepalive` is meant to outlive its page.
      const watchPage = request.keepalive ? undefined : () => pages.watch(clientId)
      const answered = endEvents(request, answer(event, watchPage))
      event.respondWith(stopsAnswers ? follow(answered, { clientId, destination, waitUntil }) : answered)
    },
    message: event => {
      // What MSW's own page says to its worker, which is a part of this script then: of two fetch listeners one answers.
      if (event.data === 'MOCK_ACTIVATE')
        log('warn', 'MSW is part of this script, and sees either all requests or none: use withoutWorker')
      const [port] = event.ports
      if (!port || !isFromPage(event)) return
      const wish = isDevelopment && devtools ? parseDevtoolsRequest(event.data) : null
      if (isDevelopment && devtools && wish) {
        const asker = { client: (event.source as Client).id, clients: () => clientsIn(scope) }
        event.waitUntil(devtools.answer(wish, asker).then(reply => port.postMessage(reply)))
      }
      const message = parsePageRequest(event.data)
      if (!message) return
      if (message.type === 'state') meet((event.source as Client).id)
      const reply = answerPage(message, promise => event.waitUntil(promise))
      event.waitUntil(
        reply.then(reply => {
          if (isDevelopment)
            log('debug', `a page asked for ${message.type}: ${reply.type === 'error' ? reply.code : 'answered'}`)
          port.postMessage(reply)
        }),
      )
    },
    activate: event => {
      // Left on by another worker that this one replaces, it would send every navigation twice.
      const { navigationPreload } = self.registration
      event.waitUntil(Promise.resolve(navigationPreload?.disable()).catch(() => undefined))
      // Not waited for: a page would wait with it, and storage may never answer.
      tidy()
    },
  }
}

/** A link's prefetch comes as a request for nothing that has a name. */
function mayNavigate({ mode, destination }: Request): boolean {
  return mode === 'navigate' || (mode === 'no-cors' && destination === '')
}

/** Other windows of the origin can reach this worker too, and frames of other origins can be handed a way to. */
function isFromPage({ origin, source }: ExtendableMessageEvent): boolean {
  return origin === self.location.origin && source instanceof Client && source.url.startsWith(self.registration.scope)
}

/** For devtools. */
async function clientsIn(scope: string): Promise<readonly ClientReport[]> {
  const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true })
  return pages
    .filter(({ url }) => url.startsWith(scope))
    .map(({ id, url, visibilityState }) => ({
      id,
      path: new URL(url).pathname,
      isVisible: visibilityState === 'visible',
    }))
}
