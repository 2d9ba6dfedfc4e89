/// <reference lib="webworker" />

import type { UrlPredicate } from '../../src/core/options/options.ts'
import { ConfigError } from '../../src/errors.ts'
import { log } from '../log.ts'
import { createApiAnswer, type Strategy } from './api-answer.ts'
import { createApiRouter } from './api-router.ts'
import type { AuthorizedApi } from './authorized-api.ts'
import { createSweeper } from './session-cache.ts'

declare const self: ServiceWorkerGlobalScope

/** A caching strategy of Workbox's or Serwist's, such as a `NetworkFirst`. */
export interface ApiStrategy {
  handle(options: { event: ExtendableEvent; request: Request }): Promise<Response>
}

/**
 * Has a caching strategy answer some of the API's GET requests, with the access token, the refresh and the replay that
 * any other gets. What it caches is the session's: a user's answers are never given to another one or to nobody, and are
 * deleted when the session ends.
 *
 * The strategy is asked for requests that match `apiUrls` and bring no `Authorization` of their own, while somebody is
 * logged in. Of several routes the first one whose `isFor` returns true takes a request.
 * @throws {ConfigError} code `config_error`: `strategy` is none of Workbox's or Serwist's
 */
export function registerApiRoute(api: AuthorizedApi, isFor: UrlPredicate, strategy: ApiStrategy): void {
  if (!isStrategy(strategy)) throw new ConfigError('strategy', "takes one of Workbox's or Serwist's")
  const { caches } = self
  api.sweeper ??= createSweeper(caches)
  if (!api.router) {
    api.router = createApiRouter()
    api.routes.push(api.router.route)
  }
  api.router.add(createApiAnswer({ isFor, strategy, caches, sweeper: api.sweeper, log }))
}

function isStrategy(strategy: ApiStrategy): strategy is ApiStrategy & Strategy {
  return '_handle' in strategy && typeof strategy._handle === 'function'
}
