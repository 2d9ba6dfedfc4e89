import { describe, expect, it } from 'vitest'
import { createOpenAnswers } from '../../../sw/open-answers.ts'
import { deferred, jsonResponse, received } from '../kit.ts'

function setUp() {
  const told: [string, unknown][] = []
  const waiting: [number, () => void][] = []
  const held: Promise<unknown>[] = []
  const answers = createOpenAnswers({
    pages: { tell: async (clientId, message) => void told.push([clientId, message]) },
    later: (delay, task) => void waiting.push([delay, task]),
  })
  const pass = () => {
    for (const [, task] of waiting.splice(0)) task()
  }
  const follow = (answer: Promise<Response>, clientId = '', destination: RequestDestination = '') =>
    answers.follow(answer, { clientId, destination, waitUntil: promise => held.push(promise) })
  return { follow, isAnyOpen: answers.isAnyOpen, told, waiting, held, pass }
}

/** A response of which the parts come when they are given. */
function streamed(type = 'text/plain') {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  let cancelled: unknown
  const body = new ReadableStream<Uint8Array>({
    start: own => {
      controller = own
    },
    cancel: reason => {
      cancelled = reason
    },
  })
  const response = received(
    new Response(body, { status: 201, statusText: 'Made', headers: { 'X-A': 'b', 'Content-Type': type } }),
  )
  return { response, controller: controller as NonNullable<typeof controller>, cancelled: () => cancelled }
}

describe('an answer that takes long', () => {
  it('has its page asked once to keep the worker alive, for as long as it waits for headers', async () => {
    const { follow, isAnyOpen, told, waiting, pass } = setUp()
    const answer = deferred<Response>()
    const followed = follow(answer.promise, 'client-1')
    expect(isAnyOpen()).toBe(true)
    expect(waiting.map(([delay]) => delay)).toEqual([10_000])
    pass()
    expect(told).toEqual([['client-1', { ns: 'refresh-worker', v: 1, type: 'keep-alive' }]])
    const response = jsonResponse({}, { headers: { 'Content-Length': '2' } })
    answer.resolve(response)
    // A short one is not touched.
    expect(await followed).toBe(response)
    expect(isAnyOpen()).toBe(false)
  })

  it('is given as it is where its status has no body, whatever the browser says', async () => {
    for (const status of [204, 205, 304]) {
      const { follow, isAnyOpen } = setUp()
      // Firefox has a stream there, with which no such response can be built.
      const response = received(new Response(null, { status }))
      Object.defineProperty(response, 'body', { value: new Response('').body })
      expect(await follow(Promise.resolve(response), '')).toBe(response)
      expect(isAnyOpen()).toBe(false)
    }
  })

  it('is given as it is where it is media of another origin, which Firefox would not play else', async () => {
    const { follow } = setUp()
    const response = received(new Response('sound'), { type: 'cors' })
    expect(await follow(Promise.resolve(response), '', 'audio')).toBe(response)
    expect(await follow(Promise.resolve(response), '')).not.toBe(response)
    const own = received(new Response('sound'))
    expect(await follow(Promise.resolve(own), '', 'audio')).not.toBe(own)
  })

  it('counts until its body is read to the end, and has everything that the page can see', async () => {
    const { follow, isAnyOpen } = setUp()
    const { response, controller } = streamed()
    const followed = await follow(Promise.resolve(response))
    expect([followed.status, followed.statusText, followed.headers.get('X-A')]).toEqual([201, 'Made', 'b'])
    const reader = (followed.body as ReadableStream<Uint8Array>).getReader()
    controller.enqueue(new Uint8Array([1]))
    expect(await reader.read()).toEqual({ done: false, value: new Uint8Array([1]) })
    expect(isAnyOpen()).toBe(true)
    controller.close()
    expect((await reader.read()).done).toBe(true)
    expect(isAnyOpen()).toBe(false)
  })

  it('is not cut off by a new version, unless it is one of events, which are asked for again', async () => {
    const { follow, held } = setUp()
    const { response, controller } = streamed()
    const followed = await follow(Promise.resolve(response))
    let isOver = false
    held[0]?.then(() => {
      isOver = true
    })
    controller.enqueue(new Uint8Array([1]))
    await new Promise(resolve => setImmediate(resolve))
    expect(isOver).toBe(false)
    controller.close()
    await followed.arrayBuffer()
    await held[0]
    await follow(Promise.resolve(streamed('text/event-stream; charset=utf-8').response))
    expect(held).toHaveLength(1)
  })

  it('counts until its body breaks off', async () => {
    const { follow, isAnyOpen } = setUp()
    const { response, controller } = streamed()
    const followed = await follow(Promise.resolve(response))
    controller.error(new TypeError('reset'))
    await expect(followed.text()).rejects.toThrow(TypeError)
    expect(isAnyOpen()).toBe(false)
  })

  it('counts until its body is cancelled, and so is the upstream', async () => {
    const { follow, isAnyOpen } = setUp()
    const { response, cancelled } = streamed()
    const followed = await follow(Promise.resolve(response))
    await followed.body?.cancel('enough')
    expect(isAnyOpen()).toBe(false)
    expect(cancelled()).toBe('enough')
  })
})

describe('nobody is asked', () => {
  it.each<[string, Promise<Response>]>([
    ['of a short body', Promise.resolve(jsonResponse({}, { headers: { 'Content-Length': '1048576' } }))],
    ['without a body', Promise.resolve(received(new Response(null, { status: 204 })))],
    ['that was redirected', Promise.resolve(received(new Response('x'), { redirected: true }))],
  ])('for an answer %s that is there in time, and it is not touched', async (_, answer) => {
    const { follow, isAnyOpen, told, pass } = setUp()
    expect(await follow(answer)).toBe(await answer)
    expect(isAnyOpen()).toBe(false)
    pass()
    expect(told).toEqual([])
  })

  it('for a request that has failed', async () => {
    const { follow, isAnyOpen, told, pass } = setUp()
    await expect(follow(Promise.reject(new TypeError('offline')))).rejects.toThrow(TypeError)
    expect(isAnyOpen()).toBe(false)
    pass()
    expect(told).toEqual([])
  })
})
