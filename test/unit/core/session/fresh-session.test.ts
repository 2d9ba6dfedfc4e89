import { describe, expect, it } from 'vitest'
import type { Options } from '../../../../src/core/options/options.ts'
import type { Locks } from '../../../../src/core/ports.ts'
import { createFreshSession } from '../../../../src/core/session/fresh-session.ts'
import {
  type Authenticated,
  ended,
  loggedIn,
  nobody,
  refreshed,
  type Session,
} from '../../../../src/core/session/session.ts'
import { createSessionStore } from '../../../../src/core/session/session-store.ts'
import { createTokenVault } from '../../../../src/core/session/token-vault.ts'
import type { RefreshAnswer, TokenEndpoint } from '../../../../src/core/tokens/token-endpoint.ts'
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
} from '../../kit.ts'

const refreshedTo = (accessToken: string): RefreshAnswer => ({
  outcome: 'refreshed',
  tokens: tokensOf({ accessToken }),
})

interface Setting {
  options?: Partial<Options>
  stored?: Session
  endpoint?: TokenEndpoint
  locks?: Locks
}

/** Workers that share a store and locks, as two versions or two scopes do. */
function setUp({ options, stored = sessionOf(), endpoint, locks = createLocks() }: Setting = {}) {
  const config = configOf(options)
  const { records, store } = createMemoryStore(new Map([[config.storageKey, stored]]))
  const clock = createClock()
  const asked: Authenticated[] = []
  const changes: string[] = []
  const revoked: (string | null)[] = []
  const log: string[] = []
  /** By which each refresh was named. */
  const keys: string[] = []
  let ids = 0
  const worker = () => {
    const sessions = createSessionStore({
      now: clock.now,
      config,
      store: config.storage === 'memory' ? createTokenVault(store) : store,
      onChange: async (_, reason) => void changes.push(reason),
    })
    const tokenEndpoint: TokenEndpoint = (session, key) => {
      asked.push(session as Authenticated)
      keys.push(key)
      return endpoint ? endpoint(session, key) : Promise.resolve(refreshedTo(`access-${asked.length + 1}`))
    }
    const needs = {
      config,
      sessions,
      tokenEndpoint,
      locks,
      newId: () => `key-${++ids}`,
      backOff: createSteadyBackOff(clock.now),
      revoke: async ({ refreshToken }: { refreshToken: string | null }) => void revoked.push(refreshToken),
      farewell: revokeNothing,
      now: clock.now,
      log: (_: string, line: string) => log.push(line),
    }
    return { sessions, ...createFreshSession(needs) }
  }
  return { records, clock, asked, keys, changes, revoked, log, worker, stored: stored as Authenticated }
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'resolved',
    error => error.code,
  )

describe('G1: one refresh per expiry', () => {
  it('is shared by all who ask while it runs (N1)', async () => {
    const { worker, asked, stored } = setUp()
    const { refresh } = worker()
    const results = await Promise.all(Array.from({ length: 50 }, () => refresh(stored)))
    expect(asked).toHaveLength(1)
    expect(new Set(results.map(session => session.accessToken))).toEqual(new Set(['access-2']))
  })

  it('is not repeated for who comes just after it with the old token (N3)', async () => {
    const { worker, asked, stored } = setUp()
    const { refresh } = worker()
    await refresh(stored)
    expect((await refresh(stored)).accessToken).toBe('access-2')
    expect(asked).toHaveLength(1)
  })

  it('is shared by two workers (C15, C18, N22)', async () => {
    const { worker, asked, stored } = setUp()
    const [one, two] = [worker(), worker()]
    await Promise.all([one.sessions.current(), two.sessions.current()])
    const results = await Promise.all([one.refresh(stored), two.refresh(stored)])
    expect(results.map(session => session.accessToken)).toEqual(['access-2', 'access-2'])
    expect(asked).toHaveLength(1)
  })

  it('is one for each of a thousand expiries, and leaves nothing behind (N23)', async () => {
    const { worker, asked, stored } = setUp()
    const { refresh, isRefreshing } = worker()
    let session = stored
    for (let n = 0; n < 1000; n++) {
      const [next] = await Promise.all([refresh(session), refresh(session)])
      expect(isRefreshing(session)).toBe(false)
      session = next as Authenticated
    }
    expect(asked).toHaveLength(1000)
    expect(session.generation).toBe(1001)
    // Each with the tokens of the one before (A16).
    expect(new Set(asked.map(({ accessToken }) => accessToken)).size).toBe(1000)
  })

  it('is done again at the next expiry', async () => {
    const { worker, asked, stored } = setUp()
    const { refresh } = worker()
    const second = await refresh(stored)
    expect((await refresh(second)).accessToken).toBe('access-3')
    expect(asked).toHaveLength(2)
  })

  it('takes the lock under the name of the session, for longer than a refresh may take', async () => {
    const taken: [string, number][] = []
    const locks: Locks = (name, limit, task) => {
      taken.push([name, limit])
      return task(true)
    }
    const { worker, stored } = setUp({ locks, options: { storageKey: 'mine', timeout: 5 } })
    await worker().refresh(stored)
    expect(taken).toEqual([['mine:refresh', expect.any(Number)]])
    expect(taken[0]?.[1]).toBeGreaterThan(5_000)
  })
})

