/// <reference lib="webworker" />
/**
 * The worker that `refresh-worker kill` puts in the place of another: it removes the session, with what it has cached,
 * and unregisters itself.
 * It answers no request, so pages that are open reach the network as they would without any worker.
 */
import { envelope } from '../src/protocol.ts'

import { MARK, sweep } from './caches/session-cache.ts'

declare const self: ServiceWorkerGlobalScope

/** How long the removal of the session may take (milliseconds). */
const LIMIT = 3_000

self.addEventListener('install', () => {
  self.skipWaiting()
})

self.addEventListener('activate', event => event.waitUntil(end()))

async function end() {
  await self.clients.claim()
  // A page that holds the database open may keep it from being deleted for as long as it is there.
  await Promise.race([removed('refresh-worker'), new Promise(resolve => setTimeout(resolve, LIMIT))])
  await sweep(self.caches, MARK).catch(() => undefined)
  const state = { status: 'anonymous', reason: 'logout' } as const
  const message = envelope({ type: 'state', state, reason: 'logout', run: crypto.randomUUID(), sequence: 1 })
  for (const page of await self.clients.matchAll({ type: 'window' })) page.postMessage(message)
  await self.registration.unregister()
}

function removed(name: string): Promise<void> {
  return new Promise(resolve => {
    const request = indexedDB.deleteDatabase(name)
    request.onsuccess = () => resolve()
    request.onerror = () => resolve()
  })
}
