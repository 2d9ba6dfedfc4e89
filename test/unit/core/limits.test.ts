import { describe, expect, it } from 'vitest'
import { createAnswerMessage, createDescribeState } from '../../../src/core/messages.ts'
import type { Options } from '../../../src/core/options/options.ts'
import { createAuthorize } from '../../../src/core/requests/authorize.ts'
import { createLogin } from '../../../src/core/requests/login.ts'
import { createLogout } from '../../../src/core/requests/logout.ts'
import { createRenew } from '../../../src/core/requests/renewal.ts'
import { createTellLogout } from '../../../src/core/requests/tell-logout.ts'
import { createFreshSession } from '../../../src/core/session/fresh-session.ts'
import { ended, type Session } from '../../../src/core/session/session.ts'
import { createSessionStore } from '../../../src/core/session/session-store.ts'
import { createTokenVault } from '../../../src/core/session/token-vault.ts'
import { createRevoke } from '../../../src/core/tokens/revocation.ts'
import { type AuthState, envelope, type PageRequest, REFRESH_TOKEN_PLACEHOLDER } from '../../../src/protocol.ts'
import {
  configOf,
  createClock,
  createLocks,
  createMemoryStore,
  createServer,
  createSteadyBackOff,
  deferred,
  jsonResponse,
  NOW,
  ORIGIN,
  readersOf,
  received,
  type Sent,
  sendLogoutOf,
  sessionOf,
  tokenEndpointOf,
} from '../kit.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

const pathOf = ({ url }: Sent) => new URL(url).pathname

/** One machine: a store, a clock, a server; and workers on it, of which each can be another's successor. */
function setUp(options: Partial<Options>, stored: unknown = sessionOf()) {
  const config = configOf({ refreshTokenUrl: '/auth/token', exposeAccessToken: true, ...options })
  const { records, store } = createMemoryStore(new Map(stored === undefined ? [] : [[config.storageKey, stored]]))
  const clock = createClock()
  const { now } = clock
  const { fetch, sent } = createServer(async sent =>
    pathOf(sent).startsWith('/api/')
      ? received(new Response('ok'))
      : jsonResponse({ access_token: `access-${clock.time}`, refresh_token: 'refresh-2', expires_in: 600 }),
  )
  const locks = createLocks()
  const news: (() => void)[] = []
  let writes = 0
  let gate: Promise<void> | undefined

  const start = () => {
    const changes: string[] = []
    const behind: Promise<unknown>[] = []
    const waitUntil = (promise: Promise<unknown>) => void behind.push(promise)
    const log = () => undefined
    const own = {
      ...store,
      update: async (key: string, updater: (stored: unknown) => unknown) => {
        await gate
        await store.update(key, stored => {
          const next = updater(stored)
          if (next !== stored) writes++
          return next
        })
      },
      watch: (onNews: () => void) => void news.push(onNews),
    }
    const sessions = createSessionStore({
      config,
      store: config.storage === 'memory' ? createTokenVault(own) : own,
      now,
      onChange: async (_, reason) => void changes.push(reason),
    })
    const revoke = createRevoke({ config, fetch, now, later: (_, task) => task(), log })
    const { logout, farewell } = createLogout({
      config,
      sessions,
      fetch,
      tellLogout: createTellLogout({ config, sessions, sendLogout: sendLogoutOf(config, fetch, now), locks, log }),
      revoke,
    })
    const backOff = createSteadyBackOff(now)
    const tokenEndpoint = tokenEndpointOf(config, fetch, now)
    const core = { ...readersOf(config, now), config, sessions, locks, now, log, fetch, backOff, revoke, farewell }
    const freshSession = createFreshSession({ newId: () => 'key', ...core, tokenEndpoint })
    const authorize = createAuthorize({ ...core, freshSession })
    const login = createLogin({ ...core, newId: () => 'session-b' })
    const renew = createRenew({ ...core, freshSession })
    const answer = createAnswerMessage({
      ...core,
      freshSession,
      logout,
      recheck: async () => undefined,
      whenUnsure: async () => undefined,
      isLeaving: () => false,
      describeState: createDescribeState({
        config,
        isDefault: true,
        isDurable: () => true,
        waiting: () => 0,
        now,
        newId: () => 'run-1',
      }),
      isDurable: () => true,
      endSessionUrl: () => null,
      openRequests: () => 0,
      adopt: async () => false,
      about: { version: '1.2.3', host: 'worker', scope: `${ORIGIN}/`, storageKeys: ['refresh-worker'] },
    })
    const ask = (type: PageRequest['type']) => answer(envelope({ type }) as PageRequest, waitUntil)
    return {
      changes,
      sessions,
      freshSession,
      ask,
      request: () => authorize(new Request(`${ORIGIN}/api/me`), waitUntil),
      login: () => login(new Request(`${ORIGIN}/auth/login`, { method: 'POST' }), 'login'),
      renew: () =>
        renew(
          new Request(`${ORIGIN}/auth/token`, {
            method: 'POST',
            body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: REFRESH_TOKEN_PLACEHOLDER }),
          }),
          'login',
          waitUntil,
        ),
      state: async (): Promise<AuthState> => {
        const reply = await ask('state')
        return reply.type === 'state' ? reply.state : Promise.reject(reply)
      },
      /** All that the worker does behind its answers. */
      settled: () => Promise.all(behind),
    }
  }
  return {
    clock,
    sent,
    start,
    /** Workers hear of what others have stored. */
    spread: () => {
      for (const onNews of news) onNews()
    },
    stored: () => records.get(config.storageKey) as Session,
    writes: () => writes,
    /** Lets no write through until what it returns is called. */
    holdWrites: () => {
      const { promise, resolve } = deferred<void>()
      gate = promise
      return resolve
    },
  }
}

