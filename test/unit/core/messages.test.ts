import { describe, expect, it } from 'vitest'
import { createAnswerMessage, createDescribeState } from '../../../src/core/messages.ts'
import type { Options } from '../../../src/core/options/options.ts'
import { createFreshSession } from '../../../src/core/session/fresh-session.ts'
import { ended, nobody, type Session } from '../../../src/core/session/session.ts'
import { createSessionStore } from '../../../src/core/session/session-store.ts'
import type { RefreshAnswer } from '../../../src/core/tokens/token-endpoint.ts'
import { envelope, type PageRequest, parsePageRequest } from '../../../src/protocol.ts'
import {
  configOf,
  createClock,
  createLocks,
  createMemoryStore,
  createSteadyBackOff,
  deferred,
  jwt,
  NOW,
  revokeNothing,
  sessionOf,
  tokensOf,
} from '../kit.ts'

interface Setting {
  options?: Partial<Options>
  stored?: Session
  endpoint?: () => Promise<RefreshAnswer>
  isDurable?: boolean
}

function setUp({ options, stored = sessionOf(), endpoint, isDurable = true }: Setting = {}) {
  const config = configOf(options)
  const { store } = createMemoryStore(new Map([[config.storageKey, stored]]))
  const clock = createClock()
  const log: string[] = []
  const line = (_: string, text: string) => log.push(text)
  const sessions = createSessionStore({ now: clock.now, config, store, onChange: async () => undefined })
  let refreshes = 0
  const tokenEndpoint = () => {
    refreshes++
    const tokens = tokensOf({ accessToken: `access-${refreshes + 1}`, expiresAt: clock.time + 600_000 })
    return endpoint?.() ?? Promise.resolve<RefreshAnswer>({ outcome: 'refreshed', tokens })
  }
  const backOff = createSteadyBackOff(clock.now)
  const freshSession = createFreshSession({
    newId: () => 'key',
    config,
    sessions,
    tokenEndpoint,
    locks: createLocks(),
    backOff,
    revoke: revokeNothing,
    farewell: revokeNothing,
    now: clock.now,
    log: line,
  })
  const answer = createAnswerMessage({
    config,
    sessions,
    freshSession,
    backOff,
    logout: () => sessions.change(latest => (latest.status === 'anonymous' ? latest : ended(latest, 'logout'))),
    describeState: createDescribeState({
      waiting: () => 0,
      config,
      isDefault: true,
      isDurable: () => isDurable,
      now: clock.now,
      newId: () => 'run-1',
    }),
    now: clock.now,
    log: line,
    endSessionUrl: () => null,
    isDurable: () => isDurable,
    hookFailures: () => [],
    adopt: async () => false,
    recheck: async () => undefined,
    whenUnsure: async () => undefined,
    isLeaving: () => false,
    openRequests: () => 3,
    about: { version: '1.2.3', host: 'worker', scope: 'https://app.example/', storageKeys: ['refresh-worker'] },
  })
  const behind: Promise<unknown>[] = []
  const ask = (message: Omit<PageRequest, 'ns' | 'v'> & { generation?: number; isBackOnline?: true }) =>
    answer(envelope(message) as PageRequest, promise => behind.push(promise))
  return { ask, clock, log, behind, refreshes: () => refreshes }
}

const AUTHENTICATED = {
  status: 'authenticated',
  sessionId: 'session-a',
  generation: 1,
  expiresAt: NOW + 600_000,
  refreshAt: NOW + 600_000,
  endsAt: null,
  claims: {},
}

describe('keep-alive', () => {
  it('is not needed in a host that nothing stops', async () => {
    expect(await setUp().ask({ type: 'keep-alive' })).toMatchObject({ type: 'keep-alive', isNeeded: false })
  })
})

