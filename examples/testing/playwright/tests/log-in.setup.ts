import { logIn } from './log-in.ts'
import { test } from './test.ts'

test('log in once', async ({ context, page }) => {
  await logIn(page)
  // The worker keeps the session in IndexedDB, which is left out unless asked for.
  await context.storageState({ path: '.auth/ada.json', indexedDB: true })
})
