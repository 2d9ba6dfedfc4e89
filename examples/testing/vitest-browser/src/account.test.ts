import { fakeAuth } from 'refresh-worker/testing'
import { expect, it } from 'vitest'
import { page } from 'vitest/browser'
import { showAccount } from './account.ts'

it('shows who is logged in', async () => {
  const auth = fakeAuth()
  showAccount(auth, document.body)
  await expect.element(page.getByText('anonymous')).toBeVisible()

  auth.set({ status: 'authenticated', claims: { name: 'Ada' } })
  await expect.element(page.getByText('Logged in as Ada')).toBeVisible()
})