describe('state', () => {
  it('is answered in the envelope of the protocol', async () => {
    expect(await setUp().ask({ type: 'state' })).toEqual({
      ns: 'refresh-worker',
      v: 1,
      type: 'state',
      state: AUTHENTICATED,
      session: 'refresh-worker',
      isDefault: true,
      run: 'run-1',
      sequence: 1,
    })
  })

  it('of nobody has a reason', async () => {
    expect(await setUp({ stored: nobody }).ask({ type: 'state' })).toMatchObject({
      state: { status: 'anonymous', reason: 'none' },
    })
  })

  it('holds the named claims and no token', async () => {
    const accessToken = jwt({ sub: 'ada', email: 'secret@example.org' })
    const { ask } = setUp({ options: { claims: ['sub'] }, stored: sessionOf({ accessToken }) })
    const reply = await ask({ type: 'state' })
    expect(reply).toMatchObject({ state: { claims: { sub: 'ada' } } })
    expect(JSON.stringify(reply)).not.toMatch(/secret|refresh-1|eyJ/)
  })

  it('makes the worker refresh a session that has expired, behind the answer', async () => {
    const { ask, clock, behind, refreshes } = setUp()
    clock.time += 600_000
    expect(await ask({ type: 'state' })).toMatchObject({ state: { generation: 1, refreshAt: clock.time + 30_000 } })
    await Promise.all(behind)
    expect(refreshes()).toBe(1)
    expect(await ask({ type: 'state' })).toMatchObject({ state: { generation: 2, expiresAt: clock.time + 600_000 } })
  })

  it('of a page that is back online makes the worker try again, a second after the last failure at the soonest (C20)', async () => {
    let isReached = false
    const answers = async (): Promise<RefreshAnswer> =>
      isReached
        ? { outcome: 'refreshed', tokens: tokensOf({ accessToken: 'access-2', expiresAt: NOW + 1_200_000 }) }
        : { outcome: 'network_error', detail: 'no way there' }
    const { ask, clock, behind, refreshes } = setUp({ endpoint: answers })
    clock.time += 600_000
    const attempt = async (message: { type: 'state'; isBackOnline?: true }) => {
      await ask(message)
      await Promise.all(behind)
      return refreshes()
    }
    for (let n = 1; n <= 5; n++) {
      expect(await attempt({ type: 'state' })).toBe(n)
      if (n < 5) clock.time += 8_000
    }
    clock.time += 999
    expect(await attempt({ type: 'state', isBackOnline: true })).toBe(5)
    clock.time++
    isReached = true
    expect(await attempt({ type: 'state', isBackOnline: true })).toBe(6)
    expect(await ask({ type: 'state' })).toMatchObject({ state: { generation: 2 } })
  })

  it('ends a session that has expired and cannot be refreshed', async () => {
    const { ask, clock } = setUp({ stored: sessionOf({ refreshToken: null }) })
    clock.time += 600_000
    expect(await ask({ type: 'state' })).toMatchObject({ state: { status: 'anonymous', reason: 'expired' } })
  })

  it.each<[string, Partial<Options>, Parameters<typeof sessionOf>[0], number | null]>([
    ['at the expiry', {}, {}, NOW + 600_000],
    ['at the expiry, to learn of the end', { autoUpdateToken: false }, { refreshToken: null }, NOW + 600_000],
    ['never with autoUpdateToken off', { autoUpdateToken: false }, {}, null],
    ['never where the life is unknown', {}, { expiresAt: null }, null],
  ])('asks a page to come back %s', async (_, options, tokens, refreshAt) => {
    const { ask } = setUp({ options, stored: sessionOf(tokens) })
    expect(await ask({ type: 'state' })).toMatchObject({ state: { refreshAt } })
  })

  it('with autoUpdateToken off refreshes nothing', async () => {
    const { ask, clock, refreshes } = setUp({ options: { autoUpdateToken: false } })
    clock.time += 600_000
    await ask({ type: 'state' })
    expect(refreshes()).toBe(0)
  })
})

describe('update-token', () => {
  it('refreshes now, once for all who ask at once', async () => {
    const { ask, refreshes } = setUp()
    const replies = await Promise.all([1, 2, 3].map(() => ask({ type: 'update-token' })))
    expect(refreshes()).toBe(1)
    for (const reply of replies) expect(reply).toMatchObject({ type: 'state', state: { generation: 2 } })
  })

  it('sends nothing where the token that the page means is gone already', async () => {
    const { ask, refreshes } = setUp()
    await ask({ type: 'update-token', generation: 1 })
    expect(await ask({ type: 'update-token', generation: 1 })).toMatchObject({ state: { generation: 2 } })
    expect(refreshes()).toBe(1)
    await ask({ type: 'update-token', generation: 2 })
    expect(refreshes()).toBe(2)
  })

  it.each<[string, Setting]>([
    ['not_authenticated', { stored: nobody }],
    ['no_refresh_token', { stored: sessionOf({ refreshToken: null }) }],
    ['refresh_rejected', { endpoint: async () => ({ outcome: 'rejected', detail: 'no' }) }],
    ['refresh_unavailable', { endpoint: async () => ({ outcome: 'unavailable', detail: 'down' }) }],
    ['refresh_network_error', { endpoint: async () => ({ outcome: 'network_error', detail: 'gone' }) }],
  ])('is answered with the code %s', async (code, setting) => {
    const reply = await setUp(setting).ask({ type: 'update-token' })
    expect(reply).toEqual({ ns: 'refresh-worker', v: 1, type: 'error', code, message: expect.any(String) })
  })
})

