import { describe, expect, it } from 'vitest'
import { ended, loggedIn, nobody, refreshed, type Session } from '../../../../src/core/session/session.ts'
import { createSessionStore } from '../../../../src/core/session/session-store.ts'
import { IN_COOKIE } from '../../../../src/core/tokens/tokens.ts'
import { configOf, createMemoryStore, NOW, sessionOf, tokensOf } from '../../kit.ts'

const config = configOf({ storageKey: 'key' })

function setUp(stored?: unknown) {
  const { records, store } = createMemoryStore(new Map(stored === undefined ? [] : [['key', stored]]))
  const changes: [string, Session][] = []
  const open = () =>
    createSessionStore({
      config,
      store,
      now: () => NOW,
      onChange: async (session, reason) => void changes.push([reason, session]),
    })
  return { records, changes, open, sessions: open() }
}

describe('G2: storage is the truth, memory a cache', () => {
  it('reads the stored session once, then answers at once', async () => {
    const session = sessionOf()
    const { sessions } = setUp(session)
    expect(await sessions.current()).toEqual(session)
    expect(sessions.current()).toEqual(session)
  })

  it('reads it once for all who come first (C6)', async () => {
    const { store } = createMemoryStore(new Map([['key', sessionOf()]]))
    let reads = 0
    const counted = { ...store, read: (key: string) => store.read(key).finally(() => reads++) }
    const sessions = createSessionStore({ config, store: counted, now: () => NOW, onChange: async () => undefined })
    await Promise.all(Array.from({ length: 20 }, () => sessions.current()))
    expect(reads).toBe(1)
  })

  it('sees no refresh token where useRefreshToken has been turned off since', async () => {
    const { store } = createMemoryStore(new Map([['key', sessionOf()]]))
    const off = configOf({ storageKey: 'key', useRefreshToken: false })
    const sessions = createSessionStore({ config: off, store, now: () => NOW, onChange: async () => undefined })
    expect(await sessions.current()).toEqual(sessionOf({ refreshToken: null }))
  })

  it('sees nobody where the record is of a session in cookies, and the configuration has none', async () => {
    const { store } = createMemoryStore(new Map([['key', sessionOf({ accessToken: IN_COOKIE, refreshToken: null })]]))
    const of = (options: Parameters<typeof configOf>[0]) =>
      createSessionStore({
        config: configOf({ storageKey: 'key', ...options }),
        store,
        now: () => NOW,
        onChange: async () => undefined,
      })
    expect(await of({}).current()).toBe(nobody)
    const cookies = of({ accessTokenIn: 'cookie', sessionUrl: '/api/session', useRefreshToken: true })
    expect(await cookies.current()).toMatchObject({ status: 'authenticated', accessToken: IN_COOKIE })
  })

  it('has the new session stored before it tells of it', async () => {
    const { records, store } = createMemoryStore()
    const stored: unknown[] = []
    const onChange = async () => void stored.push(records.get('key'))
    const sessions = createSessionStore({ config, store, now: () => NOW, onChange })
    const session = await sessions.change(previous => loggedIn(previous, 'a', tokensOf()))
    expect(stored).toEqual([session])
    expect(sessions.current()).toBe(session)
  })

  it('sees on load what another worker wrote, and tells of it', async () => {
    const { sessions, open, changes } = setUp(sessionOf())
    const before = await sessions.current()
    const successor = await open().change(latest =>
      latest.status === 'authenticated' ? refreshed(latest, tokensOf({ accessToken: 'a2' })) : latest,
    )
    changes.length = 0

    expect(sessions.current()).toBe(before)
    expect(await sessions.load()).toEqual(successor)
    expect(sessions.current()).toEqual(successor)
    expect(changes).toEqual([['refresh', successor]])
  })

  it.each<[string, (session: Session) => Session]>([
    ['login', previous => loggedIn(previous, 'b', tokensOf())],
    ['logout', previous => ended(previous, 'logout')],
  ])('tells what kind of change another worker made: %s', async (reason, transition) => {
    const { sessions, open, changes } = setUp(sessionOf())
    await sessions.current()
    await open().change(transition)
    changes.length = 0
    await sessions.load()
    expect(changes.map(([kind]) => kind)).toEqual([reason])
  })

  it('tells of a record that has vanished (C25)', async () => {
    const { sessions, records, changes } = setUp(sessionOf())
    await sessions.current()
    records.clear()
    expect(await sessions.load()).toEqual(nobody)
    expect(changes).toEqual([['none', nobody]])
  })

  it('tells of another login that took its place, though it counts from the beginning', async () => {
    const { sessions, records, changes } = setUp(sessionOf())
    await sessions.current()
    const other = sessionOf({}, 'session-b')
    records.set('key', other)
    await sessions.load()
    expect(changes).toEqual([['login', other]])
  })

  it('tells at once when it hears that the records were taken away (C10, C25)', async () => {
    const { store, lose } = createMemoryStore(new Map([['key', sessionOf()]]))
    const changes: Session[] = []
    const onChange = async (session: Session) => void changes.push(session)
    const sessions = createSessionStore({ config, store, now: () => NOW, onChange })
    await sessions.current()
    lose()
    await expect.poll(() => changes).toEqual([nobody])
    expect(sessions.current()).toBe(nobody)
  })

  it('V36: reads once for all the news that comes while it reads, and once more after it', async () => {
    const { store } = createMemoryStore(new Map([['key', sessionOf()]]))
    const listeners: (() => void)[] = []
    const gates: (() => void)[] = []
    const slow = {
      ...store,
      read: async (key: string) => {
        await new Promise<void>(resolve => gates.push(resolve))
        return store.read(key)
      },
      watch: (onNews: () => void) => void listeners.push(onNews),
    }
    createSessionStore({ config, store: slow, now: () => NOW, onChange: async () => undefined })
    for (let n = 0; n < 20_000; n++) for (const tell of listeners) tell()
    expect(gates).toHaveLength(1)
    gates[0]?.()
    await expect.poll(() => gates.length).toBe(2)
    gates[1]?.()
    for (const tell of listeners) tell()
    await expect.poll(() => gates.length).toBe(3)
  })

  it('does not remember that it could not read', async () => {
    const { store } = createMemoryStore(new Map([['key', sessionOf()]]))
    let isBroken = true
    const broken = { ...store, read: (key: string) => (isBroken ? Promise.reject(new Error()) : store.read(key)) }
    const sessions = createSessionStore({ config, store: broken, now: () => NOW, onChange: async () => undefined })
    expect(await sessions.current()).toBe(nobody)
    isBroken = false
    expect(await sessions.current()).toEqual(sessionOf())
    isBroken = true
    expect(await sessions.load()).toEqual(sessionOf())
  })

  it.each([undefined, 'nonsense', { status: 'authenticated' }])(
    'takes %j for nobody, and lets a login replace it',
    async stored => {
      const { sessions, records } = setUp(stored)
      expect(await sessions.current()).toEqual(nobody)
      const session = await sessions.change(previous => loggedIn(previous, 'a', tokensOf()))
      expect(records.get('key')).toEqual(session)
    },
  )
})

