import type { AuthClient } from 'refresh-worker'
import { expect } from 'vitest'
import { commands, page } from 'vitest/browser'
import { showAccount } from './account.ts'

declare module 'vitest/browser' {
  /** Of `vitest.config.ts`: what the tests have the server do. */
  interface BrowserCommands {
    expire(): Promise<void>
    refuse(): Promise<void>
    calls(): Promise<string[]>
  }
}

export async function useSession(auth: AuthClient) {
  await commands.calls()
  showAccount(auth, document.body)
  await auth.ready
  const body = JSON.stringify({ username: 'ada', password: 'lovelace' })
  await fetch('/auth/login', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body })
  await expect.element(page.getByText('Logged in as ada')).toBeVisible()

  await commands.expire()
  await page.getByRole('button').click()
  await expect.element(page.getByRole('status')).toHaveTextContent('200: {"orders":[1,2],"of":"ada"}')
  expect(await commands.calls()).toEqual(['login', 'refresh'])

  await commands.expire()
  await commands.refuse()
  await page.getByRole('button').click()
  await expect.element(page.getByText('anonymous')).toBeVisible()
}
