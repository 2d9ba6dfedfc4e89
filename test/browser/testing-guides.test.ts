/** The examples of docs/testing.md, run by their own commands. */
import { execFile } from 'node:child_process'
import { createServer } from 'node:net'
import { type BrowserContext, chromium } from 'playwright-core'
import { afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { createDemo, type Demo, type DemoOptions } from '../../examples/demo/app.mjs'
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

  describe('a saved login', () => {
    let demo: Demo
    afterEach(() => demo.close())

    /** Logs in and saves that; then, in one new context after the other, what a test finds. */
    async function restored(options: DemoOptions, contexts: number) {
      const files = { '/test.html': { type: 'text/html', body: PAGE } }
      demo = createDemo({ latency: 0, lifetime: 600, files, ...options })
      const origin = await demo.listen()
      const browser = await chromium.launch({ executablePath: inject('executable'), args: [...CHROMIUM_FLAGS] })
      const open = async (context: BrowserContext) => {
        const page = await context.newPage()
        await page.goto(`${origin}/test.html`)
        await page.evaluate(() => window.auth.ready)
        return page
      }
      try {
        const first = await browser.newContext()
        const page = await open(first)
        await page.evaluate(async () => {
          const body = JSON.stringify({ username: 'ada', password: 'lovelace' })
          await fetch('/auth/login', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body })
        })
        await page.waitForFunction(() => window.auth.getSnapshot().status === 'authenticated')
        const storageState = await first.storageState({ indexedDB: true })
        await first.close()

        demo.expireAccessTokens()
        const found: unknown[] = []
        for (let index = 0; index < contexts; index++) {
          const context = await browser.newContext({ storageState })
          const tab = await open(context)
          const status = await tab.evaluate(async () => (await fetch('/api/me')).status)
          found.push([status, await tab.evaluate(() => window.auth.getSnapshot())])
          await context.close()
        }
        return found
      } finally {
        await browser.close()
      }
    }

    it('of a server that takes every refresh token once ends with the second refresh', async () => {
      expect(await restored({}, 2)).toMatchObject([
        [200, { status: 'authenticated' }],
        [401, { status: 'anonymous', reason: 'rejected' }],
      ])
      expect(demo.stats).toMatchObject({ logins: 1, refreshes: 1, refreshFailures: 1 })
    })

    it('has a refresh token that is in a cookie', async () => {
      expect(await restored({ cookie: true }, 1)).toMatchObject([[200, { status: 'authenticated' }]])
    })

    it("has nothing with storage: 'memory'", async () => {
      expect(await restored({ memory: true }, 1)).toMatchObject([[401, { status: 'anonymous' }]])
    })
  })
})
