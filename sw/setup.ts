/// <reference lib="webworker" />
import { clientsClaim } from 'workbox-core/clientsClaim.js'
import { openStore } from '../src/browser/records.ts'
import { STATIC_ROUTES } from '../src/core/features.ts'
import type { Config } from '../src/core/options/config.ts'
import { resolveConfigs } from '../src/core/options/configs.ts'
import type { Options } from '../src/core/options/options.ts'
import { isDevelopment } from '../src/core/trace.ts'
import type { RefreshWorkerError } from '../src/errors.ts'
import { SETUP_CHANNEL, type SetupError } from '../src/protocol.ts'
import type { AuthorizedApi } from './caches/authorized-api.ts'
import { createHost, type Host } from './host.ts'
import { log } from './log.ts'
import { createPlatform } from './platform.ts'
import { type StaticRoute, staticRoutes } from './static-routes.ts'

declare const self: ServiceWorkerGlobalScope

/**
 * Makes this service worker authorize API requests and keep the session fresh. Call it once, while the browser first
 * evaluates the worker script, and before other libraries add fetch listeners: the first listener that answers wins.
 * @param options one configuration, or several: one for each API and authorization server, each with its `storageKey`.
 * A page that names no session means the first.
 * @returns the argument for `registerApiRoute`
 * @throws {ConfigError} code `config_error`: an option is unknown or wrong, or two configurations claim one URL
 */
export function setup(options: Options | readonly Options[]): AuthorizedApi {
  // First, since it opens the database, which is there by the time that all else is made.
  let store = openStore()
  const api: AuthorizedApi = { routes: [], router: null, sweeper: null }
  // One that the browser starts again has had these options before.
  const isAgain = self.serviceWorker?.state === 'activated'
  let resolved: readonly Config[] | undefined
  const configs = () => {
    resolved ??= resolveConfigs(options, self.location.href, isAgain)
    return resolved
  }
  let made: Host | undefined
  /** As if the worker had been stopped, as far as a script can do that. */
  const forget = () => {
    store = openStore()
    made = undefined
  }
  const host = (): Host => {
    made ??= createHost({
      configs: configs(),
      api,
      platform: createPlatform(store),
      ...(isDevelopment ? { forget } : {}),
    })
    return made
  }

  self.addEventListener('fetch', event => host().fetch(event))
  self.addEventListener('message', event => host().message(event))
  self.addEventListener('activate', event => host().activate(event))

  // The event that it is started for comes only when the script is through: all that can be made while it is on its way, is.
  // In the second task from now, since in the first one Chromium tells the browser that the worker has started.
  if (isAgain) {
    setTimeout(() => setTimeout(host))
    return api
  }

  const hasLifecycle = orTellPages(configs).every(({ lifecycle }) => lifecycle)
  self.addEventListener('install', event => {
    // Not waited for: a silent issuer is no reason for a new version to wait.
    for (const core of host().cores) core.prepare()
    const { addRoutes } = event as { addRoutes?: (routes: readonly StaticRoute[]) => Promise<void> }
    const routes = STATIC_ROUTES && staticRoutes(configs())
    // They spare work, no more.
    const added =
      routes && addRoutes?.call(event, routes).catch(() => log('warn', 'the browser did not take the static routes'))
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
