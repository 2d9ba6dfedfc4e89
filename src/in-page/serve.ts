import { createDevtoolsHost } from '../browser/devtools-host.ts'
import { createAnswerPage } from '../core/answer-page.ts'
import { type Core, createCore } from '../core/core.ts'
import { createDispatch } from '../core/dispatch.ts'
import type { Config } from '../core/options/config.ts'
import { resolveConfigs } from '../core/options/configs.ts'
import type { Options } from '../core/options/options.ts'
import type { Store } from '../core/ports.ts'
import { createFallbackStore } from '../core/session/fallback-store.ts'
import { removeLeftovers } from '../core/session/owner.ts'
import { isDevelopment } from '../core/trace.ts'
import type { InPageSession, Place } from '../page/in-page.ts'
import { parsePageRequest } from '../protocol.ts'
import { answerDevtools } from './answer-devtools.ts'
import { mendForms } from './forms.ts'
import { patchBeacon, patchEventSource } from './other-senders.ts'
import { createPlatform } from './platform.ts'
import { createSend } from './send.ts'
import { createXhrSenders } from './xhr.ts'

declare const __VERSION__: string

/** How long (milliseconds) a page has served before it tidies up. */
const TIDY_DELAY = 1_000

/**
 * The core, with a page as its host.
 * @throws {ConfigError} code `config_error`
 */
export function serve(options: Options | readonly Options[], place: Place): InPageSession {
  const { scriptUrl, scope, own, mayRetire, isRetired, tell } = place
  const configs = resolveConfigs(options, scriptUrl)
  const worker = standIn(scriptUrl, (message, port) => answer(message, port))
  const platform = createPlatform({
    fetch: request => {
      const { fetch } = own
      return fetch(request)
    },
    isRetired,
    // A copy, as a worker's messages are: who gets it may do with it what they like.
    broadcast: async message => tell(structuredClone(message), worker),
  })
  const devtools = isDevelopment
    ? createDevtoolsHost({ ports: platform.ports, configs, scope, cores: () => cores, isPage: true })
    : null
  const ports = isDevelopment && devtools ? devtools.ports : platform.ports
  const { store: durable } = platform
  const { now, later, fetch, log } = ports
  const storeIn = (durable: Store) => createFallbackStore({ durable, now, later, log })
  const store = storeIn(durable)
  const about = {
    version: __VERSION__,
    host: 'page',
    scope,
    ...(isDevelopment ? { isDevelopment: true as const } : {}),
    storageKeys: configs.map(({ storageKey }) => storageKey),
  } as const
  const cores: readonly Core[] = configs.map((config, index) =>
    createCore({
      config,
      isDefault: index === 0,
      about,
      routes: [],
      onSession: async () => undefined,
      // What only this page's memory has is of no use to others: they know nothing of it, and it nothing of theirs.
      store: isPrivate(config) ? storeIn(createMemory()) : store,
      ports,
    }),
  )
  for (const core of cores) {
    core.start()
    core.arrive()
  }
  // What a worker does when it is activated; one that may still come does it itself.
  later(TIDY_DELAY, () => {
    if (!mayRetire())
      removeLeftovers(durable, configs, scope, log).catch(() => log('warn', 'storage could not be tidied up'))
  })

  const answerPage = createAnswerPage({ cores, claim: async () => undefined, isAnyOpen: () => false })
  const answer = async (data: unknown, port: MessagePort) => {
    const message = parsePageRequest(data)
    if (message) port.postMessage(await answerPage(message, stayAlive))
  }

  if (isDevelopment && devtools) answerDevtools(devtools, scope)
  const dispatch = createDispatch({ cores, fetch, log, ...(isDevelopment && devtools ? devtools : {}) })
  const send = createSend({ dispatch, own, mayRetire, isRetired })
  mendForms()
  patchEventSource(send)
  patchBeacon(send)
  const registration = { active: worker, waiting: null, installing: null, scope, update: async () => registration }
  return {
    registration: registration as unknown as ServiceWorkerRegistration,
    senders: { fetch: send.fetch, ...createXhrSenders(send, own) },
    isPrivate: configs.some(isPrivate),
  }
}

/** Whether the tokens are in memory, and nothing else can bring others. */
function isPrivate({ storage, refreshTokenIn }: Config): boolean {
  return storage === 'memory' && refreshTokenIn !== 'cookie'
}

function createMemory(): Store {
  const records = new Map<string, unknown>()
  return {
    read: async key => records.get(key),
    update: async (key, updater) => void records.set(key, updater(records.get(key))),
    watch: () => undefined,
  }
}

/** A page lives as long as it does. */
const stayAlive = () => undefined

/** What pages speak to as they speak to a worker. */
function standIn(scriptURL: string, answer: (message: unknown, port: MessagePort) => void): ServiceWorker {
  const worker = Object.assign(new EventTarget(), {
    scriptURL,
    state: 'activated',
    postMessage: (message: unknown, [port]: [MessagePort]) => answer(structuredClone(message), port),
  })
  return worker as unknown as ServiceWorker
}
