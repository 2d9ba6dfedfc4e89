import type { Options } from '../core/options/options.ts'
import type { InPageHost } from '../page/in-page.ts'
import { serve } from './serve.ts'

export type { Options } from '../core/options/options.ts'
export { ConfigError, RefreshWorkerError } from '../errors.ts'
export type { InPageHost } from '../page/in-page.ts'

/**
 * Makes what keeps the session in a page that has no service worker, for `register(…, { withoutWorker })`. It has the same
 * configuration, record, refresh and messages as the worker. Tabs with a worker and tabs without one share all of it.
 * @param options the same options that the worker's script gives to `setup()`
 */
export function inPage(options: Options | readonly Options[]): InPageHost {
  return { serve: place => serve(options, place) }
}
