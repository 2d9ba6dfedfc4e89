import { expect, it } from 'vitest'
import type { ApiPart } from '../../../src/core/requests/api-route.ts'
import { createApiRoute } from '../../../sw/caches/api-route.ts'
import { configOf, ORIGIN } from '../kit.ts'

it('a route whose isFor throws has said no, and the request goes on without it (V11)', () => {
  const log: string[] = []
  const route = createApiRoute({
    isFor: () => {
      throw new RangeError('secret')
    },
    strategy: { handle: () => Promise.reject(new Error('not to be asked')), _handle: async () => undefined },
    caches: {} as CacheStorage,
    sweeper: { ready: async () => undefined },
    log: (_, line) => log.push(line),
  })
  const event = { waitUntil: () => undefined } as unknown as Parameters<typeof route>[2]
  const part = { config: configOf() } as unknown as ApiPart
  for (let n = 0; n < 3; n++) expect(route(part, new Request(`${ORIGIN}/api/me`), event)).toBeNull()
  expect(log).toEqual([expect.stringContaining('registerApiRoute() has thrown (RangeError)')])
})
