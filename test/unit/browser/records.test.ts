import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { openStore } from '../../../src/browser/records.ts'

const KEY = 'refresh-worker'

/** As much of IndexedDB as a look at a record takes. */
function stubDatabase(records: ReadonlyMap<string, unknown>) {
  const answered = (result: unknown) => {
    const request: { onsuccess?: () => void; result?: unknown } = { result }
    queueMicrotask(() => request.onsuccess?.())
    return request
  }
  const objectStore = () => ({ get: (key: string) => answered(records.get(key)) })
  vi.stubGlobal('indexedDB', { open: () => answered({ transaction: () => ({ objectStore }) }) })
}

const channels: FakeChannel[] = []
class FakeChannel {
  onmessage: (() => void) | undefined
  constructor() {
    channels.push(this)
  }
}

beforeEach(() => {
  vi.useFakeTimers()
  channels.length = 0
  vi.stubGlobal('BroadcastChannel', FakeChannel)
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

it('tells of what another worker has stored since the first look, and listens from then on', async () => {
  const records = new Map([[KEY, 'ada']])
  stubDatabase(records)
  const store = openStore()
  const seen: unknown[] = []
  store.watch(async () => void seen.push(await store.read(KEY)))
  expect(await store.read(KEY)).toBe('ada')
  // Nobody has told this worker of it: it is not listening yet.
  records.set(KEY, 'grace')
  expect(channels).toHaveLength(0)
  await vi.runAllTimersAsync()
  expect(seen).toEqual(['grace'])
  expect(channels).toHaveLength(1)

  records.set(KEY, 'edith')
  channels[0]?.onmessage?.()
  await vi.runAllTimersAsync()
  expect(seen).toEqual(['grace', 'edith'])
  expect(channels).toHaveLength(1)
})

it('P8: keeps records where there may be no channel', async () => {
  stubDatabase(new Map([[KEY, 'ada']]))
  vi.stubGlobal(
    'BroadcastChannel',
    class {
      constructor() {
        throw new DOMException('The operation is insecure.', 'SecurityError')
      }
    },
  )
  const store = openStore()
  store.watch(() => expect.unreachable())
  expect(await store.read(KEY)).toBe('ada')
  await vi.runAllTimersAsync()
  expect(await store.read(KEY)).toBe('ada')
})
