import { describe, expect, it } from 'vitest'
import { type Access, bindToSession, createSweeper, type StrategyHandler } from '../../../sw/caches/session-cache.ts'
import { ORIGIN } from '../kit.ts'

const KEY = `${ORIGIN}/.refresh-worker:refresh-worker:session-a/api/me?full`

/** Caches by name, with as much of the interface as is called here. */
function createCaches(content: Readonly<Record<string, readonly string[]>> = {}) {
  const stored = new Map(Object.entries(content).map(([name, urls]) => [name, new Set(urls)]))
  const of = (name: string) => stored.get(name) ?? new Set<string>()
  const open = async (name: string) => ({
    keys: async () => [...of(name)].map(url => new Request(url)),
    delete: async ({ url }: Request) => of(name).delete(url),
  })
  const caches = { keys: async () => [...stored.keys()], open } as unknown as CacheStorage
  return { caches, urls: () => Object.fromEntries([...stored].map(([name, urls]) => [name, [...urls]])) }
}

/** A handler as the libraries have it, whose cache does what `read` and `write` say; bound to session-a. */
function bind({ read = async () => {}, write = async () => {}, caches = createCaches().caches } = {}) {
  let isCurrent = true
  const keys: Request[] = []
  const handler: StrategyHandler = {
    event: {},
    fetch: () => Promise.reject(new Error('the strategy has gone its own way')),
    getCacheKey: async request => request,
    cacheMatch: async key => {
      keys.push(await handler.getCacheKey(new Request(key), 'read'))
      await read()
      return new Response('cached')
    },
    cachePut: async key => {
      keys.push(await handler.getCacheKey(new Request(key), 'write'))
      await write()
      return true
    },
    iterateCallbacks: () => [],
    runCallbacks: async () => {},
  }
  const access: Access = {
    storageKey: 'refresh-worker',
    sessionId: 'session-a',
    isCurrent: async () => isCurrent,
    send: async () => new Response('fresh'),
  }
  bindToSession({ handler, access, caches, fetchOptions: {} })
  const end = async () => {
    isCurrent = false
  }
  return { handler, keys, end }
}

describe('a cache of a session', () => {
  it('has its keys marked in the path, which no option ignores, and without the Authorization header (R35)', async () => {
    const { handler, keys } = bind()
    const headers = { Authorization: 'Bearer placeholder', 'Accept-Language': 'en' }
    const request = new Request(`${ORIGIN}/api/me?full`, { headers })
    expect(await (await handler.cacheMatch(request))?.text()).toBe('cached')
    expect(await handler.cachePut(request, new Response())).toBe(true)
    for (const key of keys) {
      expect(key.url).toBe(KEY)
      expect(Object.fromEntries(key.headers)).toEqual({ 'accept-language': 'en' })
    }
    expect(keys).toHaveLength(2)
  })

  it('gives nothing to a session that has ended while it was read', async () => {
    const { handler, end } = bind({ read: () => end() })
    expect(await handler.cacheMatch(`${ORIGIN}/api/me`)).toBeUndefined()
  })

  it('takes nothing from a session that has ended, and reads no answer for it to the end', async () => {
    const { handler, keys, end } = bind()
    await end()
    let isCancelled = false
    const body = new ReadableStream({
      cancel: () => {
        isCancelled = true
      },
    })
    expect(await handler.cachePut(`${ORIGIN}/api/me`, new Response(body))).toBe(false)
    expect(keys).toEqual([])
    expect(isCancelled).toBe(true)
  })

  it('loses what was written at the moment when its session ended', async () => {
    const other = `${ORIGIN}/.refresh-worker:refresh-worker:session-b/api/me`
    const { caches, urls } = createCaches({ api: [KEY, other], app: [`${ORIGIN}/app.css`] })
    const { handler, end } = bind({ write: () => end(), caches })
    await handler.cachePut(`${ORIGIN}/api/me?full`, new Response())
    expect(urls()).toEqual({ api: [other], app: [`${ORIGIN}/app.css`] })
  })
})

describe('the search for what sessions have left', () => {
  const keyOf = (storageKey: string, sessionId: string) =>
    `${ORIGIN}/.refresh-worker:${encodeURIComponent(storageKey)}:${sessionId}/api/me`

  it.each(['refresh-worker', '..', 'a/b', 'a:b', 'ä %'])('spares the session, and all that is not of %s', async key => {
    const others = [keyOf(`${key}:x`, 'session-b'), keyOf('a', 'session-b'), `${ORIGIN}/api/me`, `${ORIGIN}/app.css`]
    const kept = keyOf(key, 'session-a')
    const content = { api: [kept, keyOf(key, 'session-b'), ...others], more: [keyOf(key, 'session-ab')] }
    const { caches, urls } = createCaches(content)
    const { sweep } = createSweeper(caches)
    await sweep(key, 'session-a')
    expect(urls()).toEqual({ api: [kept, ...others], more: [] })
    await sweep(key, null)
    expect(urls()).toEqual({ api: others, more: [] })
  })

  it('is made once in the life of a worker for each storageKey, and then when the session changes', async () => {
    let searches = 0
    const keys = async () => {
      searches++
      return []
    }
    const { sweep, ready } = createSweeper({ keys } as unknown as CacheStorage)
    await Promise.all([ready('a', 'session-a'), ready('a', 'session-a'), ready('b', null)])
    expect(searches).toBe(2)
    await sweep('a', null)
    await ready('a', null)
    expect(searches).toBe(3)
  })

  it('that fails is no reason for a login to fail', async () => {
    const caches = { keys: () => Promise.reject(new DOMException('gone', 'UnknownError')) } as unknown as CacheStorage
    await expect(createSweeper(caches).sweep('a', null)).resolves.toBeUndefined()
  })
})
