/** A page that is visible and does nothing, and the core that it asks. */
import { afterEach, expect, it, vi } from 'vitest'
import { Attention } from '../../src/page/attention.ts'
import type { AuthState } from '../../src/protocol.ts'
import { openCore } from './core/whole-core.ts'
import { jsonResponse, NOW, received } from './kit.ts'

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

it('mends a session whose refresh has failed, by its own timer (W39)', async () => {
  vi.stubGlobal('document', { visibilityState: 'visible' })
  vi.useFakeTimers({ now: NOW })
  const tokens = (name: string) => jsonResponse({ access_token: name, refresh_token: 'r', expires_in: 600 })
  let isWell = false
  const core = openCore({ refreshTokenUrl: '/auth/refresh' }, ({ url }) => {
    if (url.endsWith('/auth/login')) return tokens('first')
    return isWell ? tokens('second') : received(new Response('<html>', { status: 502 }))
  })
  await core.post('/auth/login')
  let state: AuthState = { status: 'unknown' }
  const sync = async () => {
    core.clock.time = Date.now()
    state = (await core.state()) ?? state
    attention.watch()
  }
  const attention = new Attention({ getState: () => state, sync })
  await sync()
  expect(state).toMatchObject({ status: 'authenticated', refreshAt: NOW + 600_000 })

  // It expires, and is asked for; then again every half a minute.
  await vi.advanceTimersByTimeAsync(660_000)
  expect(state).toMatchObject({ status: 'authenticated', failingSince: NOW + 600_000 })
  const asked = core.sent.length
  expect(asked).toBeGreaterThan(2)

  isWell = true
  await vi.advanceTimersByTimeAsync(120_000)
  expect(state).toMatchObject({ status: 'authenticated', expiresAt: expect.any(Number) })
  expect(state).not.toHaveProperty('failingSince')
  expect(core.stored()).toMatchObject({ accessToken: 'second' })
  expect(core.sent.some(({ url }) => url.includes('/api/'))).toBe(false)
})
