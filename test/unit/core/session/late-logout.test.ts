import { describe, expect, it } from 'vitest'
import type { Store } from '../../../../src/core/ports.ts'
import { createLogout } from '../../../../src/core/requests/logout.ts'
import { createTellLogout } from '../../../../src/core/requests/tell-logout.ts'
import { createFallbackStore } from '../../../../src/core/session/fallback-store.ts'
import { loggedIn } from '../../../../src/core/session/session.ts'
import { createSessionStore } from '../../../../src/core/session/session-store.ts'
import {
  configOf,
  createClock,
  createLocks,
  createMemoryStore,
  createServer,
  ORIGIN,
  sendLogoutOf,
  tokensOf,
} from '../../kit.ts'

/** Two hosts on one record, the storage of one of which can be made slow. */
function setUp() {
  const { records, store } = createMemoryStore()
  const clock = createClock()
  const config = configOf()
  const held: (() => void)[] = []
  let isSlow = false
  const turn = () => (isSlow ? new Promise<void>(resolve => held.push(resolve)) : Promise.resolve())
  const slow: Store = {
    ...store,
    read: async key => {
      await turn()
      return store.read(key)
    },
    update: async (key, updater) => {
      await turn()
      return store.update(key, updater)
    },
  }
  const open = (durable: Store) => {
    const fallback = createFallbackStore({
      durable,
      now: clock.now,
      later: () => undefined,
      log: () => undefined,
      limit: 20,
    })
    const sessions = createSessionStore({
      config,
      scope: ORIGIN,
      store: fallback,
      now: clock.now,
      onChange: async () => undefined,
    })
    const { fetch } = createServer(() => new Response())
    const { logout } = createLogout({
      config,
      sessions,
      fetch,
      tellLogout: createTellLogout({
        config,
        sessions,
        sendLogout: sendLogoutOf(config, fetch, clock.now),
        locks: createLocks(),
        log: () => undefined,
      }),
      revoke: async () => undefined,
    })
    return {
      saved: fallback.saved,
      load: () => sessions.load(),
      logIn: (id: string) => sessions.change(previous => loggedIn(previous, id, tokensOf())),
      logOut: () => logout(() => undefined),
    }
  }
  return {
    a: open(slow),
    b: open(store),
    stored: () => records.get(config.storageKey),
    slowDown: () => {
      isSlow = true
    },
    letGo: () => {
      isSlow = false
      for (const resolve of held.splice(0)) resolve()
    },
  }
}

describe('a logout that becomes durable late (V5)', () => {
  it('ends the session that it was meant for', async () => {
    const { a, stored, slowDown, letGo } = setUp()
    await a.logIn('ada')
    slowDown()
    expect(await a.logOut()).toMatchObject({ status: 'anonymous', reason: 'logout' })
    expect(stored()).toMatchObject({ id: 'ada' })
    letGo()
    await a.saved()
    expect(stored()).toMatchObject({ status: 'anonymous', reason: 'logout' })
  })

  it('ends no newer login of somebody else', async () => {
    const { a, b, stored, slowDown, letGo } = setUp()
    await a.logIn('ada')
    await b.load()
    slowDown()
    await a.logOut()
    await b.logIn('bob')
    letGo()
    await a.saved()
    expect(stored()).toMatchObject({ status: 'authenticated', id: 'bob' })
    expect(await a.load()).toMatchObject({ id: 'bob' })
  })

  it('ends whoever is there where the host had seen nobody', async () => {
    const { a, b, stored, slowDown, letGo } = setUp()
    await b.logIn('ada')
    slowDown()
    await a.logOut()
    letGo()
    await a.saved()
    expect(stored()).toMatchObject({ status: 'anonymous', reason: 'logout' })
  })
})
