import { afterEach, expect, it } from 'vitest'
import type { Tab } from './engines/engine.ts'
import { Scene, useBrowser } from './harness.ts'

const browser = useBrowser()
let scene: Scene
afterEach(() => scene.close())

/** Clicks on the first button of that name, as soon as there is one that can be clicked. */
function click(page: Tab, name: RegExp) {
  const first = (source: string) => {
    const buttons = [...document.querySelectorAll<HTMLElement>('button:enabled')]
    const button = buttons.find(button => button.checkVisibility() && new RegExp(source, 'i').test(button.innerText))
    button?.click()
    return button !== undefined
  }
  return expect.poll(() => page.evaluate(first, name.source)).toBe(true)
}

const text = (page: Tab) => page.evaluate(() => document.body.innerText)

it('the demo shows what it promises: log in, call from every tab, one refresh, log out', async () => {
  scene = await Scene.open(browser)
  scene.expose('document', "the demo's buttons hold its users' passwords")
  const first = await scene.tab('/', { ready: false })
  await expect.poll(() => first.evaluate(() => document.querySelector('button:enabled') !== null)).toBe(true)
  const second = await scene.tab('/', { ready: false })
  await click(first, /ada/i)
  await expect.poll(() => text(first)).toContain('refresh-worker-access-token')
  for (const page of [first, second]) await expect.poll(() => text(page)).toContain('Ada Lovelace')

  await click(first, /20 calls from every tab/)
  for (const page of [first, second]) await expect.poll(() => text(page)).toContain('200 × 20')
  await expect.poll(() => text(second)).toContain('1 refresh')
  expect(scene.demo.stats).toMatchObject({ refreshes: 1, refreshFailures: 0 })

  await click(first, /call the api once/i)
  await expect.poll(() => scene.demo.log.some(({ path, status }) => path === '/api/me' && status === 200)).toBe(true)
  await click(second, /update the token/i)
  await expect.poll(() => text(first)).toContain('#3')

  await click(second, /log out/i)
  for (const page of [first, second]) await expect.poll(() => text(page)).toMatch(/logged out/i)
  // The server is told behind the answer.
  await expect.poll(() => scene.demo.stats.logouts).toBe(1)
  expect(scene.demo.stats).toMatchObject({ refreshes: 2, refreshFailures: 0 })
})
