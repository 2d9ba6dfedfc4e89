/** `whenEnded: 'hold'`: requests that meet an ended session wait for the same user (W60). */
import { describe, expect, it } from 'vitest'
import type { Options } from '../../../src/core/options/options.ts'
import { jsonResponse, jwt, NOW, type Sent } from '../kit.ts'
import { openCore } from './whole-core.ts'

const pathOf = ({ url }: Sent) => new URL(url).pathname

/** A server whose refreshes are refused, and whose API takes the token of the last login only. */
function open(options: Partial<Options> = {}) {
  let valid = ''
  const core = openCore({ whenEnded: 'hold', refreshTokenUrl: '/auth/refresh', ...options }, sent => {
    if (pathOf(sent) === '/auth/refresh') return jsonResponse({ error: 'invalid_grant' }, { status: 400 })
    if (pathOf(sent) === '/auth/login') {
      const { sub } = JSON.parse(sent.body)
      valid = sub ? jwt({ sub, n: core.sent.length, exp: NOW / 1000 + 100_000 }) : 'opaque'
      return jsonResponse({ access_token: valid, refresh_token: 'refresh-token', expires_in: 60 })
    }
    if (pathOf(sent) === '/auth/logout') return new Response()
    const isFine = sent.authorization === `Bearer ${valid}` && valid !== ''
    return new Response(isFine ? `${sent.method} ${sent.body}` : 'no', { status: isFine ? 200 : 401 })
  })
  const logIn = (sub = 'ada') => core.post('/auth/login', { sub })
  /** A request that waits, and what has become of it so far. */
  const ask = async (path = '/api/me', init?: RequestInit) => {
    const result: { status?: number; text?: string } = {}
    const done = core.send(path, init).then(async response => {
      result.status = response.status
      result.text = await response.text()
    })
    await core.advance(0)
    await core.advance(0)
    return { result, done }
  }
  /** Ends the session as a server does. */
  const end = async () => {
    valid = ''
    core.clock.time += 61_000
    return ask()
  }
  return { ...core, logIn, call: ask, end, revoke: () => (valid = '') }
}

