import { describe, expect, it } from 'vitest'
import type { Store } from '../../../../src/core/ports.ts'
import { createFallbackStore } from '../../../../src/core/session/fallback-store.ts'
import {
  type Authenticated,
  ended,
  loggedIn,
  refreshBegun,
  refreshed,
  type Session,
} from '../../../../src/core/session/session.ts'
import { createSessionStore } from '../../../../src/core/session/session-store.ts'
import { createTokenVault } from '../../../../src/core/session/token-vault.ts'
import { configOf, createMemoryStore, NOW, sessionOf, tokensOf } from '../../kit.ts'

const bare = { accessToken: null, refreshToken: null, idToken: null }
const session = sessionOf({ idToken: 'id-1' })
const SECRET = /access-\d|refresh-\d|id-\d/

function setUp(stored?: unknown) {
  const { records, store } = createMemoryStore(new Map(stored === undefined ? [] : [['key', stored]]))
  return { records, store, vault: createTokenVault(store) }
}

const put = (vault: Store, record: unknown) => vault.update('key', () => record)

describe('R2: tokens are kept in memory alone', () => {
  it('the store gets the rest of the record, and whoever wrote it reads it whole', async () => {
    const { records, vault } = setUp()
    await put(vault, session)
    expect(records.get('key')).toEqual({ ...session, ...bare })
    expect(JSON.stringify([...records])).not.toMatch(SECRET)
    expect(await vault.read('key')).toEqual(session)
  })

  it('an updater sees the record whole', async () => {
    const { vault } = setUp()
    await put(vault, session)
    const seen: unknown[] = []
    await vault.update('key', stored => {
      seen.push(stored)
      return stored
    })
    expect(seen).toEqual([session])
  })

  it('the mark of a refresh leaves them where they are (R21)', async () => {
    const { records, vault } = setUp()
    await put(vault, session)
    await put(vault, refreshBegun(session, NOW, 'key'))
    expect(records.get('key')).toEqual({ ...session, ...bare, begun: 1, begunAt: NOW, refreshKey: 'key' })
    expect(await vault.read('key')).toEqual({ ...session, begun: 1, begunAt: NOW, refreshKey: 'key' })
  })

  it('nobody else reads them: not another worker, nor this one after a restart', async () => {
    const { store, vault } = setUp()
    await put(vault, session)
    expect(await createTokenVault(store).read('key')).toEqual({ ...session, ...bare })
  })

  it("those of another worker's login are not taken for ours", async () => {
    const { store, vault } = setUp()
    await put(vault, session)
    const next = sessionOf({ accessToken: 'access-2' }, 'session-b')
    await put(createTokenVault(store), next)
    expect(await vault.read('key')).toEqual({ ...next, ...bare })
  })

  it('where another one has refreshed the session, its own access token goes on, and lives as long as it did', async () => {
    const { store, vault } = setUp()
    await put(vault, session)
    const other = createTokenVault(store)
    const receivedAt = NOW + 590_000
    const tokens = tokensOf({ accessToken: 'access-2', receivedAt, expiresAt: receivedAt + 600_000 })
    await put(other, refreshed(session, tokens))
    const { generation } = (await other.read('key')) as Authenticated
    expect(await vault.read('key')).toEqual({ ...session, generation, refreshToken: null, isFormer: true })
    // Nor is the other one's life cut short by what this one writes.
    await vault.update('key', stored => refreshBegun(stored as Authenticated, NOW, 'key'))
    expect(await other.read('key')).toMatchObject({ accessToken: 'access-2', expiresAt: tokens.expiresAt, begun: 1 })
  })

  it('a record of the time before is emptied when it is first read, and its session goes on', async () => {
    const { records, vault } = setUp(session)
    expect(await vault.read('key')).toEqual(session)
    expect(records.get('key')).toEqual({ ...session, ...bare })
  })

  it('so is one that is first updated, even to leave it as it is', async () => {
    const { records, vault } = setUp(session)
    await vault.update('key', stored => stored)
    expect(records.get('key')).toEqual({ ...session, ...bare })
    expect(await vault.read('key')).toEqual(session)
  })

  it('those of a session that has ended, or was refreshed, are forgotten', async () => {
    for (const next of [ended(session, 'logout'), refreshed(session, tokensOf({ accessToken: 'access-2' }))]) {
      const { records, vault } = setUp()
      await put(vault, session)
      await put(vault, next)
      records.set('key', { ...session, ...bare })
      expect(await vault.read('key')).not.toMatchObject({ accessToken: 'access-1' })
    }
  })

  it('those of a write that failed have not replaced the ones before', async () => {
    const { store } = createMemoryStore()
    let isBroken = false
    const broken: Store = {
      ...store,
      update: async (key, updater) => {
        if (!isBroken) return store.update(key, updater)
        updater(await store.read(key))
        throw new Error('aborted')
      },
    }
    const vault = createTokenVault(broken)
    await put(vault, session)
    isBroken = true
    await expect(put(vault, refreshed(session, tokensOf()))).rejects.toThrow('aborted')
    expect(await vault.read('key')).toEqual(session)
  })

  it('it works where the durable store does not (C7)', async () => {
    const fails = () => Promise.reject(new Error('broken'))
    const durable = { read: fails, update: fails, watch: () => undefined }
    const vault = createTokenVault(
      createFallbackStore({ durable, now: () => NOW, later: () => undefined, log: () => undefined }),
    )
    await put(vault, session)
    expect(await vault.read('key')).toEqual(session)
  })
})

describe('what is no session of ours', () => {
  it.each([undefined, 'nonsense', { status: 'authenticated' }, ended(session, 'logout')])(
    'goes through as it is: %j',
    async record => {
      const { vault } = setUp(record)
      expect(await vault.read('key')).toEqual(record)
    },
  )
})

describe('G3: every write is a compare-and-swap', () => {
  it('what an updater leaves alone is not written, so that no worker hears of it', async () => {
    const { store } = setUp()
    const isWritten: boolean[] = []
    const vault = createTokenVault({
      ...store,
      update: (key, updater) =>
        store.update(key, stored => {
          const next = updater(stored)
          isWritten.push(next !== stored)
          return next
        }),
    })
    await put(vault, session)
    await vault.update('key', stored => stored)
    expect(isWritten).toEqual([true, false])
  })

  it('lets no update of many workers get lost', async () => {
    const { store, records } = setUp()
    const config = configOf({ storageKey: 'key' })
    const open = () =>
      createSessionStore({ now: () => NOW, config, store: createTokenVault(store), onChange: async () => undefined })
    const stores = [open(), open(), open()]
    const written: Session[] = await Promise.all(
      Array.from({ length: 300 }, (_, n) =>
        (stores[n % 3] as ReturnType<typeof open>).change(previous => loggedIn(previous, `${n}`, tokensOf())),
      ),
    )
    expect(new Set(written.map(({ generation }) => generation)).size).toBe(300)
    expect(written.every(record => (record as Authenticated).accessToken === 'access-1')).toBe(true)
    expect(records.get('key')).toMatchObject({ generation: 300, accessToken: null })
  })
})
