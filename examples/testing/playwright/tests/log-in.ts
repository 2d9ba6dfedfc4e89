import type { Page } from '@playwright/test'
import { expect } from './test.ts'

export async function logIn(page: Page) {
  await page.goto('/')
  await page.getByLabel('Name').fill('ada')
  await page.getByLabel('Password').fill('lovelace')
  await page.getByRole('button', { name: 'Log in' }).click()
  await expect(page.locator('#account')).toHaveText('Logged in as ada')
}
