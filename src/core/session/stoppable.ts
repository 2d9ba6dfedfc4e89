import { COOKIES } from '../features.ts'
import { rebuild } from '../http/rebuild.ts'
import type { Config } from '../options/config.ts'
import type { Fetch } from '../ports.ts'

/** A fetch whose requests that are under way can be stopped, all of them: no cookie comes of them then. */
export interface Stoppable {
  readonly fetch: Fetch
  readonly stop: () => void
}

export function createStoppable(fetch: Fetch, { refreshTokenIn }: Pick<Config, 'refreshTokenIn'>): Stoppable {
  if (!COOKIES || refreshTokenIn !== 'cookie') return { fetch, stop: () => undefined }
  const open = new Set<AbortController>()
  return {
    fetch: async request => {
      const controller = new AbortController()
      const { signal } = request
      signal.addEventListener('abort', () => controller.abort(signal.reason))
      open.add(controller)
      try {
        return await fetch(rebuild(request, { signal: controller.signal }))
      } finally {
        open.delete(controller)
      }
    },
    stop: () => {
      for (const controller of open) controller.abort()
    },
  }
}
