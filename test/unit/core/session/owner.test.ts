import { describe, expect, it } from 'vitest'
import type { Options } from '../../../../src/core/options/options.ts'
import { isSameOwner, ownerOf, removeLeftovers } from '../../../../src/core/session/owner.ts'
import {
  type Authenticated,
  ended,
  loggedIn,
  nobody,
  refreshBegun,
  refreshed,
} from '../../../../src/core/session/session.ts'
import { createSessionStore } from '../../../../src/core/session/session-store.ts'
import { configOf, createMemoryStore, NOW, ORIGIN, sessionOf, tokensOf } from '../../kit.ts'

const SCOPE = `${ORIGIN}/`
const at = (options: Partial<Options>) => ownerOf(configOf(options), SCOPE)

describe('a session belongs to the servers that it came from (V6)', () => {
  it.each<[string, Partial<Options>, Partial<Options>, boolean]>([
    ['the same ones', {}, {}, true],
    ['an API more', {}, { apiUrls: ['/api/', '/v2/'] }, true],
    [
      'a login URL more',
      { loginUrl: '/a', refreshTokenUrl: '/t' },
      { loginUrl: ['/b', '/a'], refreshTokenUrl: '/t' },
      true,
    ],
    ['another login URL', { loginUrl: '/a', refreshTokenUrl: '/t' }, { loginUrl: '/b', refreshTokenUrl: '/t' }, false],
    ['another refresh URL', { refreshTokenUrl: '/t' }, { refreshTokenUrl: '/u' }, false],
    ['a login URL that is the refresh URL too', { loginUrl: '/a' }, { loginUrl: '/b' }, false],
    ['another host', { refreshTokenUrl: 'https://a.example/t' }, { refreshTokenUrl: 'https://b.example/t' }, false],
    ['another issuer', { issuer: 'https://a.example' }, { issuer: 'https://b.example' }, false],
    ['the same issuer', { issuer: 'https://a.example' }, { issuer: 'https://a.example' }, true],
    ['an issuer in place of URLs', { loginUrl: '/a' }, { issuer: 'https://a.example' }, false],
  ])('%s', (_, before, after, isSame) => {
    expect(isSameOwner(at(before), at(after))).toBe(isSame)
    expect(isSameOwner(at(after), at(before))).toBe(isSame)
  })
})

function setUp(records = new Map<string, unknown>()) {
  const { store } = createMemoryStore(records)
  const open = (options: Partial<Options> = {}) =>
    createSessionStore({
      config: configOf(options),
      scope: SCOPE,
      store,
      now: () => NOW,
      onChange: async () => undefined,
    })
  const key = configOf().storageKey
  return { records, open, key }
}

describe('the stored record', () => {
  it('names its servers from the login on, through every refresh (V6)', async () => {
    const { records, open, key } = setUp()
    const sessions = open()
    const owner = at({})
    const session = await sessions.change(previous => loggedIn(previous, 'a', tokensOf()))
    expect(records.get(key)).toMatchObject({ owner })
    await sessions.change(stored => refreshBegun(stored as Authenticated, NOW, 'key'))
    expect(records.get(key)).toMatchObject({ owner, begun: 1 })
    await sessions.change(stored => refreshed(stored as Authenticated, tokensOf({ accessToken: 'a2' })))
    expect(records.get(key)).toMatchObject({ owner, accessToken: 'a2', id: (session as Authenticated).id })
  })

  it('is nobody to a configuration of other servers, and a login replaces it (V6)', async () => {
    const { records, open, key } = setUp()
    await open().change(previous => loggedIn(previous, 'a', tokensOf()))
    const moved = open({ refreshTokenUrl: 'https://evil.example/token' })
    expect(await moved.current()).toBe(nobody)
    expect(await moved.change(stored => stored)).toBe(nobody)
    await moved.change(previous => loggedIn(previous, 'b', tokensOf()))
    expect(records.get(key)).toMatchObject({ id: 'b', owner: { tokenUrl: 'https://evil.example/token' } })
    expect(await open().current()).toBe(nobody)
  })

  it('of 0.1, which names none, goes on, and names them from the next change on (V9)', async () => {
    const { records, open, key } = setUp(new Map([[configOf().storageKey, sessionOf()]]))
    const sessions = open()
    expect(await sessions.current()).toMatchObject({ status: 'authenticated', id: 'session-a' })
    expect(records.get(key)).not.toHaveProperty('owner')
    await sessions.change(stored => refreshBegun(stored as Authenticated, NOW, 'key'))
    expect(records.get(key)).toMatchObject({ owner: at({}), id: 'session-a' })
  })
})

describe('a new version of the worker (V7)', () => {
  const of = (options: Partial<Options>, scope = SCOPE) => ({
    ...sessionOf(),
    owner: ownerOf(configOf(options), scope),
  })

  async function tidy(stored: Record<string, unknown>, options: readonly Partial<Options>[] = [{}]) {
    const records = new Map(Object.entries(stored))
    const log: string[] = []
    const removed = await removeLeftovers(
      {
        entries: async () => [...records],
        remove: async keys => {
          for (const key of keys) records.delete(key)
        },
      },
      options.map(configOf),
      SCOPE,
      (_, line) => log.push(line),
    )
    return { left: [...records.keys()], removed, log }
  }

  it('removes what is stored under a storageKey that it has no more, with its DPoP key', async () => {
    const { left, log } = await tidy({ old: of({ storageKey: 'old' }), 'old:dpop': {} }, [{ storageKey: 'new' }])
    expect(left).toEqual([])
    expect(log).toEqual([expect.stringContaining('storageKey')])
  })

  it('removes what has ended under such a key, with whose it was and its DPoP key', async () => {
    const { records, open } = setUp()
    const sessions = open({ storageKey: 'old', whenEnded: 'hold' })
    await sessions.change(previous => loggedIn(previous, 'ada', tokensOf({ subject: '"ada"' })))
    await sessions.change(stored => ended(stored, 'rejected'))
    expect(records.get('old')).toMatchObject({ status: 'anonymous', last: { subject: '"ada"' } })
    const { left, removed } = await tidy({ ...Object.fromEntries(records), 'old:dpop': {} }, [{ storageKey: 'new' }])
    expect(left).toEqual([])
    expect(removed).toEqual(['old'])
  })

  it('leaves what has ended under its own key, which knows what was handed over, wherever that came from', async () => {
    const stored = {
      'refresh-worker': { ...ended(of({ loginUrl: '/before' }), 'logout'), owner: at({ loginUrl: '/before' }) },
    }
    expect((await tidy(stored)).left).toEqual(['refresh-worker'])
  })

  it('removes what came from other servers', async () => {
    const { left } = await tidy({ 'refresh-worker': of({ loginUrl: '/before' }) })
    expect(left).toEqual([])
  })

  it('leaves what is its own, another scope’s, of 0.1, and of others alone', async () => {
    const stored = {
      'refresh-worker': of({}),
      'refresh-worker:dpop': {},
      admin: of({ storageKey: 'admin' }, `${ORIGIN}/admin/`),
      legacy: sessionOf(),
      foreign: 'text',
      nothing: null,
    }
    const { left, log } = await tidy(stored)
    expect(left).toEqual(Object.keys(stored))
    expect(log).toEqual([])
  })
})