describe('G3: login and logout beat a refresh in flight', () => {
  it.each<[string, (previous: Session) => Session, string]>([
    [
      'a login (N6)',
      previous => loggedIn(previous, 'session-b', tokensOf({ accessToken: 'access-b' })),
      'session_replaced',
    ],
    ['a logout (N8)', previous => ended(previous, 'logout'), 'not_authenticated'],
  ])('%s; what comes late is dropped, and revoked (R26)', async (_, transition, code) => {
    const answer = deferred<RefreshAnswer>()
    const { worker, asked, revoked, stored } = setUp({ endpoint: () => answer.promise })
    const { refresh, sessions } = worker()
    const result = codeOf(refresh(stored))
    await expect.poll(() => asked.length).toBe(1)
    const winner = await sessions.change(transition)
    answer.resolve(refreshedTo('access-late'))

    expect(await result).toBe(code)
    expect(revoked).toEqual(['refresh-1'])
    expect(await sessions.load()).toEqual(winner)
  })

  it('a newer pair of the same session, which another worker has stored without the lock (N16)', async () => {
    const answer = deferred<RefreshAnswer>()
    const { worker, asked, stored } = setUp({ endpoint: () => answer.promise })
    const { refresh, sessions } = worker()
    const result = refresh(stored)
    await expect.poll(() => asked.length).toBe(1)
    const winner = await sessions.change(latest =>
      latest.status === 'authenticated' ? refreshed(latest, tokensOf({ accessToken: 'access-newer' })) : latest,
    )
    answer.resolve(refreshedTo('access-late'))
    expect(await result).toEqual(winner)
    expect(await sessions.load()).toEqual(winner)
  })

  it.each<[RefreshAnswer, string]>([
    [refreshedTo('access-late'), 'session_replaced'],
    [{ outcome: 'rejected', detail: 'invalid_grant' }, 'session_replaced'],
  ])('and is told so, whatever the server says of the old tokens: %j', async (late, code) => {
    const answer = deferred<RefreshAnswer>()
    const { worker, asked, stored, changes } = setUp({ endpoint: () => answer.promise })
    const { refresh, sessions } = worker()
    const result = codeOf(refresh(stored))
    await expect.poll(() => asked.length).toBe(1)
    await sessions.change(previous => loggedIn(previous, 'session-b', tokensOf()))
    answer.resolve(late)
    expect(await result).toBe(code)
    expect(changes).toEqual(['login'])
  })

  it('a rejection that comes late ends nothing', async () => {
    const answer = deferred<RefreshAnswer>()
    const { worker, asked, stored } = setUp({ endpoint: () => answer.promise })
    const { refresh, sessions } = worker()
    const result = codeOf(refresh(stored))
    await expect.poll(() => asked.length).toBe(1)
    const winner = await sessions.change(previous => loggedIn(previous, 'session-b', tokensOf()))
    answer.resolve({ outcome: 'rejected', detail: 'invalid_grant' })
    await result
    expect(await sessions.load()).toEqual(winner)
  })
})

