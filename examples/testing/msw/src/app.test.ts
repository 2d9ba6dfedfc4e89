// @vitest-environment happy-dom
import { HttpResponse, http } from 'msw'
import { setupServer } from 'msw/node'
import { type FakeAuth, fakeAuth } from 'refresh-worker/testing'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { auth } from './auth.ts'

vi.mock('./auth.ts', () => ({ auth: fakeAuth() }))

// Nobody adds a token here, so nobody asks for one.
const msw = setupServer(http.get('*/api/orders', () => HttpResponse.json({ orders: [1, 2] })))
beforeAll(() => msw.listen({ onUnhandledRequest: 'error' }))
afterAll(() => msw.close())

it('shows the orders of whoever is logged in', async () => {
  document.body.innerHTML = '<p id="account"></p><button id="orders"></button><p id="answer"></p>'
  await import('./app.ts')
  const fake = auth as FakeAuth
  fake.set({ status: 'authenticated', claims: { name: 'Ada' } })
  expect(document.querySelector('#account')?.textContent).toBe('Logged in as Ada')

  document.querySelector<HTMLElement>('#orders')?.click()
  await expect.poll(() => document.querySelector('#answer')?.textContent).toBe('200 {"orders":[1,2]}')
})
