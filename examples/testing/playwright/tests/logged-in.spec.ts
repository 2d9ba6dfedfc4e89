import { expect, test } from './test.ts'

for (const name of ['one test', 'another one, beside it'])
  test(`${name} begins logged in, and refreshes with the token that was saved`, async ({ page, server }) => {
    server.expire()
    await page.goto('/')
    await expect(page.locator('#account')).toHaveText('Logged in as ada')
    await page.getByRole('button', { name: 'Orders' }).click()
    await expect(page.locator('#answer')).toHaveText('200: {"orders":[1,2],"of":"ada"}')
    expect(server.calls).toEqual(['refresh'])
  })

test('a logout is that of its own test', async ({ page, server }) => {
  await page.goto('/')
  await page.getByRole('button', { name: 'Log out' }).click()
  await expect(page.getByRole('button', { name: 'Log in' })).toBeVisible()
  // Pages hear of a logout at once, the server a moment later.
  await expect.poll(() => server.calls).toEqual(['logout'])
})
