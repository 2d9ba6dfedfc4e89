import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createAuthServer, memoryStore } from '../../../src/server/index.ts'

const ORIGIN = 'https://app.example'

it('ten thousand requests with malformed bodies, cookies and tokens are refused, each with 4xx (Z11)', async () => {
  const store = memoryStore()
  const serverOf = (isInCookies: boolean) =>
    createAuthServer({
      keys: [{ kid: 'one', secret: 'k'.repeat(32) }],
      refreshTokenSecret: 'r'.repeat(32),
      store,
      ...(isInCookies ? { cookies: { path: '/auth', accessToken: true } } : {}),
      authenticate: () => null,
    })
  const servers = [serverOf(false), serverOf(true)]
  const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.json(), fc.constantFrom('', 'null', '[]', '{}'))
  const headerText = fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map(code => String.fromCharCode(code)) })
  const type = fc.constantFrom(
    'application/json',
    'application/x-www-form-urlencoded',
    'text/plain',
    'application/json;x',
  )
  const token = fc.oneof(
    headerText,
    fc.tuple(headerText, headerText, headerText).map(parts => parts.join('.')),
    fc.constant(`${crypto.randomUUID()}.0.${'A'.repeat(43)}`),
  )
  const body = fc.oneof(
    text,
    token.map(refresh_token => JSON.stringify({ grant_type: 'refresh_token', refresh_token })),
    token.map(refresh_token => new URLSearchParams({ refresh_token }).toString()),
  )
  const request = fc.record({
    body,
    type,
    token,
    index: fc.nat(1),
    handler: fc.constantFrom('login', 'refresh', 'logoutEverywhere'),
  })
  await fc.assert(
    fc.asyncProperty(request, async ({ body, type, token, index, handler }) => {
      const headers = new Headers({
        'Content-Type': type,
        'X-Requested-With': 'refresh-worker',
        'Sec-Fetch-Site': 'same-origin',
      })
      for (const [name, value] of [
        ['Cookie', `refresh_token=${token}; access_token=${token}`],
        ['Authorization', `Bearer ${token}`],
        ['Idempotency-Key', token],
      ] as const)
        try {
          headers.set(name, value)
        } catch {
          // What no header can hold does not arrive.
        }
      const server = servers[index] as (typeof servers)[0]
      const answer = await server[handler as 'login'](new Request(`${ORIGIN}/auth`, { method: 'POST', headers, body }))
      expect(answer.status).toBeGreaterThanOrEqual(400)
      expect(answer.status).toBeLessThan(500)
      expect(await server.verify(new Request(ORIGIN, { headers }))).toBeNull()
    }),
    { numRuns: 10_000, seed: 1 },
  )
})

it('and leave nothing behind: memory is flat (Z11)', async () => {
  setFlagsFromString('--expose_gc')
  const collect: () => void = runInNewContext('gc')
  const server = createAuthServer({
    keys: [{ kid: 'one', secret: 'k'.repeat(32) }],
    refreshTokenSecret: 'r'.repeat(32),
    store: memoryStore(),
    authenticate: () => null,
  })
  const ask = async (count: number) => {
    for (let n = 0; n < count; n++) {
      const body = JSON.stringify({
        refresh_token: `${crypto.randomUUID()}.${n}.${'A'.repeat(43)}`,
        pad: 'x'.repeat(1_000),
      })
      const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': crypto.randomUUID() }
      const answer = await server.refresh(new Request(ORIGIN, { method: 'POST', headers, body }))
      if (answer.status !== 401) throw new Error(`answered ${answer.status}`)
      await answer.text()
    }
    collect()
    return process.memoryUsage().heapUsed
  }
  const before = await ask(2_000)
  const after = await ask(10_000)
  // What each had brought is 12 MB.
  expect(after - before).toBeLessThan(3_000_000)
})
