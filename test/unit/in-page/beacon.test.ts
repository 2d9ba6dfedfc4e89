import { afterEach, describe, expect, it, vi } from 'vitest'
import { createDispatch } from '../../../src/core/dispatch.ts'
import { patchBeacon } from '../../../src/in-page/other-senders.ts'
import { createSend } from '../../../src/in-page/send.ts'

const TOKEN = 'refresh-worker-access-token-of-ada'
const URL_OF_ANOTHER = 'https://other.example/collect'

/** What goes out of a page without a worker, by its own beacons and by `fetch`. */
function setUp() {
  const [beacons, fetched]: [unknown[][], Request[]] = [[], []]
  const fetch = async (request: Request) => {
    fetched.push(request)
    return new Response()
  }
  vi.stubGlobal('navigator', { sendBeacon: (...args: unknown[]) => beacons.push(args) > 0 })
  const dispatch = createDispatch({ cores: [], fetch, log: () => undefined })
  patchBeacon(
    createSend({
      dispatch,
      own: { fetch: async (input, init) => fetch(new Request(input, init)) },
      mayRetire: () => false,
      isRetired: () => false,
    }),
  )
  return { beacons, fetched, sendBeacon: navigator.sendBeacon }
}

describe('a beacon of a page without a worker (G14)', () => {
  afterEach(() => vi.unstubAllGlobals())

  it.each<[string, BodyInit | undefined]>([
    ['no body', undefined],
    ['text', 'text'],
    ['a form', new URLSearchParams({ a: 'b' })],
    ['a Blob', new Blob(['{}'], { type: 'application/json' })],
  ])('is refused as a worker refuses it, where a placeholder stands in its URL: %s', async (_, body) => {
    const { beacons, fetched, sendBeacon } = setUp()
    expect(sendBeacon(`${URL_OF_ANOTHER}?t=${TOKEN}`, body)).toBe(true)
    expect([beacons, fetched]).toEqual([[], []])
  })

  it('goes out as it is, where there is none', () => {
    const { beacons, sendBeacon } = setUp()
    expect(sendBeacon(URL_OF_ANOTHER, 'text')).toBe(true)
    expect(beacons).toEqual([[URL_OF_ANOTHER, 'text']])
  })
})
