// @vitest-environment happy-dom
import { fakeAuth } from 'refresh-worker/testing'
import { expect, it } from 'vitest'
import { showAccount } from './account.ts'

it('shows who is logged in, and logs out', async () => {
  const auth = fakeAuth()
  const element = document.createElement('button')
  showAccount(auth, element)
  expect(element.textContent).toBe('Nobody is logged in')

  auth.set({ status: 'authenticated', claims: { name: 'Ada' } })
  expect(element.textContent).toBe('Ada')

  element.click()
  await expect.poll(() => element.textContent).toBe('Nobody is logged in')
  expect(auth.calls).toEqual(['logout'])
})