describe('G5: only a definitive answer ends a session', () => {
  it('a rejection does, once, for all who wait (N4)', async () => {
    const { worker, asked, changes, stored } = setUp({
      endpoint: async () => ({ outcome: 'rejected', detail: 'the token endpoint answered invalid_grant' }),
    })
    const { refresh, sessions } = worker()
    const codes = await Promise.all(Array.from({ length: 100 }, () => codeOf(refresh(stored))))
    expect(new Set(codes)).toEqual(new Set(['refresh_rejected']))
    expect(asked).toHaveLength(1)
    expect(changes).toEqual(['rejected'])
    expect(sessions.current()).toMatchObject({ status: 'anonymous', reason: 'rejected' })
  })

  it('a loser adopts what the winner has stored meanwhile, and does not delete it (N16, N17)', async () => {
    // Without a lock, as when a page has stolen it: both send the same refresh token, and the server takes it once.
    const winnerStored = deferred<void>()
    let count = 0
    const { worker, asked, stored } = setUp({
      locks: (_name, _limit, task) => task(false),
      endpoint: async () => {
        if (++count === 1) return refreshedTo('access-2')
        await winnerStored.promise
        return { outcome: 'rejected', detail: 'invalid_grant' }
      },
    })
    const [one, two] = [worker(), worker()]
    const results = Promise.all([one.refresh(stored), two.refresh(stored)])
    await one.refresh(stored)
    winnerStored.resolve()

    expect((await results).map(session => session.accessToken)).toEqual(['access-2', 'access-2'])
    expect(asked).toHaveLength(2)
  })

  it.each<[RefreshAnswer['outcome'], string]>([
    ['network_error', 'refresh_network_error'],
    ['unavailable', 'refresh_unavailable'],
  ])('%s keeps it, and the next one may succeed', async (outcome, code) => {
    let answer = { outcome, detail: 'down' } as RefreshAnswer
    const { worker, stored, changes, clock, asked } = setUp({ endpoint: async () => answer })
    const { refresh, sessions } = worker()
    expect(await codeOf(refresh(stored))).toBe(code)
    const failing = { since: NOW, answers: 0, answeredSince: NOW }
    expect(await sessions.load()).toMatchObject({ ...stored, isDoubtful: true, begunAt: NOW, failing })
    expect(changes).toEqual(['refresh_failed'])

    // Who comes before the pause is over gets the same answer, and the server no request (N5).
    answer = refreshedTo('access-2')
    expect(await codeOf(refresh(stored))).toBe(code)
    expect(asked).toHaveLength(1)
    clock.time += 500
    expect((await refresh(stored)).accessToken).toBe('access-2')
  })

  it('W39: pages hear that refreshes fail, once, and that they work again', async () => {
    let answer: RefreshAnswer = { outcome: 'unavailable', detail: 'down', isAnswer: true }
    const { worker, stored, changes, clock } = setUp({ endpoint: async () => answer })
    const { refresh, sessions } = worker()
    for (let attempt = 0; attempt < 3; attempt++) {
      await codeOf(refresh(stored))
      clock.time += 60_000
    }
    expect(changes).toEqual(['refresh_failed'])
    expect(await sessions.load()).toMatchObject({ failing: { since: NOW, answers: 3 } })
    answer = refreshedTo('access-2')
    expect((await refresh(stored)).failing).toBeUndefined()
    expect(changes).toEqual(['refresh_failed', 'refresh'])
  })

  it('W38: answers without a verdict end the session after unavailableLimit, with a reason of their own (G12)', async () => {
    const { worker, stored, changes, clock } = setUp({
      endpoint: async () => ({ outcome: 'unavailable', detail: 'down', isAnswer: true }),
    })
    const { refresh, sessions } = worker()
    const codes: unknown[] = []
    for (let hour = 0; hour <= 24; hour++) {
      codes.push(await codeOf(refresh(stored)))
      clock.time += 3_600_000
    }
    expect(codes.slice(0, 24)).toEqual(Array.from({ length: 24 }, () => 'refresh_unavailable'))
    expect(codes[24]).toBe('refresh_rejected')
    expect(await sessions.load()).toMatchObject({ status: 'anonymous', reason: 'unavailable' })
    expect(changes).toEqual(['refresh_failed', 'unavailable'])
  })

  it.each<[string, RefreshAnswer, number]>([
    ['no answer at all, as without a network', { outcome: 'network_error', detail: 'down' }, 30],
    ['a time-out', { outcome: 'unavailable', detail: 'late' }, 30],
    ['a few answers, however far apart', { outcome: 'unavailable', detail: 'down', isAnswer: true }, 4],
  ])('%s ends no session, however long it lasts', async (_, answer, days) => {
    const { worker, stored, clock } = setUp({ endpoint: async () => answer })
    const { refresh, sessions } = worker()
    for (let day = 0; day < days; day++) {
      await codeOf(refresh(stored))
      clock.time += 86_400_000
    }
    expect(await sessions.load()).toMatchObject({ status: 'authenticated' })
  })

  it('a pause does not hide what another worker has refreshed meanwhile (N22)', async () => {
    const { worker, stored } = setUp({ endpoint: async () => ({ outcome: 'unavailable', detail: 'down' }) })
    const [one, two] = [worker(), worker()]
    await codeOf(one.refresh(stored))
    await two.sessions.change(latest =>
      latest.status === 'authenticated' ? refreshed(latest, tokensOf({ accessToken: 'access-2' })) : latest,
    )
    expect((await one.refresh(stored)).accessToken).toBe('access-2')
  })

  it.each<[string, string | null, string | null, string]>([
    ["another user's id token (R23, A28)", jwt({ sub: 'ada' }), jwt({ sub: 'grace' }), 'refresh_rejected'],
    ["the same user's", jwt({ sub: 'ada' }), jwt({ sub: 'ada', iat: 1 }), 'resolved'],
    ['none', jwt({ sub: 'ada' }), null, 'resolved'],
    ['one for the first time', null, jwt({ sub: 'grace' }), 'resolved'],
    ['one that is opaque', jwt({ sub: 'ada' }), 'opaque', 'resolved'],
  ])('a refresh that brings %s', async (_, before, idToken, outcome) => {
    const stored = sessionOf({ idToken: before })
    const tokens = tokensOf({ accessToken: 'access-2', idToken })
    const { worker } = setUp({ stored, endpoint: async () => ({ outcome: 'refreshed', tokens }) })
    const { refresh, sessions } = worker()
    expect(await codeOf(refresh(stored))).toBe(outcome)
    const isEnded = outcome === 'refresh_rejected'
    expect(sessions.current()).toMatchObject(isEnded ? { reason: 'rejected' } : { accessToken: 'access-2' })
  })

  it('a session without a refresh token is not refreshed (A17)', async () => {
    const { worker, asked, stored } = setUp({ stored: sessionOf({ refreshToken: null }) })
    expect(await codeOf(worker().refresh(stored))).toBe('no_refresh_token')
    expect(asked).toEqual([])
  })

  it('a session that ended elsewhere is not refreshed', async () => {
    const { worker, asked, stored } = setUp({ stored: ended(sessionOf(), 'logout') })
    expect(await codeOf(worker().refresh({ ...sessionOf(), ...stored, status: 'authenticated' }))).toBe(
      'not_authenticated',
    )
    expect(asked).toEqual([])
  })
})

