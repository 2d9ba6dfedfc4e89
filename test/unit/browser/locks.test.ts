import { expect, it } from 'vitest'
import { createLocks } from '../../../src/browser/locks.ts'
import { deferred } from '../kit.ts'

/** A lock manager as the Web Locks specification has it, for one name. */
function createManager() {
  let tail: Promise<unknown> = Promise.resolve()
  const requests: string[] = []
  const request = (name: string, ...rest: unknown[]) => {
    const [options, callback] = rest.length === 2 ? rest : [{}, rest[0]]
    const { signal } = options as { signal?: AbortSignal }
    requests.push(signal ? 'waits' : 'listens')
    const before = tail
    const aborted = new Promise<never>((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
    const granted = Promise.race([before, aborted]).then(() => (callback as (lock: unknown) => unknown)({ name }))
    tail = Promise.all([before, granted.catch(() => undefined)])
    return granted
  }
  return { requests, request: request as LockManager['request'] }
}

it('runs one task after another, alone', async () => {
  const manager = createManager()
  const locks = createLocks(() => manager)
  const order: string[] = []
  const { promise, resolve } = deferred<void>()
  const first = locks('name', 60_000, async isAlone => {
    await promise
    order.push(`first ${isAlone}`)
  })
  const second = locks('name', 60_000, async isAlone => void order.push(`second ${isAlone}`))
  resolve()
  await Promise.all([first, second])
  expect(order).toEqual(['first true', 'second true'])
})

it('V37: waits once for a lock that a page holds, and again once it has been free', async () => {
  const manager = createManager()
  const { promise, resolve: release } = deferred<void>()
  manager.request('name', () => promise)
  const locks = createLocks(() => manager)
  const run = () => locks('name', 1, async isAlone => isAlone)
  expect([await run(), await run(), await run()]).toEqual([false, false, false])
  expect(manager.requests).toEqual(['listens', 'waits', 'listens'])
  release()
  await expect.poll(run).toBe(true)
})
