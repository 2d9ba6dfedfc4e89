import { expect, it } from 'vitest'
import type { Log } from '../../../src/core/ports.ts'
import { followed, note } from '../../../src/core/trace.ts'
import { createClock, ORIGIN } from '../kit.ts'

function setUp() {
  const clock = createClock()
  const groups: (readonly [title: string, lines: readonly string[]])[] = []
  const group: Log['group'] = (title, lines) => groups.push([title, lines])
  const log: Log = Object.assign(() => undefined, { group })
  const follow = (request: Request, answer: () => Promise<Response>) =>
    followed(request, answer, {
      original: request,
      matchedAs: 'api',
      session: 'shop',
      origin: ORIGIN,
      log,
      now: clock.now,
    })
  return { clock, groups, follow }
}

it('what is done with a request is one group, under its path and outcome, without its query (R35)', async () => {
  const { clock, groups, follow } = setUp()
  const request = new Request(`${ORIGIN}/api/me?code=secret#secret`, { headers: { Authorization: 'Bearer secret' } })
  const response = await follow(request, async () => {
    note(request, 'waits for a refresh')
    clock.time += 42
    note(request, 'sent')
    return new Response(null, { status: 204 })
  })
  expect(response.status).toBe(204)
  expect(groups).toEqual([['GET /api/me → 204, 42 ms', ['matched as api, shop', 'waits for a refresh', 'sent']]])
})

it('each request has steps of its own, at whatever time they come', async () => {
  const { groups, follow } = setUp()
  const [a, b] = [new Request(`${ORIGIN}/a`), new Request(`${ORIGIN}/b`)]
  await Promise.all(
    [a, b].map(request =>
      follow(request, async () => {
        note(request, new URL(request.url).pathname)
        return Response.json({})
      }),
    ),
  )
  note(a, 'too late')
  note(new Request(ORIGIN), 'of a request that nobody follows')
  expect(groups.map(([, lines]) => lines.slice(1))).toEqual([['/a'], ['/b']])
})

it.each([
  ['a network error', async () => Response.error(), 'network error'],
  ['a failure, which reaches the caller', async () => Promise.reject(new TypeError('secret')), 'TypeError'],
])('%s is an outcome too, and another origin is named', async (_, answer, outcome) => {
  const { groups, follow } = setUp()
  const request = new Request('https://api.example/v1/?token=secret', { method: 'DELETE' })
  const status = await follow(request, answer).then(
    () => 'answered',
    ({ name }) => name,
  )
  expect(status).toBe(outcome === 'TypeError' ? outcome : 'answered')
  expect(groups.map(([title]) => title)).toEqual([`DELETE https://api.example/v1/ → ${outcome}, 0 ms`])
})
