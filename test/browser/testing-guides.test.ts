/** The examples of docs/testing.md, run by their own commands. */
import { execFile } from 'node:child_process'
import { createServer } from 'node:net'
import { chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { createDemo } from '../../examples/demo/app.mjs'
import { CHROMIUM_FLAGS } from '../../scripts/browsers.mjs'
import { Example } from './example.ts'
import { PAGE } from './harness.ts'

/** Vitest's own variables would have a Vitest that it starts take itself for a part of this one. */
const { NODE_ENV: _, ...outer } = process.env
const env = {
  ...Object.fromEntries(Object.entries(outer).filter(([name]) => !/^VITEST|^TEST$/.test(name))),
  CHROMIUM_PATH: inject('quickest'),
}

interface Run {
  readonly code: number
  readonly output: string
}

function run({ folder }: Example, more: Readonly<Record<string, string>>, ...command: string[]): Promise<Run> {
  return new Promise(resolve => {
    execFile('npx', ['--no', ...command], { cwd: folder, env: { ...env, ...more } }, (error, stdout, stderr) =>
      resolve({ code: error ? 1 : 0, output: stdout + stderr }),
    )
  })
}

function freePort(): Promise<string> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject)
    server.listen(0, 'localhost', () => {
      const address = server.address()
      server.close(() => resolve(String(typeof address === 'object' ? address?.port : address)))
    })
  })
}

/** What they say of browsers is of Chromium's. */
const isOurs = inject('engine') === 'chromium'

it.runIf(isOurs)("runs the guide for Vitest's browser mode", async () => {
  const example = new Example('testing/vitest-browser')
  await example.install()
  const { code, output } = await run(example, { NO_COLOR: '1' }, 'vitest', 'run')
  expect(output).toMatch(/Tests +3 passed \(3\)/)
  expect(code).toBe(0)
})

describe.runIf(isOurs)('Playwright', () => {
  const example = new Example('testing/playwright')
  beforeAll(() => example.install())

  it('runs the guide: what the worker sends, blocked workers, one login for all tests', async () => {
    const { code, output } = await run(example, { PORT: await freePort() }, 'playwright', 'test', '--workers=2')
    expect(output).toContain('11 passed')
    expect(code).toBe(0)
  })

  describe('a server that takes every refresh token once', () => {
    const demo = createDemo({
      latency: 0,
      lifetime: 600,
      files: { '/test.html': { type: 'text/html', body: PAGE } },
    })
    let origin: string
    beforeAll(async () => {
      origin = await demo.listen()
    })
    afterAll(() => demo.close())

    it('ends the session of a saved login at the second refresh: one saved login is not for many tests', async () => {
      const browser = await chromium.launch({ executablePath: inject('executable'), args: [...CHROMIUM_FLAGS] })
      try {
        const first = await browser.newContext()
        const page = await first.newPage()
        await page.goto(`${origin}/test.html`)
        await page.evaluate(() => window.auth.ready)
        await page.evaluate(async () => {
          const body = JSON.stringify({ username: 'ada', password: 'lovelace' })
          await fetch('/auth/login', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body })
        })
        await page.waitForFunction(() => window.auth.getSnapshot().status === 'authenticated')
        const storageState = await first.storageState({ indexedDB: true })
        await first.close()

        const statuses: unknown[] = []
        demo.expireAccessTokens()
        for (const _test of ['one', 'another']) {
          const context = await browser.newContext({ storageState })
          const tab = await context.newPage()
          await tab.goto(`${origin}/test.html`)
          await tab.evaluate(() => window.auth.ready)
          statuses.push(await tab.evaluate(async () => (await fetch('/api/me')).status))
          statuses.push(await tab.evaluate(() => window.auth.getSnapshot()))
          await context.close()
        }
        expect(statuses).toMatchObject([
          200,
          { status: 'authenticated' },
          401,
          { status: 'anonymous', reason: 'rejected' },
        ])
        expect(demo.stats).toMatchObject({ logins: 1, refreshes: 1, refreshFailures: 1 })
      } finally {
        await browser.close()
      }
    })
  })
})
