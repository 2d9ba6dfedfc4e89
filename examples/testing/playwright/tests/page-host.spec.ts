import { logIn } from './log-in.ts'
import { expect, test } from './test.ts'

test.use({ serviceWorkers: 'block' })

test('the page keeps the session itself, and page.route sees what it sends', async ({ page, server }) => {
  await logIn(page)
  let authorization = ''
  await page.route('**/api/orders', async route => {
    authorization = (await route.request().allHeaders()).authorization ?? ''
    await route.fallback()
  })
  server.expire()
  await page.getByRole('button', { name: 'Orders' }).click()
  await expect(page.locator('#answer')).toHaveText('200: {"orders":[1,2],"of":"ada"}')
  expect(authorization).toMatch(/^Bearer /)
  expect(server.calls).toEqual(['login', 'refresh'])
})

test('an application without `withoutWorker` says why nobody can log in', async ({ context, page, server }) => {
  const body = `import { register } from './refresh-worker/index.js'
export const auth = register('/sw.js')`
  await context.route('**/auth.js', route => route.fulfill({ contentType: 'text/javascript', body }))
  await page.goto('/')
  await expect(page.locator('#account')).toHaveText('unsupported')
  await expect(page.locator('#answer')).toHaveText(/^unsupported: .*\(Playwright: serviceWorkers: 'allow'\)/)
  expect(server.calls).toEqual([])
})