describe('G17: a refresh keeps its name until it has succeeded', () => {
  it('in the next worker, after one that was killed, and has another name then', async () => {
    const { worker, keys, stored } = setUp({ stored: { ...sessionOf(), begun: 1, refreshKey: 'first' } })
    const session = await worker().refresh(stored)
    await worker().refresh(session)
    expect(keys).toEqual(['first', expect.stringMatching(/^key-/)])
  })

  it('after a network error', async () => {
    const { worker, keys, stored, clock } = setUp({
      endpoint: async () =>
        keys.length === 1 ? { outcome: 'network_error', detail: 'gone' } : refreshedTo(`access-${keys.length}`),
    })
    const { refresh } = worker()
    expect(await codeOf(refresh(stored))).toBe('refresh_network_error')
    clock.time += 60_000
    await refresh(stored)
    expect(keys).toEqual([keys[0], keys[0]])
  })

  it('however often it is cut off, where the server knows a repetition', async () => {
    const cut = { ...sessionOf(), begun: 7, refreshKey: 'first' }
    const { worker, keys } = setUp({ options: { idempotencyKeys: 'always' }, stored: cut })
    expect(await worker().refresh(cut)).toMatchObject({ accessToken: 'access-2', begun: 0 })
    expect(keys).toEqual(['first'])
  })
})