describe('a request whose session has ended', () => {
  it('waits, and goes out when the same user has logged in again, with its body', async () => {
    const { logIn, call, end, state, told } = open()
    await logIn()
    const first = await end()
    const second = await call('/api/posts', { method: 'POST', body: 'text' })
    expect([first.result, second.result]).toEqual([{}, {}])
    expect(await state()).toEqual({ status: 'anonymous', reason: 'rejected', waiting: 2 })
    expect(told.at(-1)?.state).toMatchObject({ waiting: 2 })
    await logIn()
    await Promise.all([first.done, second.done])
    expect(first.result).toEqual({ status: 200, text: 'GET ' })
    expect(second.result).toEqual({ status: 200, text: 'POST text' })
    expect(await state()).toMatchObject({ status: 'authenticated' })
    expect(await state()).not.toHaveProperty('waiting')
  })

  it('waits too where the API said 401 first, and is sent once more in all (G10)', async () => {
    const { logIn, call, revoke, sent } = open()
    await logIn()
    revoke()
    const { done, result } = await call('/api/posts', { method: 'POST', body: 'text' })
    expect(result).toEqual({})
    await logIn()
    await done
    expect(result).toEqual({ status: 200, text: 'POST text' })
    expect(sent.filter(({ url }) => url.endsWith('/api/posts'))).toHaveLength(2)
  })

  it('fails as without this when another user logs in, and is never sent as that one (G4)', async () => {
    const { logIn, end, sent } = open()
    await logIn()
    const { done, result } = await end()
    await logIn('grace')
    await done
    expect(result.status).toBe(401)
    expect(sent.filter(({ url }) => url.endsWith('/api/me'))).toEqual([])
  })

  it('fails when the time is over, counted from the end of the session', async () => {
    const { logIn, end, call, advance, state } = open({ holdTime: 30 })
    await logIn()
    const { done, result } = await end()
    await advance(20_000)
    const late = await call()
    expect([result, late.result]).toEqual([{}, {}])
    await advance(10_000)
    await Promise.all([done, late.done])
    expect([result.status, late.result.status]).toEqual([401, 401])
    expect((await call()).result.status).toBe(401)
    expect(await state()).toEqual({ status: 'anonymous', reason: 'rejected' })
  })

  it('fails at once where its body is too large, alone or with what waits already', async () => {
    const { logIn, end, call } = open({ replayBodyLimit: 100 })
    await logIn()
    await end()
    const post = (length: number) => call('/api/posts', { method: 'POST', body: 'x'.repeat(length) })
    expect((await post(101)).result.status).toBe(401)
    expect((await post(60)).result).toEqual({})
    expect((await post(60)).result.status).toBe(401)
    expect((await post(40)).result).toEqual({})
  })

  it('fails at once where a hundred wait', async () => {
    const { logIn, end, call, state } = open()
    await logIn()
    await end()
    for (let count = 1; count < 100; count++) await call()
    expect(await state()).toMatchObject({ waiting: 100 })
    expect((await call()).result.status).toBe(401)
  })

  it('no longer waits when the page has given it up', async () => {
    const { logIn, end, call, state } = open()
    await logIn()
    await end()
    const controller = new AbortController()
    const { done } = await call('/api/me', { signal: controller.signal })
    expect(await state()).toMatchObject({ waiting: 2 })
    controller.abort()
    await done.catch(() => undefined)
    expect(await state()).toMatchObject({ waiting: 1 })
  })

  it('leaves its tab as it was: what that holds stands for the new session of the same user', async () => {
    const { post, send, end, state } = open()
    const login = async (sub: string) => (await post('/auth/login', { sub })).json()
    const headersOf = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } })
    const old = await login('ada')
    const first = await end()
    const next = await login('ada')
    await first.done
    const before = await state()
    expect((await send('/api/me', headersOf(old.access_token))).status).toBe(200)
    const renewed = await post('/auth/refresh', { refresh_token: old.refresh_token })
    expect(await renewed.json()).toMatchObject({ access_token: next.access_token, refresh_token: next.refresh_token })
    expect(await state()).toEqual(before)
    // Once more: both sessions that have ended were hers.
    const second = await end()
    const third = await login('ada')
    await second.done
    for (const { access_token } of [old, next, third])
      expect((await send('/api/me', headersOf(access_token))).status).toBe(200)
  })

  it('stands for no session of anybody else, nor for one after a logout (N14, strict)', async () => {
    const { post, send, end, sent, ask } = open()
    const login = async (sub: string) => (await post('/auth/login', { sub })).json()
    const old = await login('ada')
    const waiting = await end()
    await login('grace')
    await waiting.done
    const asked = async () => {
      const before = sent.length
      const response = await send('/api/me', { headers: { Authorization: `Bearer ${old.access_token}` } })
      expect(sent).toHaveLength(before)
      return [response.status, (await response.json()).code]
    }
    expect(await asked()).toEqual([401, 'session_replaced'])
    await (await end()).result
    await login('ada')
    expect(await asked()).toEqual([401, 'session_replaced'])
    await ask('logout')
    await login('ada')
    expect(await asked()).toEqual([401, 'session_replaced'])
  })

  it('does not wait after a logout, and is let go by one', async () => {
    const { logIn, end, call, ask } = open()
    await logIn()
    const { done, result } = await end()
    await logIn('grace')
    await done
    await ask('logout')
    expect(result.status).toBe(401)
    expect((await call()).result.status).toBe(401)
  })

  it('does not wait where nothing tells whose session it was', async () => {
    const { logIn, end } = open()
    await logIn('')
    expect((await end()).result.status).toBe(401)
  })

  it('does not wait where that is not asked for', async () => {
    const { logIn, end, stored } = open({ whenEnded: 'fail' })
    await logIn()
    expect((await end()).result.status).toBe(401)
    expect(stored()).not.toHaveProperty('last')
  })
})
