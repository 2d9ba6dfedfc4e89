import { logIn } from './log-in.ts'
import { expect, test } from './test.ts'

test('with `dpop`, a saved state has no key: it is of no use', async ({ browser, context, page, baseURL }) => {
  const body = `self.authOptions = { apiUrls: ['/api/'], loginUrl: '/auth/login', useRefreshToken: true, claims: ['name'], dpop: true }`
  await context.route('**/auth-options.js', route => route.fulfill({ contentType: 'text/javascript', body }))
  await logIn(page)
  const hasKey = () =>
    new Promise(resolve => {
      const opening = indexedDB.open('refresh-worker')
      opening.onsuccess = () => {
        const reading = opening.result.transaction('sessions').objectStore('sessions').get('refresh-worker:dpop')
        reading.onsuccess = () => resolve(reading.result?.privateKey instanceof CryptoKey)
      }
    })
  expect(await page.evaluate(hasKey)).toBe(true)

  const other = await browser.newContext({ baseURL, storageState: await context.storageState({ indexedDB: true }) })
  const tab = await other.newPage()
  // Without the application, which would make another one.
  await tab.goto('/auth-options.js')
  expect(await tab.evaluate(hasKey)).toBe(false)
  await other.close()
})