describe('G6: a refresh that was cut off is tried again once (R21)', () => {
  const never = () => new Promise<RefreshAnswer>(() => undefined)
  const rejection = async (): Promise<RefreshAnswer> => ({ outcome: 'rejected', detail: 'invalid_grant' })

  /** A worker that sends a refresh and is killed before the answer: its lock is free again, its memory gone. */
  async function killedWhileRefreshing(stored: Session): Promise<Session> {
    const { worker, asked, records } = setUp({ stored, endpoint: never })
    void worker().refresh(stored as Authenticated)
    await expect.poll(() => asked.length).toBe(1)
    return records.get('refresh-worker') as Session
  }

  it('and goes on where the server takes the refresh token again (B21, C2)', async () => {
    const stored = await killedWhileRefreshing(sessionOf())
    const { worker, asked, changes } = setUp({ stored })
    expect(await worker().refresh(sessionOf())).toMatchObject({ accessToken: 'access-2', begun: 0 })
    expect(asked).toHaveLength(1)
    expect(changes).toEqual(['refresh'])
  })

  it("and ends the session as 'lost', once, where it does not (B22, C3)", async () => {
    const stored = await killedWhileRefreshing(sessionOf())
    const { worker, changes } = setUp({ stored, endpoint: rejection })
    const { refresh, sessions } = worker()
    expect(await codeOf(refresh(sessionOf()))).toBe('refresh_rejected')
    expect(sessions.current()).toMatchObject({ status: 'anonymous', reason: 'lost' })
    expect(changes).toEqual(['lost'])
  })

  it('and not a second time', async () => {
    const stored = await killedWhileRefreshing(await killedWhileRefreshing(sessionOf()))
    const { worker, asked } = setUp({ stored })
    const { refresh, sessions } = worker()
    expect(await codeOf(refresh(sessionOf()))).toBe('refresh_rejected')
    expect(asked).toEqual([])
    expect(sessions.current()).toMatchObject({ reason: 'lost' })
  })

  it('and is not taken for cut off where the lock is not ours, since it may be alive', async () => {
    const stored = await killedWhileRefreshing(await killedWhileRefreshing(sessionOf()))
    const { worker, clock, asked } = setUp({ stored, locks: (_name, _limit, task) => task(false) })
    expect(await codeOf(worker().refresh(sessionOf()))).toBe('refresh_unavailable')
    expect(asked).toEqual([])
    // After so long, nobody waits for its answer any more.
    clock.time += 60_000
    expect(await worker().refresh(sessionOf())).toMatchObject({ accessToken: 'access-2', begun: 0 })
  })

  it("means 'lost' where another one, perhaps alive, has begun before the rejection comes", async () => {
    const answers = [deferred<RefreshAnswer>(), deferred<RefreshAnswer>()]
    let count = 0
    const { worker, asked, clock, stored } = setUp({
      locks: (_name, _limit, task) => task(false),
      endpoint: () => answers[count++]?.promise ?? never(),
    })
    const [one, two] = [worker(), worker()]
    const code = codeOf(one.refresh(stored))
    await expect.poll(() => asked.length).toBe(1)
    clock.time += 60_000
    void two.refresh(stored).catch(() => undefined)
    await expect.poll(() => asked.length).toBe(2)
    answers[0]?.resolve(await rejection())
    expect(await code).toBe('refresh_rejected')
    expect(one.sessions.current()).toMatchObject({ reason: 'lost' })
  })

  it('is not told to pages: the tokens are the same', async () => {
    const { worker, changes, asked } = setUp({ endpoint: never })
    void worker().refresh(sessionOf())
    await expect.poll(() => asked.length).toBe(1)
    expect(changes).toEqual([])
  })

  it("one that failed is tried as often as need be; a rejection after it means 'lost' (B5)", async () => {
    const answers: RefreshAnswer[] = Array.from({ length: 5 }, () => ({ outcome: 'network_error', detail: 'gone' }))
    const { worker, clock, stored, asked } = setUp({ endpoint: async () => answers.shift() ?? rejection() })
    const { refresh, sessions } = worker()
    for (let n = 0; n < 5; n++) {
      expect(await codeOf(refresh(stored))).toBe('refresh_network_error')
      clock.time += 60_000
    }
    expect(await codeOf(refresh(stored))).toBe('refresh_rejected')
    expect(asked).toHaveLength(6)
    expect(sessions.current()).toMatchObject({ reason: 'lost' })
  })

  it("a rejection out of the blue means 'rejected'", async () => {
    const { worker, stored } = setUp({ endpoint: rejection })
    const { refresh, sessions } = worker()
    await codeOf(refresh(stored))
    expect(sessions.current()).toMatchObject({ reason: 'rejected' })
  })

  it('a login or logout between the mark and the request wins (N6, N8)', async () => {
    const { worker, asked, stored, records } = setUp()
    const { refresh, sessions } = worker()
    const result = codeOf(refresh(stored))
    const logout = sessions.change(latest => ended(latest, 'logout'))
    await logout
    expect(await result).toBe('not_authenticated')
    expect(asked.length).toBeLessThanOrEqual(1)
    expect(records.get('refresh-worker')).toMatchObject({ status: 'anonymous', reason: 'logout' })
  })
})