const over = (reason: string) => ({ status: 'anonymous', reason })
const going = { status: 'authenticated' }

describe.each([
  ['maxIdle', 'idle'],
  ['maxAge', 'max_age'],
] as const)('%s', (option, reason) => {
  const options = { [option]: 3600 }

  it(`ends the session at its time and not before, as ${reason}, and tells once`, async () => {
    const { clock, start, stored } = setUp(options)
    const { state, changes } = start()
    clock.time = NOW + HOUR - 1
    expect(await state()).toMatchObject(going)
    clock.time = NOW + HOUR
    expect(await Promise.all([state(), state()])).toEqual([over(reason), over(reason)])
    expect(changes.filter(change => change !== 'refresh')).toEqual([reason])
    expect(stored()).toMatchObject(over(reason))
    expect(JSON.stringify(stored())).not.toMatch(/access-|refresh-/)
  })

  it('ends it where it is read after hours by a worker that has just started', async () => {
    const { clock, start, stored } = setUp(options)
    clock.time = NOW + 10 * HOUR
    expect(await start().state()).toEqual(over(reason))
    expect(stored()).toMatchObject(over(reason))
  })

  it('sends a request that comes too late as that of nobody, and asks the token endpoint nothing', async () => {
    const { clock, start, sent } = setUp(options)
    const { request } = start()
    clock.time = NOW + HOUR
    await Promise.all([request(), request()])
    expect(sent.map(sent => [pathOf(sent), sent.authorization])).toEqual([
      ['/api/me', null],
      ['/api/me', null],
    ])
  })

  it('tells the server, once, as on a logout', async () => {
    const { clock, start, sent } = setUp({ ...options, logoutUrl: '/auth/logout', revocationUrl: '/auth/revoke' })
    const { state, request } = start()
    clock.time = NOW + HOUR
    await Promise.all([state(), state(), request()])
    await expect.poll(() => sent.length).toBe(3)
    expect(sent.map(pathOf).sort()).toEqual(['/api/me', '/auth/logout', '/auth/revoke'])
    expect(sent.find(sent => pathOf(sent) === '/auth/logout')?.authorization).toBe('Bearer access-1')
    expect(sent.find(sent => pathOf(sent) === '/auth/revoke')?.body).toContain('refresh-1')
  })

  it('has the cookie of the refresh token taken away', async () => {
    const cookie = { ...options, logoutUrl: '/auth/logout', refreshTokenIn: 'cookie', storage: 'memory' } as const
    const { clock, start, sent } = setUp(cookie, { ...sessionOf(), accessToken: null, refreshToken: null })
    clock.time = NOW + HOUR
    expect(await start().state()).toEqual(over(reason))
    await expect.poll(() => sent.map(pathOf)).toEqual(['/auth/logout'])
    expect(sent[0]?.request.credentials).toBe('include')
  })

  it("answers a library's own refresh request with invalid_grant", async () => {
    const { clock, start, sent } = setUp(options)
    const { renew } = start()
    clock.time = NOW + HOUR
    const response = await renew()
    expect(response?.status).toBe(400)
    expect(await response?.json()).toMatchObject({ error: 'invalid_grant' })
    expect(sent).toEqual([])
  })

  it('lets a new login start anew', async () => {
    const { clock, start } = setUp(options)
    const { login, state } = start()
    clock.time = NOW + HOUR
    await login()
    expect(await state()).toMatchObject({ ...going, sessionId: 'session-b', endsAt: NOW + 2 * HOUR })
  })

  it('has pages ask when it comes, where the token does not expire before', async () => {
    const { start, clock } = setUp(options, sessionOf({ expiresAt: NOW + 2 * HOUR }))
    const { state } = start()
    expect(await state()).toMatchObject({ endsAt: NOW + HOUR, refreshAt: NOW + HOUR })
    clock.time = NOW + HOUR
    expect(await state()).toEqual(over(reason))
    const short = setUp(options).start()
    expect(await short.state()).toMatchObject({ endsAt: NOW + HOUR, refreshAt: NOW + 10 * MINUTE })
    const endless = setUp(options, sessionOf({ expiresAt: null })).start()
    expect(await endless.state()).toMatchObject({ endsAt: NOW + HOUR, refreshAt: NOW + HOUR })
  })

  it('ends a session when the clock is set forward by as much (C14)', async () => {
    const { clock, start } = setUp(options)
    const { request, state } = start()
    await request()
    clock.time += 24 * HOUR
    expect(await state()).toEqual(over(reason))
  })

  it('ends one when the clock is set back by as much, and else no later than that much (C14)', async () => {
    const { clock, start } = setUp(options)
    const { request, state } = start()
    await request()
    clock.time = NOW - HOUR + 1
    expect(await state()).toMatchObject({ ...going, endsAt: NOW + HOUR })
    clock.time = NOW - HOUR
    expect(await state()).toEqual(over(reason))
  })

  it('reads a record of before there were limits by when its tokens came', async () => {
    const { startedAt: _, usedAt: __, ...old } = sessionOf()
    const { clock, start } = setUp(options, old)
    clock.time = NOW + HOUR - 1
    expect(await start().state()).toMatchObject({ ...going, endsAt: NOW + HOUR })
    clock.time = NOW + HOUR
    expect(await start().state()).toEqual(over(reason))
  })
})

