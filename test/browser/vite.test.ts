import type { ChildProcess } from 'node:child_process'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Tab } from './engines/engine.ts'
import { start, stop } from './engines/processes.ts'
import { Example, submitLogin } from './example.ts'
import { Scene, useBrowser } from './harness.ts'

const example = new Example('vite')
beforeAll(() => example.install())

const browser = useBrowser()
let scene: Scene
let vite: ChildProcess
afterEach(async () => {
  await scene.close()
  await stop(vite)
})

/** Starts one of Vite's servers in front of the demo's; settles with the address that it prints. */
async function serve(...args: string[]): Promise<string> {
  vite = start('npm', ['--prefix', example.folder, 'run', ...args], { API: scene.origin, NO_COLOR: '1' })
  let printed = ''
  return new Promise((resolve, reject) => {
    vite.stdout?.on('data', chunk => {
      printed += chunk
      const url = /Local:\s+(http:\S+)/.exec(printed)?.[1]
      if (url) resolve(url)
    })
    vite.once('exit', () => reject(new Error(`Vite has ended: ${printed}`)))
  })
}

const text = (page: Tab) => page.evaluate(() => document.body.innerText)

async function use(url: string, base: string) {
  expect(new URL(url).pathname).toBe(base)
  const page = await scene.profile.newTab()
  await page.goto(url)
  await submitLogin(page)
  await expect.poll(() => text(page)).toContain('Logged in: Ada Lovelace')
  await page.evaluate(() => document.querySelector<HTMLElement>('#call')?.click())
  await expect.poll(() => text(page)).toMatch(/200 \{.*"name":"Ada Lovelace"/)
  const controller = await page.evaluate(() => navigator.serviceWorker.controller?.scriptURL)
  expect(controller).toBe(new URL('sw.js', url).href)
}

describe.each(['/', '/app/'])('the example for Vite, below %s', base => {
  it('logs in, and calls the API through the proxy of the dev server', async () => {
    scene = await Scene.open(browser)
    await use(await serve('dev', '--', '--port', '0', '--base', base), base)
  })

  it('does so where it was built', async () => {
    scene = await Scene.open(browser)
    await example.run('npm', 'run', 'build', '--', '--base', base)
    await use(await serve('preview', '--', '--port', '0', '--base', base), base)
  })
})
