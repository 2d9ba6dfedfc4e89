/// <reference lib="webworker" />

import { es256 } from '../src/browser/es256.ts'
import { createLocks } from '../src/browser/locks.ts'
import type { Broadcast, Ports, Records, Store } from '../src/core/ports.ts'
import { log } from './log.ts'
import type { Pages } from './pages.ts'

declare const self: ServiceWorkerGlobalScope

/** What there is only in a browser's worker. Nothing here decides anything. */
export interface Platform {
  readonly ports: Ports
  readonly store: Store & Records
  readonly pages: Pages
  /** Whether this browser stops a worker in the middle of an answer that takes long. */
  readonly stopsAnswers: boolean
  /** Whether in this browser a new version waits for the end of every answer of the old one. */
  readonly waitsForStreams: () => boolean
}

export function createPlatform(store: Store & Records): Platform {
  return {
    store,
    ports: {
      now: () => Date.now(),
      newId: () => crypto.randomUUID(),
      random: () => Math.random(),
      isOnline: () => navigator.onLine,
      later: (delay, task) => void setTimeout(task, delay),
      fetch: request => fetch(request),
      locks: createLocks(() => navigator.locks),
      broadcast,
      es256,
      log,
    },
    pages: {
      tell: async (clientId, message) => {
        const client = await self.clients.get(clientId)
        if (client?.type === 'window') client.postMessage(message)
        else await broadcast(message)
      },
      claim: () => self.clients.claim(),
      watch: clientId => {
        // One that was never to be seen, as some engines have it of workers, cannot be told to have gone.
        const before = self.clients.get(clientId)
        return async () => Boolean(await before) && !(await self.clients.get(clientId))
      },
    },
    // Nothing else tells: it shows only when it is too late. The class is Firefox's own; to read `userAgent` takes a worker
    // that was just started as long as to match a request.
    stopsAnswers: 'InternalError' in self,
    waitsForStreams: () => navigator.userAgent.includes('Chrome'),
  }
}

const broadcast: Broadcast = async message => {
  const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true })
  for (const page of pages) if (page.url.startsWith(self.registration.scope)) page.postMessage(message)
}
