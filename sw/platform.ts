/// <reference lib="webworker" />
import { get, type UseStore, update } from 'idb-keyval'
import { logger } from 'workbox-core/_private/logger.js'
import type { Clients, Clock, Fetch, IsOnline, Later, Locks, Log, NewId, Random, Store } from '../src/core/ports.ts'
import { isDevelopment } from '../src/core/trace.ts'

declare const self: ServiceWorkerGlobalScope

/** The real ports. Nothing here decides anything. */
export interface Platform {
  readonly now: Clock
  readonly newId: NewId
  readonly random: Random
  readonly isOnline: IsOnline
  readonly later: Later
  /** Whether this browser stops a worker in the middle of an answer that takes long. */
  readonly stopsAnswers: boolean
  readonly fetch: Fetch
  readonly store: Store
  readonly locks: Locks
  readonly clients: Clients
  readonly log: Log
}

export function createPlatform(): Platform {
  const news = new EventTarget()
  const tell = () => news.dispatchEvent(new Event('news'))
  const records = openRecords(tell)
  // Another scope or version of this worker may be running on the same records.
  const channel = new BroadcastChannel('refresh-worker')
  channel.onmessage = tell
  return {
    now: () => Date.now(),
    newId: () => crypto.randomUUID(),
    random: () => Math.random(),
    isOnline: () => navigator.onLine,
    later: (delay, task) => void setTimeout(task, delay),
    // Nothing else tells: it shows only when it is too late.
    stopsAnswers: /firefox/i.test(navigator.userAgent),
    fetch: request => fetch(request),
    store: {
      read: key => get(key, records),
      update: (key, updater) => {
        const change = (stored: unknown) => {
          const next = updater(stored)
          // Now, and not when it is done, lest the worker be killed in between: who reads on hearing it comes after us.
          if (next !== stored) channel.postMessage('changed')
          return next
        }
        return update(key, change, records)
      },
      watch: onNews => news.addEventListener('news', onNews),
    },
    locks: async (name, limit, task) => {
      let running: ReturnType<typeof task> | undefined
      const start = (isAlone: boolean) => {
        running ??= task(isAlone)
        return running
      }
      // Not granted in time, or stolen while we held it: the task runs, or goes on, all the same.
      await navigator.locks
        .request(name, { signal: AbortSignal.timeout(limit) }, () => start(true))
        .catch(() => undefined)
      return start(false)
    },
    clients: {
      broadcast,
      tell: async (clientId, message) => {
        const client = await self.clients.get(clientId)
        if (client?.type === 'window') client.postMessage(message)
        else await broadcast(message)
      },
      claim: () => self.clients.claim(),
    },
    log,
  }
}

async function broadcast(message: unknown) {
  const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true })
  for (const page of pages) if (page.url.startsWith(self.registration.scope)) page.postMessage(message)
}

/**
 * As idb-keyval's own, but it lets a page delete the database, and opens it again where the browser has closed it.
 */
function openRecords(onLost: () => void): UseStore {
  let opened: Promise<IDBDatabase> | undefined

  const open = () => {
    opened ??= new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open('refresh-worker')
      request.onupgradeneeded = () => request.result.createObjectStore('sessions')
      request.onerror = () => reject(request.error)
      request.onsuccess = () => {
        const database = request.result
        const lose = () => {
          database.close()
          opened = undefined
          onLost()
        }
        database.onclose = lose
        // Unless it is closed, whoever wants to delete it waits for ever.
        database.onversionchange = lose
        resolve(database)
      }
    })
    opened.catch(() => {
      opened = undefined
    })
    return opened
  }

  return (mode, callback) => {
    const run = async () => callback((await open()).transaction('sessions', mode).objectStore('sessions'))
    return run().catch(error => {
      // Closed, and nobody said so.
      if (!(error instanceof DOMException) || error.name !== 'InvalidStateError') throw error
      opened = undefined
      return run()
    })
  }
}

const write: Log = (level, message) => {
  // Workbox's logger in development builds; in production there is none, and only warnings are worth a line.
  if (logger) logger[level](`refresh-worker: ${message}`)
  // biome-ignore lint/suspicious/noConsole: this is the logger.
  else if (level === 'warn') console.warn(`refresh-worker: ${message}`)
}

const group: Log['group'] = (title, lines) => {
  logger.groupCollapsed(`refresh-worker: ${title}`)
  for (const line of lines) logger.log(line)
  logger.groupEnd()
}

const log: Log = isDevelopment ? Object.assign(write, { group }) : write
