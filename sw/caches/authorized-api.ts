import type { ApiRoute } from '../../src/core/requests/api-route.ts'
import type { ApiRouter } from './api-router.ts'
import type { Sweeper } from './session-cache.ts'

/** What `setup()` returns, to be given to `registerApiRoute`. */
export interface AuthorizedApi {
  readonly routes: ApiRoute[]
  /** Null as long as there are no routes. */
  router: ApiRouter | null
  sweeper: Sweeper | null
}
