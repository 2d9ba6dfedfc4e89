/**
 * A whole core in Vitest, behind its ports: requests go in as they come to the worker, or, in the project `unit-page`, to a
 * page that keeps the session itself; the server is a function.
 */
import { inject } from 'vitest'
import { createCore } from '../../../src/core/core.ts'
import { createDispatch } from '../../../src/core/dispatch.ts'
import type { Options } from '../../../src/core/options/options.ts'
import type { Es256 } from '../../../src/core/ports.ts'
import { createFallbackStore } from '../../../src/core/session/fallback-store.ts'
import type { Session } from '../../../src/core/session/session.ts'
import { createSend } from '../../../src/in-page/send.ts'
import { envelope, type PageRequest, type WorkerBroadcast, type WorkerReply } from '../../../src/protocol.ts'
import type { WorkerReport } from '../../../src/state.ts'
import { configOf, createClock, createLocks, createMemoryStore, createServer, ORIGIN, type Sent } from '../kit.ts'

interface Navigation {
  readonly referrer?: string
  readonly cache?: RequestCache
  /** Of the page that is to come. */
  readonly clientId?: string
}

export function openCore(
  options: Partial<Options>,
  answer: (sent: Sent, count: number) => Response | Promise<Response>,
  /** What another worker of the origin, or this one before it was stopped, has stored. */
  stored = new Map<string, unknown>(),
) {
  const config = configOf(options)
  const clock = createClock()
  const log: string[] = []
  const note = (_: string, message: string) => void log.push(message)
  const { records, store: durable } = createMemoryStore(stored)
  const { fetch, sent } = createServer(answer)
  let ids = 0
  const told: WorkerBroadcast[] = []
  const timers: (readonly [at: number, task: () => void])[] = []
  const ports = {
    now: clock.now,
    newId: () => `id-${++ids}`,
    random: () => 0,
    isOnline: () => true,
    later: (delay: number, task: () => void) => void timers.push([clock.time + delay, task]),
    fetch,
    locks: createLocks(),
    broadcast: async (message: unknown) => void told.push(message as WorkerBroadcast),
    es256: { sha256: (text: string) => crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)) } as Es256,
    log: note,
  }
  const core = createCore({
    config,
    isDefault: true,
    about: { version: '1.2.3', host: 'worker', scope: `${ORIGIN}/`, storageKeys: [config.storageKey] },
    routes: [],
    onSession: async () => undefined,
    store: createFallbackStore({ durable, now: clock.now, later: () => undefined, log: note }),
    ports,
  })
  const dispatch = createDispatch({ cores: [core], fetch, log: note })
  const ask = (type: PageRequest['type']): Promise<WorkerReply> =>
    core.answerMessage(envelope({ type }) as PageRequest, () => undefined)

  /** As a script of a page does. */
  const inPage = createSend({
    dispatch,
    own: { fetch: async (input, init) => fetch(new Request(input, init)) },
    mayRetire: () => false,
    isRetired: () => false,
  })
  const send = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(path, ORIGIN)
    if (inject('host') === 'page')
      return inPage.fetch(url, init).catch(error => {
        if (error instanceof TypeError && error.message === 'Failed to fetch') return Response.error()
        throw error
      })
    const request = new Request(url, init)
    const answered = dispatch(request)
    return answered ? answered({ waitUntil: () => undefined }) : fetch(request)
  }
  const begin = (path: string, method: string, { referrer = '', clientId = '', cache = 'default' }: Navigation) => {
    const work: Promise<unknown>[] = []
    const request = Object.defineProperties(new Request(new URL(path, ORIGIN), { method }), {
      mode: { value: 'navigate' },
      referrer: { value: referrer },
      cache: { value: cache },
    })
    const held = core.navigate(request, promise => void work.push(promise), clientId)
    return { isTouched: dispatch(request) !== null || held !== null, answered: held?.() ?? null, work }
  }
  return {
    clock,
    /** Lets so many milliseconds go by, and settles once what they have brought about is done. */
    advance: async (span: number) => {
      clock.time += span
      const due = timers.filter(([at]) => at <= clock.time)
      for (const timer of due) timers.splice(timers.indexOf(timer), 1)
      for (const [, task] of due) task()
      await new Promise(resolve => setTimeout(resolve))
    },
    /** What pages were told. */
    told,
    log,
    sent,
    send,
    post: (path: string, body: object = {}, headers: Record<string, string> = {}) =>
      send(path, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'Content-Type': 'application/json', ...headers },
      }),
    ask,
    /** Goes there, as a page does by a link or by a script; settles once what that has caused is done. */
    navigate: async (path: string, method = 'GET', init: Navigation = {}) => {
      const { isTouched, answered, work } = begin(path, method, init)
      const response = await answered
      await Promise.all(work)
      return { isTouched, response }
    },
    /** The same; settles once the browser has its answer, null: it was not touched. */
    goTo: async (path: string, init: Navigation = {}) => begin(path, 'GET', init).answered,
    records,
    answer: (message: PageRequest) => core.answerMessage(message, () => undefined),
    stored: () => records.get(config.storageKey) as Session | undefined,
    /** As another worker would have left it. */
    setStored: (session: Session) => void records.set(config.storageKey, session),
    state: async () => {
      const reply = await ask('state')
      return reply.type === 'state' ? reply.state : null
    },
    inspect: async (): Promise<WorkerReport> => {
      const reply = await ask('inspect')
      if (reply.type !== 'inspect') throw new Error(`got ${reply.type}`)
      return reply.report
    },
  }
}
