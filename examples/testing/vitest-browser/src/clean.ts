import { afterEach } from 'vitest'

// The files that run in one browser share its storage and its workers.
afterEach(async () => {
  for (const registration of await navigator.serviceWorker.getRegistrations()) await registration.unregister()
  indexedDB.deleteDatabase('refresh-worker')
})