it('an answer never has an older state than what was told before it (N20)', async () => {
  const answer = deferred<RefreshAnswer>()
  const { ask, refreshes } = setUp({ endpoint: () => answer.promise })
  const update = ask({ type: 'update-token' })
  await expect.poll(refreshes).toBe(1)
  answer.resolve({ outcome: 'refreshed', tokens: tokensOf({ accessToken: 'access-2' }) })
  // Stored after the refresh, and answered before it.
  const [logout, updated] = await Promise.all([ask({ type: 'logout' }), update])
  const replies = [logout, updated] as { state?: unknown; sequence?: number }[]
  const states = replies.filter(reply => reply.state).sort((a, b) => (a.sequence ?? 0) - (b.sequence ?? 0))
  expect(states.at(-1)).toMatchObject({ state: { status: 'anonymous', reason: 'logout' } })
})

it('logout answers the state after it', async () => {
  const { ask } = setUp()
  expect(await ask({ type: 'logout' })).toMatchObject({ state: { status: 'anonymous', reason: 'logout' } })
})

it('claim answers the state', async () => {
  expect(await setUp().ask({ type: 'claim' })).toMatchObject({ type: 'state', state: AUTHENTICATED })
})

it('inspect tells versions, the last refreshes and how many requests are open, and no token', async () => {
  const { ask } = setUp()
  await ask({ type: 'update-token' })
  const reply = await ask({ type: 'inspect' })
  expect(reply).toMatchObject({
    type: 'inspect',
    report: {
      version: '1.2.3',
      scope: 'https://app.example/',
      storageKey: 'refresh-worker',
      storage: 'indexeddb',
      state: { status: 'authenticated' },
      lastRefresh: { outcome: 'refreshed' },
      refreshes: [{ outcome: 'refreshed' }],
      openRequests: 3,
    },
  })
  expect(JSON.stringify(reply)).not.toMatch(/access-\d|refresh-1/)
})

it('every state says that it is not stored yet, and so does inspect (V1)', async () => {
  const { ask } = setUp({ isDurable: false })
  for (const type of ['state', 'logout'] as const)
    expect(await ask({ type })).toMatchObject({ type: 'state', state: { isDurable: false } })
  expect(await ask({ type: 'inspect' })).toMatchObject({ report: { storage: 'memory', state: { isDurable: false } } })
  expect(await setUp().ask({ type: 'state' })).not.toHaveProperty('state.isDurable')
})

it("inspect tells of storage: 'memory' where that is configured", async () => {
  const reply = await setUp({ options: { storage: 'memory' } }).ask({ type: 'inspect' })
  expect(reply).toMatchObject({ report: { storage: 'memory' } })
})

it('state, where this worker has no token and a cookie brings one: the same session, refreshed behind the answer', async () => {
  const stored = { ...sessionOf(), accessToken: null, refreshToken: null }
  const options = { storage: 'memory', refreshTokenIn: 'cookie', claims: ['sub'] } as const
  const { ask, behind, refreshes } = setUp({ options, stored })
  expect(await ask({ type: 'state' })).toMatchObject({
    state: { ...AUTHENTICATED, refreshAt: NOW + 30_000, claims: {} },
  })
  await Promise.all(behind)
  expect(refreshes()).toBe(1)
  expect(await ask({ type: 'state' })).toMatchObject({ state: { sessionId: 'session-a', generation: 2 } })
})

describe('access-token', () => {
  it('is refused unless it is exposed', async () => {
    const reply = await setUp().ask({ type: 'access-token' })
    expect(reply).toMatchObject({ type: 'error', code: 'access_token_not_exposed' })
    expect(JSON.stringify(reply)).not.toContain('access-1')
  })

  it('is given where it is, refreshed first where it has expired', async () => {
    const { ask, clock } = setUp({ options: { exposeAccessToken: true } })
    expect(await ask({ type: 'access-token' })).toMatchObject({ type: 'access-token', accessToken: 'access-1' })
    clock.time += 600_000
    expect(await ask({ type: 'access-token' })).toMatchObject({ type: 'access-token', accessToken: 'access-2' })
  })

  it('is not there where nobody is logged in', async () => {
    const { ask } = setUp({ options: { exposeAccessToken: true }, stored: nobody })
    expect(await ask({ type: 'access-token' })).toMatchObject({ type: 'error', code: 'not_authenticated' })
  })
})

