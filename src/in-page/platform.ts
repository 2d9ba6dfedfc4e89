import { es256 } from '../browser/es256.ts'
import { createLocks } from '../browser/locks.ts'
import { openStore } from '../browser/records.ts'
import type { Broadcast, Fetch, IsRetired, Locks, Ports, Records, Store } from '../core/ports.ts'
import { NAMESPACE } from '../protocol.ts'
import { log } from './log.ts'

interface Needs {
  readonly fetch: Fetch
  readonly isRetired: IsRetired
  readonly broadcast: Broadcast
}

/** What there is in a page, of which some lack what others have. Nothing here decides anything. */
export function createPlatform({ fetch, isRetired, broadcast }: Needs): { ports: Ports; store: Store & Records } {
  const store = openStore()
  return {
    store: {
      ...store,
      update: (key, updater) =>
        store.update(key, stored => {
          const next = updater(stored)
          if (next !== stored) tellWorkersPages()
          return next
        }),
      watch: onNews => {
        store.watch(onNews)
        // What came meanwhile was told to nobody: WebKit keeps no message for a page in its back-forward cache.
        addEventListener('pageshow', ({ persisted }) => persisted && onNews())
        document.addEventListener('resume', onNews)
      },
    },
    ports: {
      now: () => Date.now(),
      newId,
      random: () => Math.random(),
      isOnline: () => navigator.onLine,
      later: (delay, task) => void setTimeout(task, delay),
      fetch,
      // Absent where the page is not secure, and in older browsers.
      locks: navigator.locks ? createLocks(() => navigator.locks) : withoutLocks,
      broadcast,
      es256,
      isRetired,
      log,
    },
  }
}

const withoutLocks: Locks = (_name, _limit, task) => task(false)

/** A UUID, as `crypto.randomUUID` makes it where the page is secure. */
function newId(): string {
  if (crypto.randomUUID) return crypto.randomUUID()
  const hex = [...crypto.getRandomValues(new Uint8Array(16))].map(byte => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

/** Pages that have a worker ask it anew then: one that is stopped hears of nothing. */
function tellWorkersPages() {
  try {
    localStorage.setItem(NAMESPACE, newId())
  } catch {
    // Not for this page.
  }
}
