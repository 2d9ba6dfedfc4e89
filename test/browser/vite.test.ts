import type { ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import type {} from '../../src/devtools/index.ts'
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

const hasDevtools = (page: Tab) =>
  page.evaluate(() => document.querySelector('refresh-worker-devtools')?.shadowRoot !== undefined)

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
  return page
}

describe.each(['/', '/app/'])('the example for Vite, below %s', base => {
  it('logs in, and calls the API through the proxy of the dev server', async () => {
    scene = await Scene.open(browser)
    const page = await use(await serve('dev', '--', '--port', '0', '--base', base), base)
    // Of a development build, which the plugin has made.
    await expect.poll(() => hasDevtools(page)).toBe(true)
    expect(await page.evaluate(() => document.querySelector('refresh-worker-devtools')?.auth?.inspect())).toMatchObject(
      {
        worker: { isDevelopment: true },
      },
    )
  })

  it('does so where it was built, without devtools', async () => {
    scene = await Scene.open(browser)
    await example.run('npm', 'run', 'build', '--', '--base', base)
    const page = await use(await serve('preview', '--', '--port', '0', '--base', base), base)
    expect(await hasDevtools(page)).toBe(false)
    const built = readdirSync(join(example.folder, 'dist'), { recursive: true, encoding: 'utf8' })
    const scripts = built.filter(name => name.endsWith('.js'))
    expect(scripts.length).toBeGreaterThan(1)
    for (const name of scripts)
      expect(readFileSync(join(example.folder, 'dist', name), 'utf8')).not.toMatch(/devtools/i)
  })
})