describe('V35: a refresh that takes longer than timeout', () => {
  function slow(locks = createLocks()) {
    const answer = deferred<RefreshAnswer>()
    const setting = setUp({ options: { timeout: 0.1 }, endpoint: () => answer.promise, locks })
    const kept: Promise<unknown>[] = []
    const waitUntil = (promise: Promise<unknown>) => void kept.push(promise)
    return { ...setting, answer, kept, waitUntil }
  }

  it('releases all who wait with refresh_unavailable, and its answer is taken when it comes', async () => {
    const { worker, stored, answer, kept, waitUntil, asked, changes } = slow()
    const { refresh, sessions, isRefreshing } = worker()
    const waiting = [refresh(stored, waitUntil), refresh(stored, waitUntil)]
    expect(await Promise.all(waiting.map(codeOf))).toEqual(['refresh_unavailable', 'refresh_unavailable'])
    expect(isRefreshing(stored)).toBe(true)
    // Those that come now need not wait so long again, and cause no second refresh.
    expect(await codeOf(refresh(stored, waitUntil))).toBe('refresh_unavailable')

    answer.resolve(refreshedTo('access-2'))
    await Promise.all(kept)
    expect(await sessions.current()).toMatchObject({ accessToken: 'access-2', begun: 0, isDoubtful: false })
    expect(changes).toEqual(['refresh'])
    expect(asked).toHaveLength(1)
  })

  it('is not sent again by a worker that does not get the lock', async () => {
    const { worker, stored, answer, asked } = slow((_name, _limit, task) => task(false))
    const [one, two] = [worker(), worker()]
    const first = codeOf(one.refresh(stored))
    await expect.poll(() => asked.length).toBe(1)
    expect(await codeOf(two.refresh(stored))).toBe('refresh_unavailable')
    expect(await first).toBe('refresh_unavailable')
    answer.resolve(refreshedTo('access-2'))
    await expect
      .poll(async () => (await two.sessions.load()) as Authenticated)
      .toMatchObject({ accessToken: 'access-2' })
    expect(asked).toHaveLength(1)
  })

  it.each<[string, (previous: Session) => Session]>([
    ['a login', previous => loggedIn(previous, 'session-b', tokensOf({ accessToken: 'b-1' }))],
    ['a logout', previous => ended(previous, 'logout')],
  ])('gives way to %s that comes before its answer (G3)', async (_, change) => {
    const { worker, stored, answer, kept, waitUntil, revoked } = slow()
    const { refresh, sessions } = worker()
    expect(await codeOf(refresh(stored, waitUntil))).toBe('refresh_unavailable')
    const after = await sessions.change(change)
    answer.resolve(refreshedTo('access-2'))
    await Promise.all(kept)
    expect(await sessions.load()).toEqual(after)
    expect(revoked).toHaveLength(1)
  })
})

