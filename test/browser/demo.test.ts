import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { launch, Scene } from './harness.ts'

let browser: Browser
let scene: Scene
beforeAll(async () => {
  browser = await launch()
})
afterAll(() => browser.close())
afterEach(() => scene.close())

const button = (page: Page, name: RegExp) => page.getByRole('button', { name })
const text = (page: Page) => page.locator('body').innerText()

it('the demo shows what it promises: log in, call from every tab, one refresh, log out', async () => {
  scene = await Scene.open(browser)
  const first = await scene.tab('/', { ready: false })
  const second = await scene.tab('/', { ready: false })
  await button(first, /ada/i).first().click()
  await expect.poll(() => text(first)).toContain('refresh-worker-access-token')
  for (const page of [first, second]) await expect.poll(() => text(page)).toContain('Ada Lovelace')

  await button(first, /20 calls from every tab/).click()
  for (const page of [first, second]) await expect.poll(() => text(page)).toContain('200 × 20')
  await expect.poll(() => text(second)).toContain('1 refresh')
  expect(scene.demo.stats).toMatchObject({ refreshes: 1, refreshFailures: 0 })

  await button(first, /call the api once/i).click()
  await expect.poll(() => scene.demo.log.some(({ path, status }) => path === '/api/me' && status === 200)).toBe(true)
  await button(second, /update the token/i).click()
  await expect.poll(() => text(first)).toContain('#3')

  await button(second, /log out/i).click()
  for (const page of [first, second]) await expect.poll(() => text(page)).toMatch(/logged out/i)
  expect(scene.demo.stats).toMatchObject({ refreshes: 2, refreshFailures: 0, logouts: 1 })
})
