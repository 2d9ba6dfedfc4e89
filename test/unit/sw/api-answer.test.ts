import { expect, it } from 'vitest'
import type { ApiPart } from '../../../src/core/requests/api-route.ts'
import { createApiAnswer } from '../../../sw/caches/api-answer.ts'
import { configOf, ORIGIN } from '../kit.ts'

it('a route whose isFor throws has said no, and the request goes on without it (V11)', () => {
  const log: string[] = []
  const { takes } = createApiAnswer({
    isFor: () => {
      throw new RangeError('secret')
    },
    strategy: { handle: () => Promise.reject(new Error('not to be asked')), _handle: async () => undefined },
    caches: {} as CacheStorage,
    sweeper: { ready: async () => undefined },
    log: (_, line) => log.push(line),
  })
  const part = { config: configOf() } as unknown as ApiPart
  for (let n = 0; n < 3; n++) expect(takes(part, new Request(`${ORIGIN}/api/me`))).toBe(false)
  expect(log).toEqual([expect.stringContaining('registerApiRoute() has thrown (RangeError)')])
})