it('a defect is answered too, without its text', async () => {
  const { ask, log } = setUp({ endpoint: () => Promise.reject(new Error('secret inside')) })
  expect(await ask({ type: 'update-token' })).toMatchObject({ type: 'error', code: 'internal_error' })
  expect(log.join()).not.toContain('secret')
})

it('every state that is sent has a number, so that pages can tell the older from the newer (N20)', () => {
  const config = configOf({ storageKey: 'shop' })
  const describeState = createDescribeState({
    waiting: () => 0,
    config,
    isDefault: false,
    isDurable: () => true,
    now: () => NOW,
    newId: () => 'run-1',
  })
  const about = { type: 'state', session: 'shop', isDefault: false, run: 'run-1' }
  expect([describeState(sessionOf()), describeState(nobody)]).toEqual([
    { ...about, state: AUTHENTICATED, sequence: 1 },
    { ...about, state: { status: 'anonymous', reason: 'none' }, sequence: 2 },
  ])
})

describe('parsePageRequest', () => {
  const valid = { ns: 'refresh-worker', v: 1, type: 'state' }

  it.each(['state', 'update-token', 'logout', 'claim', 'inspect', 'access-token'])('takes %s', type => {
    expect(parsePageRequest({ ...valid, type })).toEqual({ ...valid, type })
    expect(parsePageRequest({ ...valid, type, session: 'shop' })).toEqual({ ...valid, type, session: 'shop' })
    expect(parsePageRequest({ ...valid, type, session: 1 })).toBeNull()
  })

  it('keeps the generation, and drops what it does not know (H5)', () => {
    const sent = {
      ...valid,
      type: 'update-token',
      generation: 3,
      token: 'x',
      url: 'https://evil.example',
      clientId: 'x',
    }
    expect(parsePageRequest(sent)).toEqual({ ...valid, type: 'update-token', generation: 3 })
    expect(parsePageRequest({ ...valid, generation: 3 })).toEqual(valid)
    const online = { ...valid, isBackOnline: true }
    expect(parsePageRequest({ ...online, generation: 3 })).toEqual(online)
    expect(parsePageRequest({ ...valid, isBackOnline: 'yes' })).toEqual(valid)
    expect(parsePageRequest({ ...online, type: 'logout' })).toEqual({ ...valid, type: 'logout' })
  })

  it.each<[string, unknown]>([
    ['undefined (H1)', undefined],
    ['null', null],
    ['a number', 1],
    ['a string', 'state'],
    ['an array', [valid]],
    ['a Date', new Date()],
    ['a Map', new Map(Object.entries(valid))],
    ['a typed array', new Uint8Array(8)],
    ['an inherited message (H14)', Object.create(valid)],
    ['another namespace', { ...valid, ns: 'workbox' }],
    ['no namespace', { v: 1, type: 'state' }],
    ['another version (H3)', { ...valid, v: 2 }],
    ['a version as text', { ...valid, v: '1' }],
    ['no type', { ns: 'refresh-worker', v: 1 }],
    ['type __proto__ (H2)', { ...valid, type: '__proto__' }],
    ['type constructor', { ...valid, type: 'constructor' }],
    ['type toString', { ...valid, type: 'toString' }],
    ['a type with toString', { ...valid, type: { toString: () => 'state' } }],
    ['set-token (H4)', { ...valid, type: 'set-token', token: 'x' }],
    ['config', { ...valid, type: 'config', apiUrls: ['/'] }],
    ['SKIP_WAITING', { type: 'SKIP_WAITING' }],
    ['a generation that is no number', { ...valid, type: 'update-token', generation: 'all' }],
    ['a generation without end', { ...valid, type: 'update-token', generation: Number.POSITIVE_INFINITY }],
  ])('refuses %s', (_, data) => {
    expect(parsePageRequest(data)).toBeNull()
  })

  it('takes a cyclic message for what it says', () => {
    const cyclic: Record<string, unknown> = { ...valid }
    cyclic.self = cyclic
    expect(parsePageRequest(cyclic)).toEqual(valid)
  })
})
