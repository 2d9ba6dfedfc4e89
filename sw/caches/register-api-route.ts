/// <reference lib="webworker" />

import type { UrlPredicate } from '../../src/core/options/options.ts'
import { ConfigError } from '../../src/errors.ts'
import { log } from '../log.ts'
import { createApiAnswer, type Strategy } from './api-answer.ts'
import { createApiRouter } from './api-router.ts'
import type { AuthorizedApi } from './authorized-api.ts'
import { createSweeper } from './session-cache.ts'

declare const self: ServiceWorkerGlobalScope

/** A caching strategy of Workbox or Serwist, such as a `NetworkFirst`. */
export interface ApiStrategy {
  handle(options: { event: ExtendableEvent; request: Request }): Promise<Response>
}

/**
 * Lets a caching strategy answer some of the API's GET requests. They get the access token, the refresh and the replay like
 * any other. The cache belongs to the session: a user's answers never go to another user, nor to a page where nobody is
 * logged in, and the worker deletes them when the session ends.
 *
 * While somebody is logged in, the strategy gets the requests that match `apiUrls` and bring no `Authorization` of their
 * own. Of several routes, the first whose `isFor` returns true takes a request.
 * @throws {ConfigError} code `config_error`: `strategy` is not one of Workbox or Serwist
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
