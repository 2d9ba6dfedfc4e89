import { delMany, entries, get, type UseStore, update } from 'idb-keyval'
import type { Records, Store } from '../core/ports.ts'
import { openChannel } from './channel.ts'

/** How long (milliseconds) after its first look a worker begins to listen: what it was started for is answered by then. */
const LISTEN_DELAY = 100

/** The real ports of those names: IndexedDB, and a channel on which workers tell each other of changes. */
export function openStore(): Store & Records {
  const watchers: (() => void)[] = []
  const tell = () => {
    for (const onNews of watchers) onNews()
  }
  const records = openRecords(tell)
  let opened: BroadcastChannel | null | undefined
  /** Another scope or version of this worker may be running on the same records. */
  const channel = () => {
    if (opened === undefined) {
      opened = openChannel('refresh-worker')
      if (opened) opened.onmessage = tell
    }
    return opened
  }
  let hasLooked = false
  return {
    read: key => {
      // The channel opens later, lest the request wait for it; what has changed by then is found by one more look.
      if (!hasLooked) setTimeout(() => channel() && tell(), LISTEN_DELAY)
      hasLooked = true
      return get(key, records)
    },
    update: (key, updater) => {
      const change = (stored: unknown) => {
        const next = updater(stored)
        // Now, and not when it is done, lest the worker be killed in between: who reads on hearing it comes after us.
        if (next !== stored) channel()?.postMessage('changed')
        return next
      }
      return update(key, change, records)
    },
    watch: onNews => {
      watchers.push(onNews)
    },
    entries: () => entries<string, unknown>(records),
    remove: async keys => {
      await delMany([...keys], records)
      channel()?.postMessage('changed')
    },
  }
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

  // Whoever asks for this needs it next.
  open().catch(() => undefined)
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
