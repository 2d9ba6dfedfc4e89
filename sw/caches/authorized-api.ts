import type { ApiRoute } from '../../src/core/requests/api-route.ts'
import type { ApiRouter } from './api-router.ts'
import type { Sweeper } from './session-cache.ts'

/** What `setup()` returns. Give it to `registerApiRoute`. */
export interface AuthorizedApi {
  readonly routes: ApiRoute[]
  /** Null while there are no routes. */
  router: ApiRouter | null
  sweeper: Sweeper | null
}