describe('G3: every write is a compare-and-swap', () => {
  it('leaves the record alone where the transition returns what it got, and tells nobody', async () => {
    const session = sessionOf()
    const { sessions, records, changes } = setUp(session)
    expect(await sessions.change(latest => latest)).toEqual(session)
    expect(records.get('key')).toEqual(session)
    expect(changes).toEqual([])
  })

  it("tells another worker's change by its own reason, where it wrote nothing itself", async () => {
    const { sessions, open, changes } = setUp(sessionOf())
    await sessions.current()
    await open().change(latest => ended(latest, 'logout'))
    changes.length = 0
    await sessions.change(latest => latest)
    expect(changes.map(([reason]) => reason)).toEqual(['logout'])
  })

  it('shows every transition the stored session, whatever this worker has seen', async () => {
    const { sessions, open } = setUp(sessionOf())
    await sessions.current()
    const other = await open().change(previous => loggedIn(previous, 'b', tokensOf()))
    const seen: Session[] = []
    await sessions.change(latest => {
      seen.push(latest)
      return latest
    })
    expect(seen).toEqual([other])
  })

  it('lets no update of many get lost', async () => {
    const { sessions, open } = setUp()
    const stores = [sessions, open(), open()]
    await Promise.all(
      Array.from({ length: 300 }, (_, n) => stores[n % 3]?.change(previous => loggedIn(previous, `${n}`, tokensOf()))),
    )
    expect((await sessions.load()).generation).toBe(300)
  })
})
