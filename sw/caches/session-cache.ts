import { rebuild } from '../../src/core/http/rebuild.ts'
import type { Fetch } from '../../src/core/ports.ts'

type Callback = (param: Readonly<Record<string, unknown>>) => Promise<unknown>

/**
 * As much of Workbox's and Serwist's StrategyHandler as is used here: by it a strategy does all that it does, one for
 * each request.
 */
export interface StrategyHandler {
  readonly event: object
  fetch: (input: Request | string) => Promise<Response>
  cacheMatch: (key: Request | string) => Promise<Response | undefined>
  cachePut: (key: Request | string, response: Response) => Promise<boolean>
  getCacheKey: (request: Request, mode: 'read' | 'write') => Promise<Request>
  readonly iterateCallbacks: (name: string) => Iterable<Callback>
  readonly runCallbacks: (name: string, param: Readonly<Record<string, unknown>>) => Promise<void>
}

/** The API as one session may use it. */
export interface Access {
  readonly storageKey: string
  readonly sessionId: string
  /** Whether that session is still the stored one. */
  readonly isCurrent: () => Promise<boolean>
  /** Sends a request, authorized where it is one to the API; rejects on a network error. */
  readonly send: Fetch
}

interface Binding {
  readonly handler: StrategyHandler
  readonly access: Access
  readonly caches: CacheStorage
  readonly fetchOptions: RequestInit
}

/**
 * Has a strategy send with the session's token, and see nothing in a cache but what that session has put there.
 *
 * No plugin's part, since the token goes on after all plugins, which therefore never see it: one for background sync
 * stores requests that have failed.
 */
export function bindToSession({ handler, access, caches, fetchOptions }: Binding): void {
  const { event } = handler
  const getCacheKey = handler.getCacheKey.bind(handler)
  const cacheMatch = handler.cacheMatch.bind(handler)
  const cachePut = handler.cachePut.bind(handler)

  handler.fetch = async input => {
    const originalRequest = toRequest(input)
    let request = originalRequest
    for (const willFetch of handler.iterateCallbacks('requestWillFetch'))
      request = (await willFetch({ request: request.clone(), event })) as Request
    try {
      let response = await access.send(rebuild(request, fetchOptions))
      for (const didSucceed of handler.iterateCallbacks('fetchDidSucceed'))
        response = (await didSucceed({ event, request, response })) as Response
      return response
    } catch (error) {
      await handler.runCallbacks('fetchDidFail', { error, event, originalRequest, request })
      throw error
    }
  }
  // After all plugins, so that none of them can take it away.
  handler.getCacheKey = async (request, mode) => marked(await getCacheKey(request, mode), access)
  handler.cacheMatch = async key => {
    const response = await cacheMatch(key)
    return response && (await access.isCurrent()) ? response : undefined
  }
  handler.cachePut = async (key, response) => {
    if (!(await access.isCurrent())) {
      response.body?.cancel().catch(() => undefined)
      return false
    }
    const isPut = await cachePut(key, response)
    // Its end may have come just before that, and so may the search for what it leaves behind.
    if (!(await access.isCurrent())) await sweep(caches, markOf(access))
    return isPut
  }
}

/** Deletes what sessions have left in caches. Never rejects: what it could not delete is not given to anybody either. */
export interface Sweeper {
  /** That of all sessions of `storageKey` but this one, or of all where nobody is logged in. */
  readonly sweep: (storageKey: string, sessionId: string | null) => Promise<void>
  /** Where that has not been done in this worker's life: the one before may have been stopped too early. */
  readonly ready: (storageKey: string, sessionId: string | null) => Promise<void>
}

export function createSweeper(caches: CacheStorage): Sweeper {
  const swept = new Map<string, Promise<void>>()
  const sweepOthers: Sweeper['sweep'] = (storageKey, sessionId) => {
    const kept = sessionId === null ? null : markOf({ storageKey, sessionId })
    const done = sweep(caches, markOf({ storageKey }), kept).catch(() => undefined)
    swept.set(storageKey, done)
    return done
  }
  return {
    sweep: sweepOthers,
    ready: (storageKey, sessionId) => swept.get(storageKey) ?? sweepOthers(storageKey, sessionId),
  }
}

/** Deletes what the paths of cache keys that begin with `mark` say is a session's, but for what begins with `kept`. */
export async function sweep(caches: CacheStorage, mark: string, kept: string | null = null): Promise<void> {
  for (const name of await caches.keys()) {
    const cache = await caches.open(name)
    for (const request of await cache.keys()) {
      const { pathname } = new URL(request.url)
      if (pathname.startsWith(mark) && !(kept && pathname.startsWith(kept)))
        await cache.delete(request, { ignoreVary: true })
    }
  }
}

/** What the path of every session's cache key begins with. */
export const MARK = '/.refresh-worker:'

/**
 * What the path of a cache key begins with. Not a search parameter: `ignoreSearch` would have one session match
 * another's.
 */
function markOf({ storageKey, sessionId }: { storageKey: string; sessionId?: string }): string {
  const mark = `${MARK}${encodeURIComponent(storageKey)}:`
  return sessionId === undefined ? mark : `${mark}${sessionId}/`
}

function marked({ url, headers }: Request, access: Access): Request {
  const key = new URL(url)
  key.pathname = markOf(access).slice(0, -1) + key.pathname
  // The headers are for Vary.
  const copy = new Request(key, { headers })
  copy.headers.delete('Authorization')
  return copy
}

function toRequest(input: Request | string): Request {
  return typeof input === 'string' ? new Request(input) : input
}