describe("storage: 'memory' (R2)", () => {
  const bare = { ...sessionOf(), accessToken: null, refreshToken: null }
  const cookie = { storage: 'memory', refreshTokenIn: 'cookie' } as const

  it('after a restart, without a cookie, the session is lost: told once, and nothing is asked', async () => {
    const { worker, records, changes, asked } = setUp({ options: { storage: 'memory' }, stored: bare })
    const { current } = worker()
    const all = await Promise.all([current(), current()])
    expect(all).toMatchObject([{ reason: 'lost' }, { reason: 'lost' }])
    expect(records.get('refresh-worker')).toMatchObject({ status: 'anonymous', reason: 'lost', generation: 2 })
    expect(changes).toEqual(['lost'])
    expect(asked).toEqual([])
  })

  it('after a restart, with a cookie, one refresh brings tokens for the same session (G1)', async () => {
    const { worker, records, changes, asked } = setUp({ options: cookie, stored: bare })
    const { current, refresh } = worker()
    expect(await current()).toEqual(bare)
    const all = await Promise.all(Array.from({ length: 50 }, () => refresh(bare)))
    expect(new Set(all.map(({ id, accessToken }) => `${id} ${accessToken}`))).toEqual(new Set(['session-a access-2']))
    expect(asked).toHaveLength(1)
    expect(changes).toEqual(['refresh'])
    expect(records.get('refresh-worker')).toMatchObject({ id: 'session-a', generation: 2, accessToken: null })
  })

  it('a worker refreshes for itself what another one has refreshed, and has in its own memory', async () => {
    const { worker, asked } = setUp({ options: cookie, stored: bare })
    const [one, other] = [worker(), worker()]
    const all = await Promise.all([one.refresh(bare), other.refresh(bare)])
    expect(all.map(({ accessToken }) => accessToken)).toEqual(['access-2', 'access-3'])
    expect(asked.map(({ generation }) => generation)).toEqual([1, 2])
  })

  it('each goes on with its own token then, however often the other one refreshes', async () => {
    const { worker, clock, asked } = setUp({
      options: cookie,
      stored: bare,
      endpoint: async () => ({
        outcome: 'refreshed',
        tokens: tokensOf({ accessToken: `access-${asked.length}`, receivedAt: clock.time, expiresAt: clock.time + 10 }),
      }),
    })
    const [one, other] = [worker(), worker()]
    await one.refresh(bare)
    clock.time += 5
    await other.refresh(bare)
    for (const { sessions } of [one, other]) await sessions.load()
    expect(await one.current()).toMatchObject({ accessToken: 'access-1', expiresAt: NOW + 10, generation: 3 })
    expect(await other.current()).toMatchObject({ accessToken: 'access-2', expiresAt: NOW + 15, generation: 3 })
    // Its own one is refused: the other's refresh is no reason not to.
    expect(await one.refresh((await one.current()) as Authenticated)).toMatchObject({ accessToken: 'access-3' })
    expect(asked).toHaveLength(3)
  })

  it('where another one has won without the lock, the refresh fails for now, and the session is kept', async () => {
    const answers = [deferred<RefreshAnswer>(), deferred<RefreshAnswer>()]
    let count = 0
    const { worker, records } = setUp({
      options: cookie,
      stored: bare,
      endpoint: () => (answers[count++] as (typeof answers)[0]).promise,
      locks: (_name, _limit, task) => task(false),
    })
    const refreshes = [worker(), worker()].map(({ refresh }) => codeOf(refresh(bare)))
    await expect.poll(() => count).toBe(2)
    answers[0]?.resolve(refreshedTo('access-2'))
    expect(await refreshes[0]).toBe('resolved')
    answers[1]?.resolve(refreshedTo('access-3'))
    expect(await refreshes[1]).toBe('refresh_unavailable')
    expect(records.get('refresh-worker')).toMatchObject({ status: 'authenticated', generation: 2 })
  })

  it("two refreshes that were cut off end it as 'lost' there too (R21)", async () => {
    const { worker, asked } = setUp({ options: cookie, stored: { ...bare, begun: 2 } })
    const { current, refresh } = worker()
    expect(await codeOf(refresh(bare))).toBe('refresh_rejected')
    expect(await current()).toMatchObject({ reason: 'lost' })
    expect(asked).toEqual([])
  })
})