describe('maxIdle', () => {
  it.each(['request', 'update-token', 'access-token'] as const)('is put off by a page: %s', async use => {
    const { clock, start } = setUp({ maxIdle: 3600 })
    const { request, ask, state } = start()
    for (let hours = 1; hours <= 3; hours++) {
      clock.time += HOUR - 1
      await (use === 'request' ? request() : ask(use))
      expect(await state()).toMatchObject({ ...going, endsAt: clock.time + HOUR })
    }
  })

  it.each(['state', 'inspect', 'keep-alive', 'claim'] as const)(
    'is not put off by %s, nor by a refresh',
    async type => {
      const { clock, start, sent } = setUp({ maxIdle: 3600 })
      const { ask, freshSession, state, settled } = start()
      clock.time = NOW + HOUR - 1
      await ask(type)
      await settled()
      const session = await freshSession.current()
      if (session.status === 'authenticated') await freshSession.refresh(session)
      expect(sent.map(pathOf)).toContain('/auth/token')
      expect(await state()).toMatchObject({ ...going, endsAt: NOW + HOUR })
      clock.time++
      expect(await state()).toEqual(over('idle'))
    },
  )

  it('is put off for a page that asks when it was to come, since another one was used', async () => {
    const { clock, start } = setUp({ maxIdle: 3600 })
    const { request, state } = start()
    clock.time = NOW + HOUR / 2
    await request()
    clock.time = NOW + HOUR
    expect(await state()).toMatchObject({ ...going, endsAt: NOW + HOUR * 1.5 })
  })

  it('is stored at once, and then every minute at most, behind the requests and without a broadcast', async () => {
    const { clock, start, stored, writes } = setUp({ maxIdle: 3600 })
    const { request, changes, settled } = start()
    const { generation } = stored()
    for (let n = 1; n <= 120; n++) {
      clock.time = NOW + n * SECOND
      await Promise.all([request(), request(), request()])
    }
    await settled()
    expect(writes()).toBe(2)
    expect(stored()).toMatchObject({ usedAt: NOW + SECOND + MINUTE, generation })
    expect(changes).toEqual([])
  })

  it('is stored every tenth of it where that is less', async () => {
    const { clock, start, stored } = setUp({ maxIdle: 10 })
    const { request, settled } = start()
    for (const time of [0, 999, 1000]) {
      clock.time = NOW + time
      await request()
      await settled()
      expect(stored()).toMatchObject({ usedAt: NOW + (time < 1000 ? 0 : 1000) })
    }
  })

  it('holds no request up: the answer comes before the use is stored', async () => {
    const { clock, start, stored, holdWrites } = setUp({ maxIdle: 3600 })
    const { request, settled } = start()
    clock.time++
    const release = holdWrites()
    expect((await request()).status).toBe(200)
    expect(stored()).toMatchObject({ usedAt: NOW })
    release()
    await settled()
    expect(stored()).toMatchObject({ usedAt: NOW + 1 })
  })

  it('is remembered beyond the end of a worker, but for what was not stored', async () => {
    const { clock, start } = setUp({ maxIdle: 3600 })
    const first = start()
    clock.time += 30 * MINUTE
    await first.request()
    clock.time += MINUTE - 1
    await first.request()
    await first.settled()
    expect(await start().state()).toMatchObject({ ...going, endsAt: NOW + 90 * MINUTE })
  })

  it('is not forgotten where it is not stored yet, and the store is read', async () => {
    const { clock, start, spread } = setUp({ maxIdle: 3600 })
    const { request, state, sessions, settled } = start()
    clock.time += 5 * MINUTE
    await request()
    await settled()
    clock.time += MINUTE / 2
    await request()
    spread()
    await sessions.load()
    expect(await state()).toMatchObject({ ...going, endsAt: clock.time + HOUR })
  })

  it('is kept count of by several workers, of which the later use counts', async () => {
    const { clock, start, spread, stored } = setUp({ maxIdle: 3600 })
    const [one, two] = [start(), start()]
    await Promise.all([one.state(), two.state()])
    clock.time = NOW + 50 * MINUTE
    await one.request()
    await one.settled()
    clock.time = NOW + 55 * MINUTE
    await two.request()
    await two.settled()
    expect(stored()).toMatchObject({ usedAt: NOW + 55 * MINUTE })
    clock.time = NOW + 100 * MINUTE
    // Nobody has told the first one; the store knows better.
    await one.request()
    spread()
    expect(await one.state()).toMatchObject(going)
    expect(await two.state()).toMatchObject(going)
  })

  it('is not ended by a worker that has not heard of what another one did', async () => {
    const { clock, start, sent } = setUp({ maxIdle: 3600 }, sessionOf({ expiresAt: null }))
    const [one, two] = [start(), start()]
    await Promise.all([one.state(), two.state()])
    clock.time = NOW + 59 * MINUTE
    await two.request()
    await two.settled()
    clock.time = NOW + HOUR
    await one.request()
    expect(sent.map(({ authorization }) => authorization)).toEqual(['Bearer access-1', 'Bearer access-1'])
    expect(one.changes).toEqual([])
  })

  it('overwrites nothing: a use is dropped where the session has ended or another has begun (R26)', async () => {
    const { clock, start, stored } = setUp({ maxIdle: 3600 })
    const [one, two] = [start(), start()]
    await one.state()
    const session = await one.freshSession.current()
    if (session.status === 'anonymous') throw new Error('nobody is logged in')
    clock.time += MINUTE
    const end = await two.sessions.change(latest => ended(latest, 'logout'))
    await one.sessions.use(session, clock.time)
    expect(stored()).toEqual(end)

    await two.login()
    const login = stored()
    clock.time += MINUTE
    await one.sessions.use(session, clock.time)
    expect(stored()).toEqual(login)
  })

  it('keeps the login and the uses through refreshes', async () => {
    const { clock, start, stored } = setUp({ maxIdle: 3600, maxAge: 36_000 })
    const { request, settled } = start()
    for (let n = 1; n <= 6; n++) {
      clock.time = NOW + n * 11 * MINUTE
      await request()
      await settled()
    }
    expect(stored()).toMatchObject({ startedAt: NOW, usedAt: clock.time, receivedAt: clock.time })
  })

  it('works with tokens in memory', async () => {
    const { clock, start, stored } = setUp({ maxIdle: 3600, storage: 'memory' }, undefined)
    const { login, request, state, settled } = start()
    await login()
    clock.time += 5 * MINUTE
    await request()
    await settled()
    expect(stored()).toMatchObject({ accessToken: null, usedAt: NOW + 5 * MINUTE })
    await request()
    expect(await state()).toMatchObject({ ...going, endsAt: NOW + 65 * MINUTE })
    clock.time += HOUR
    expect(await state()).toEqual(over('idle'))
  })
})

