/** Stand-ins for the ports: a clock that is set, a store that keeps to IndexedDB's rules, a server that is scripted. */

import { createHooks } from '../../src/core/hooks/ask-hook.ts'
import type { Config } from '../../src/core/options/config.ts'
import type { Options } from '../../src/core/options/options.ts'
import { resolveConfig } from '../../src/core/options/resolve-config.ts'
import type { Clock, Fetch, Locks, Log, Store } from '../../src/core/ports.ts'
import { createSendLogout } from '../../src/core/requests/send-logout.ts'
import { createIsUnauthorized } from '../../src/core/requests/unauthorized.ts'
import { createBackOff } from '../../src/core/session/back-off.ts'
import { type Authenticated, loggedIn, nobody } from '../../src/core/session/session.ts'
import type { Prover } from '../../src/core/tokens/dpop.ts'
import type { EndpointFinder } from '../../src/core/tokens/endpoints.ts'
import { createReadAnswer } from '../../src/core/tokens/read-answer.ts'
import { createTokenEndpoint } from '../../src/core/tokens/token-endpoint.ts'
import type { Tokens } from '../../src/core/tokens/tokens.ts'

export const ORIGIN = 'https://app.example'
export const NOW = Date.UTC(2026, 0, 1)

export function configOf(options: Partial<Options> = {}): Config {
  return resolveConfig({ apiUrls: ['/api/'], useRefreshToken: true, ...options }, `${ORIGIN}/sw.js`)
}

/** What reads the answers of servers. */
export function readersOf(config: Config, now = () => NOW, log: Log = () => undefined) {
  const hooks = createHooks({ config, now, log })
  const readAnswer = createReadAnswer({ config, hooks, now })
  return { hooks, readAnswer, isUnauthorized: createIsUnauthorized(config, hooks), hookFailures: hooks.failures }
}

export function tokenEndpointOf(config: Config, fetch: Fetch, now = () => NOW, find?: EndpointFinder['find']) {
  return createTokenEndpoint({ config, ...readersOf(config, now), fetch, now, ...(find ? { find } : {}) })
}

/** What sends to the logout URL, with what it refreshes by. */
export function sendLogoutOf(config: Config, fetch: Fetch, now: Clock, prover: Prover | null = null, refresh = fetch) {
  const { hooks, isUnauthorized } = readersOf(config, now)
  const tokenEndpoint = tokenEndpointOf(config, refresh, now)
  return createSendLogout({ config, fetch, hooks, prover, isUnauthorized, tokenEndpoint, newId: () => 'key' })
}

/** An unsigned JWT: the worker reads hints from tokens, and verifies none. */
export function jwt(payload: unknown): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'HS256', typ: 'JWT' })}.${part(payload)}.c2lnbmF0dXJl`
}

export function tokensOf(tokens: Partial<Tokens> = {}): Tokens {
  return {
    accessToken: 'access-1',
    refreshToken: 'refresh-1',
    idToken: null,
    receivedAt: NOW,
    expiresAt: NOW + 600_000,
    ...tokens,
  }
}

export function sessionOf(tokens: Partial<Tokens> = {}, id = 'session-a'): Authenticated {
  return loggedIn(nobody, id, tokensOf(tokens))
}

export function createClock(time = NOW) {
  const clock = { time, now: () => clock.time }
  return clock
}

/** A back-off without jitter: its pauses are half of the longest. */
export function createSteadyBackOff(now: () => number, isOnline = () => true) {
  return createBackOff({ now, random: () => 0, isOnline })
}

/** Copies what goes in and out, settles later, and runs one update at a time, as IndexedDB does. */
export function createMemoryStore(records = new Map<string, unknown>()) {
  let queue: Promise<unknown> = Promise.resolve()
  const losses: (() => void)[] = []
  const inTurn = <T>(work: () => T): Promise<T> => {
    const result = queue.then(work)
    queue = result.catch(() => undefined)
    return result
  }
  const store: Store = {
    read: key => inTurn(() => structuredClone(records.get(key))),
    update: (key, updater) =>
      inTurn(() => {
        records.set(key, structuredClone(updater(structuredClone(records.get(key)))))
      }),
    watch: onLost => {
      losses.push(onLost)
    },
  }
  const lose = () => {
    records.clear()
    for (const onLost of losses) onLost()
  }
  return { records, store, lose }
}

/** Web Locks without a time limit: one holder at a time. */
export function createLocks(): Locks {
  const queues = new Map<string, Promise<unknown>>()
  return (name, _limit, task) => {
    const result = (queues.get(name) ?? Promise.resolve()).then(() => task(true))
    queues.set(
      name,
      result.catch(() => undefined),
    )
    return result
  }
}

export interface Sent {
  readonly method: string
  readonly url: string
  readonly authorization: string | null
  readonly body: string
  readonly request: Request
}

/** For where there is no revocation endpoint. */
export const revokeNothing = async () => undefined

/** A fetch port that keeps what was sent and answers by `answer`. */
export function createServer(answer: (sent: Sent, count: number) => Response | Promise<Response>) {
  const sent: Sent[] = []
  const fetch = async (request: Request): Promise<Response> => {
    const entry: Sent = {
      method: request.method,
      url: request.url,
      authorization: request.headers.get('Authorization'),
      body: await request.clone().text(),
      request,
    }
    sent.push(entry)
    return answer(entry, sent.length)
  }
  return { fetch, sent }
}

/** A response as fetch would give it: with a type and a URL, which the constructor does not set. */
export function received(response: Response, { type = 'basic', url = '', redirected = false } = {}): Response {
  return Object.defineProperties(response, {
    type: { value: type, configurable: true },
    url: { value: url, configurable: true },
    redirected: { value: redirected, configurable: true },
  })
}

export function jsonResponse(body: unknown, init: ResponseInit = {}): Response {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return received(new Response(text, { headers: { 'Content-Type': 'application/json' }, ...init }))
}

/** A promise and its ends. */
export function deferred<T>() {
  let resolve: (value: T) => void = () => undefined
  let reject: (reason: unknown) => void = () => undefined
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise, resolve, reject }
}
