// @vitest-environment happy-dom
import { describe, expect, it, vi } from 'vitest'
import type { AuthState } from '../../src/protocol.ts'
import { fakeAuth } from '../../src/testing/index.ts'
import { ADA, describeContract } from './auth-client-contract.ts'

describeContract()

describe("a fake's state", () => {
  it('begins with nobody logged in, and ready', async () => {
    const auth = fakeAuth()
    await auth.ready
    expect(auth.getSnapshot()).toEqual({ status: 'anonymous', reason: 'none' })
  })

  it('is filled in where a test leaves something out', () => {
    vi.useFakeTimers({ now: 1_000_000 })
    const auth = fakeAuth({ status: 'authenticated', claims: { name: 'Ada' } })
    vi.useRealTimers()
    expect(auth.getSnapshot()).toEqual({
      status: 'authenticated',
      sessionId: 'session-1',
      generation: 1,
      expiresAt: 1_000_000 + 3_600_000,
      refreshAt: 1_000_000 + 3_540_000,
      endsAt: null,
      claims: { name: 'Ada' },
    })
    auth.set({ status: 'authenticated', expiresAt: null })
    expect(auth.getSnapshot()).toMatchObject({
      sessionId: 'session-1',
      generation: 2,
      expiresAt: null,
      refreshAt: null,
      claims: { name: 'Ada' },
    })
    auth.set({ status: 'anonymous', reason: 'expired' })
    auth.set({ status: 'authenticated' })
    expect(auth.getSnapshot()).toMatchObject({ sessionId: 'session-2', generation: 3, claims: {} })
    auth.set(ADA)
    expect(auth.getSnapshot()).toEqual(ADA)
  })

  it("may be 'unknown' at first: calls wait, as for a worker that has not answered", async () => {
    const auth = fakeAuth({ status: 'unknown' })
    const settled: string[] = []
    const note = (name: string) => () => void settled.push(name)
    auth.ready.then(note('ready'))
    const logout = auth.logout().then(note('logout'))
    await new Promise(resolve => setTimeout(resolve))
    expect(settled).toEqual([])
    auth.set({ status: 'authenticated' })
    await logout
    expect(settled).toEqual(['ready', 'logout'])
    expect(auth.getSnapshot()).toEqual({ status: 'anonymous', reason: 'logout' })
  })

  it('is told to the other subscribers when one throws, whose error is left to the test environment', () => {
    const queue = vi.fn<typeof queueMicrotask>()
    vi.stubGlobal('queueMicrotask', queue)
    expect(globalThis.reportError).toBeUndefined()
    const auth = fakeAuth()
    auth.subscribe(({ status }) => {
      if (status === 'authenticated') throw new Error('mine')
    })
    const other = vi.fn()
    auth.subscribe(other)
    auth.set(ADA)
    expect(other).toHaveBeenLastCalledWith(ADA)
    expect(queue.mock.calls.map(([task]) => task)).toEqual([expect.any(Function)])
    expect(queue.mock.calls[0]?.[0]).toThrow('mine')
  })

  it('is one for each session', async () => {
    const auth = fakeAuth({ status: 'authenticated' })
    const other = auth.session('other')
    expect(auth.session('other')).toBe(other)
    expect(auth.session('third')).not.toBe(other)
    await other.logout()
    expect(auth.getSnapshot().status).toBe('authenticated')
    expect([auth.calls, other.calls]).toEqual([[], ['logout']])
  })
})

describe("a fake's methods", () => {
  it('are recorded', async () => {
    const auth = fakeAuth(ADA)
    await auth.updateToken()
    await auth.getAccessToken().catch(() => undefined)
    await auth.inspect()
    auth.logout()
    expect(auth.calls).toEqual(['updateToken', 'getAccessToken', 'inspect', 'logout'])
  })

  it('answer what they are told to, and set the state to it', async () => {
    const auth = fakeAuth(ADA)
    auth.answer('updateToken', { status: 'authenticated', claims: { name: 'Ada King' } })
    expect(await auth.updateToken()).toMatchObject({ sessionId: 'session-a', claims: { name: 'Ada King' } })
    auth.answer('getAccessToken', 'access-1')
    expect(await auth.getAccessToken()).toBe('access-1')
    const report = await auth.inspect()
    expect(report.worker.state).toBe(auth.getSnapshot())
    auth.answer('inspect', { ...report, page: { version: '1.2.3', controller: null } })
    expect((await auth.inspect()).page.version).toBe('1.2.3')
  })

  it('answer when they are told to', async () => {
    const auth = fakeAuth(ADA)
    let finish: (state: AuthState) => void = () => {}
    auth.answer('logout', () => new Promise(resolve => (finish = resolve)))
    const logout = auth.logout()
    await auth.ready
    expect(auth.getSnapshot()).toEqual(ADA)
    finish({ status: 'anonymous', reason: 'logout' })
    expect(await logout).toEqual({ status: 'anonymous', reason: 'logout' })
  })

  it('reject with a code, and keep the state', async () => {
    const auth = fakeAuth(ADA)
    auth.fail('updateToken', 'refresh_network_error', 'offline')
    await expect(auth.updateToken()).rejects.toMatchObject({
      name: 'RefreshWorkerError',
      code: 'refresh_network_error',
      message: 'offline',
    })
    expect(auth.getSnapshot()).toEqual(ADA)
  })

  it('end the session where the refresh token is rejected', async () => {
    const auth = fakeAuth(ADA)
    auth.fail('updateToken', 'refresh_rejected')
    await expect(auth.updateToken()).rejects.toMatchObject({ code: 'refresh_rejected' })
    expect(auth.getSnapshot()).toEqual({ status: 'anonymous', reason: 'rejected' })
  })

  it('all reject where ready does', async () => {
    const auth = fakeAuth({ status: 'unknown' })
    auth.fail('ready', 'script_error')
    await expect(auth.ready).rejects.toMatchObject({ code: 'script_error' })
    await expect(auth.logout()).rejects.toMatchObject({ code: 'script_error' })
    expect(auth.getSnapshot()).toEqual({ status: 'unsupported', code: 'script_error' })
    expect(() => auth.fail('ready', 'script_error')).toThrow(/status: 'unknown'/)
  })
})
