import { logIn } from './log-in.ts'
import { expect, test } from './test.ts'

test('context.route sees what the worker sends, with its token', async ({ context, page, server }) => {
  await logIn(page)
  let authorization = ''
  await context.route('**/api/orders', async route => {
    authorization = (await route.request().allHeaders()).authorization ?? ''
    await route.fulfill({ status: 503, body: 'closed' })
  })
  await page.getByRole('button', { name: 'Orders' }).click()
  await expect(page.locator('#answer')).toHaveText('503: closed')
  expect(authorization).toMatch(/^Bearer /)
  expect(server.calls).toEqual(['login'])
})

test('page.route does not', async ({ page, server }) => {
  await logIn(page)
  await page.route('**/api/orders', route => route.fulfill({ status: 503, body: 'closed' }))
  await page.getByRole('button', { name: 'Orders' }).click()
  await expect(page.locator('#answer')).toHaveText('200: {"orders":[1,2],"of":"ada"}')
  expect(server.calls).toEqual(['login'])
})

test('the page sees its own request and the answer, the context also that of the worker', async ({ context, page }) => {
  await logIn(page)
  const ofWorker = context.waitForEvent('request', request => request.serviceWorker() !== null)
  const ofPage = page.waitForResponse('**/api/orders')
  await page.getByRole('button', { name: 'Orders' }).click()
  expect((await ofWorker).url()).toBe((await ofPage).url())
  expect((await ofPage).fromServiceWorker()).toBe(true)
  expect(await (await ofPage).request().allHeaders()).not.toHaveProperty('authorization')
})

test('an expired token is refreshed once, and a refused refresh logs out', async ({ page, server }) => {
  await logIn(page)
  server.expire()
  await page.getByRole('button', { name: 'Orders' }).click()
  await expect(page.locator('#answer')).toContainText('200')
  expect(server.calls).toEqual(['login', 'refresh'])

  server.expire()
  server.refuse()
  await page.getByRole('button', { name: 'Orders' }).click()
  await expect(page.locator('#answer')).toContainText('401')
  await expect(page.getByRole('button', { name: 'Log in' })).toBeVisible()
})
