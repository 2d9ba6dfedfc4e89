import { expect, it } from 'vitest'
import { createEndEvents } from '../../../sw/event-streams.ts'
import { ORIGIN } from '../kit.ts'

function setUp(waits = true) {
  const registration = Object.assign(new EventTarget(), { installing: null as ServiceWorker | null })
  const endEvents = createEndEvents(registration, () => waits)
  const installed = () => {
    const worker = Object.assign(new EventTarget(), { state: 'installing' })
    registration.installing = worker as unknown as ServiceWorker
    registration.dispatchEvent(new Event('updatefound'))
    worker.state = 'installed'
    worker.dispatchEvent(new Event('statechange'))
  }
  let isCancelled = false
  const body = new ReadableStream({
    start: controller => controller.enqueue(new TextEncoder().encode('data: 1\n\n')),
    cancel: () => {
      isCancelled = true
    },
  })
  const answerOf = (type: string) => new Response(body, { headers: { 'Content-Type': type } })
  return { endEvents, installed, answerOf, isCancelled: () => isCancelled }
}

const eventSource = () => new Request(`${ORIGIN}/api`, { headers: { Accept: 'text/event-stream' }, cache: 'no-store' })

it('what an EventSource reads ends when a new version is ready, as if the server had ended it (V32)', async () => {
  const { endEvents, installed, answerOf, isCancelled } = setUp()
  const response = await endEvents(eventSource(), Promise.resolve(answerOf('text/event-stream; charset=utf-8')))
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  expect(new TextDecoder().decode((await reader.read()).value)).toBe('data: 1\n\n')
  expect(isCancelled()).toBe(false)
  installed()
  expect((await reader.read()).done).toBe(true)
  expect(isCancelled()).toBe(true)
})

it.each([
  [
    'that a script reads by fetch',
    new Request(`${ORIGIN}/api`, { headers: { Accept: 'text/event-stream' } }),
    'text/event-stream',
  ],
  ['of a POST', new Request(eventSource(), { method: 'POST' }), 'text/event-stream'],
  ['of something else', eventSource(), 'application/json'],
])('a stream %s is left alone', async (_, request, type) => {
  const { endEvents, installed, answerOf, isCancelled } = setUp()
  const response = answerOf(type)
  expect(await endEvents(request, Promise.resolve(response))).toBe(response)
  installed()
  expect(isCancelled()).toBe(false)
})

it('is left alone where a new version does not wait for it (V32)', async () => {
  const { endEvents, answerOf } = setUp(false)
  const response = answerOf('text/event-stream')
  expect(await endEvents(eventSource(), Promise.resolve(response))).toBe(response)
})

it('one that fails, or that the page gives up, is not ended again', async () => {
  const { endEvents, installed } = setUp()
  const broken = new Response(new ReadableStream({ start: controller => controller.error(new TypeError('broken')) }), {
    headers: { 'Content-Type': 'text/event-stream' },
  })
  await expect((await endEvents(eventSource(), Promise.resolve(broken))).text()).rejects.toThrow('broken')
  const { answerOf, isCancelled } = setUp()
  const response = await endEvents(eventSource(), Promise.resolve(answerOf('text/event-stream')))
  await response.body?.cancel()
  expect(isCancelled()).toBe(true)
  installed()
})