describe('without a limit', () => {
  it('no use is stored, and no session ends', async () => {
    const { clock, start, writes } = setUp({}, sessionOf({ expiresAt: null }))
    const { request, state, ask, settled } = start()
    clock.time += 1000 * HOUR
    await request()
    await ask('access-token')
    await settled()
    expect(await state()).toMatchObject({ ...going, endsAt: null, refreshAt: null })
    expect(writes()).toBe(0)
  })

  it('no server is told of a session that expires', async () => {
    const { clock, start, sent } = setUp({ logoutUrl: '/auth/logout' }, sessionOf({ refreshToken: null }))
    const { request, state } = start()
    clock.time += 10 * MINUTE
    expect(await state()).toEqual(over('expired'))
    await request()
    expect(sent.map(pathOf)).toEqual(['/api/me'])
  })

  it('a use that nobody has stored is no reason to end a session, once there is one', async () => {
    const { clock, start, stored } = setUp({})
    const { request, settled } = start()
    for (let n = 1; n <= 12; n++) {
      clock.time = NOW + n * 10 * MINUTE
      await request()
      await settled()
    }
    const limited = setUp({ maxIdle: 3600 }, stored())
    limited.clock.time = clock.time
    expect(await limited.start().state()).toMatchObject({ ...going, endsAt: clock.time + 50 * MINUTE })
  })
})
