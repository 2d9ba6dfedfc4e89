/// <reference lib="webworker" />
import { createStore, get, update } from 'idb-keyval'
import { logger } from 'workbox-core/_private/logger.js'
import type { Clients, Clock, Fetch, IsOnline, Locks, Log, NewId, Random, Store } from './ports.ts'

declare const self: ServiceWorkerGlobalScope

/** The real ports. Nothing here decides anything. */
export interface Platform {
  readonly now: Clock
  readonly newId: NewId
  readonly random: Random
  readonly isOnline: IsOnline
  readonly fetch: Fetch
  readonly store: Store
  readonly locks: Locks
  readonly clients: Clients
  readonly log: Log
}

export function createPlatform(): Platform {
  const records = createStore('refresh-worker', 'sessions')
  return {
    now: () => Date.now(),
    newId: () => crypto.randomUUID(),
    random: () => Math.random(),
    isOnline: () => navigator.onLine,
    fetch: request => fetch(request),
    store: {
      read: key => get(key, records),
      update: (key, updater) => update(key, updater, records),
    },
    locks: async (name, limit, task) => {
      let running: ReturnType<typeof task> | undefined
      const start = () => {
        running ??= task()
        return running
      }
      // Not granted in time, or stolen while we held it: the task runs, or goes on, all the same.
      await navigator.locks.request(name, { signal: AbortSignal.timeout(limit) }, start).catch(() => undefined)
      return start()
    },
    clients: {
      broadcast: async message => {
        const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true })
        for (const page of pages) if (page.url.startsWith(self.registration.scope)) page.postMessage(message)
      },
      claim: () => self.clients.claim(),
    },
    log,
  }
}

const log: Log = (level, message) => {
  // Workbox's logger in development builds; in production there is none, and only warnings are worth a line.
  if (logger) logger[level](`refresh-worker: ${message}`)
  // biome-ignore lint/suspicious/noConsole: this is the logger.
  else if (level === 'warn') console.warn(`refresh-worker: ${message}`)
}