describe('current', () => {
  it('knows of a login elsewhere, whether or not its news has come', async () => {
    const { worker } = setUp({ stored: nobody })
    const [one, other] = [worker(), worker()]
    expect(await one.current()).toEqual(nobody)
    await other.sessions.change(previous => loggedIn(previous, 'session-b', tokensOf()))
    expect(await one.current()).toMatchObject({ id: 'session-b' })
  })

  it('ends a session that has expired and cannot be refreshed, once (A17)', async () => {
    const { worker, clock, asked, changes } = setUp({
      stored: sessionOf({ refreshToken: null, expiresAt: NOW + 1000 }),
    })
    const { current } = worker()
    expect(await current()).toMatchObject({ status: 'authenticated' })
    clock.time += 1000
    expect(await current()).toMatchObject({ status: 'anonymous', reason: 'expired' })
    expect(await current()).toMatchObject({ status: 'anonymous', reason: 'expired' })
    expect(changes).toEqual(['expired'])
    expect(asked).toEqual([])
  })

  it('ends only what it has seen to expire', async () => {
    const stored = sessionOf({ refreshToken: null, expiresAt: NOW + 1000 })
    const { worker, clock } = setUp({ stored })
    const [one, two] = [worker(), worker()]
    await one.current()
    const login = (previous: Session) => loggedIn(previous, 'session-b', tokensOf({ expiresAt: NOW + 600_000 }))
    const winner = await two.sessions.change(login)
    clock.time += 1000
    // Who asked is told of its own session, and the other one stays.
    expect(await one.current()).toMatchObject({ status: 'anonymous', reason: 'expired' })
    expect(await one.sessions.load()).toEqual(winner)
    expect(await one.current()).toEqual(winner)
  })

  it('leaves one that can be refreshed', async () => {
    const { worker, clock } = setUp()
    clock.time += 1e9
    expect(await worker().current()).toMatchObject({ status: 'authenticated' })
  })
})

it('remembers the last 20 refreshes, without a token', async () => {
  let isDown = true
  const { worker, clock, stored, log } = setUp({
    endpoint: async () => {
      clock.time += 42
      return isDown ? { outcome: 'unavailable', detail: 'it is down' } : refreshedTo('access-2')
    },
  })
  const { refresh, refreshes } = worker()
  expect(refreshes()).toEqual([])
  await expect(refresh(stored)).rejects.toMatchObject({ code: 'refresh_unavailable' })
  isDown = false
  clock.time = NOW + 600_000
  let session = await refresh(stored)
  const failed = { at: NOW, duration: 42, outcome: 'refresh_unavailable' }
  const succeeded = { at: NOW + 600_000, duration: 42, outcome: 'refreshed' }
  expect(refreshes()).toEqual([failed, succeeded])
  for (let i = 0; i < 19; i++) session = await refresh(session)
  expect(refreshes()).toHaveLength(20)
  expect(refreshes()[0]).toEqual(succeeded)
  expect(log.join()).not.toMatch(/access-|refresh-1/)
})
