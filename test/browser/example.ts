import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join, relative, resolve, sep } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import type { DemoOptions } from '../../examples/demo/app.mjs'
import { ensurePackages } from '../../scripts/packages.mjs'
import type { Tab } from './engines/engine.ts'

/** An application in `examples/`, with packages of its own. */
export class Example {
  readonly folder: string

  constructor(name: string) {
    this.folder = resolve('examples', name)
  }

  /** Installs its packages, unless that has been done since they changed, and checks its types. */
  async install() {
    await ensurePackages(this.folder)
    await this.run(resolve('node_modules/.bin/tsc'), '-p', '.')
  }

  async run(command: string, ...args: string[]) {
    // Not what Vitest has set, so that what is built is what users get.
    const { NODE_ENV: _, ...env } = process.env
    await promisify(execFile)(command, args, { cwd: this.folder, env, shell: process.platform === 'win32' })
  }

  /** What was built, for the demo's server. */
  files(folder = 'dist'): NonNullable<DemoOptions['files']> {
    const root = join(this.folder, folder)
    const entries = readdirSync(root, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
    return Object.fromEntries(
      entries.map(({ parentPath, name }) => {
        const path = join(parentPath, name)
        return [`/${relative(root, path).split(sep).join('/')}`, { type: extname(name), body: readFileSync(path) }]
      }),
    )
  }
}

/** Fills in the form that a page shows once it knows that nobody is logged in. */
export async function submitLogin(page: Tab) {
  const isThere = () => page.evaluate(() => document.querySelector('form')?.checkVisibility() === true)
  await expect.poll(isThere).toBe(true)
  await page.evaluate(() => {
    const form = document.querySelector('form')
    const fill = (name: string, value: string) =>
      form?.querySelector<HTMLInputElement>(`[name=${name}]`)?.setRangeText(value)
    fill('username', 'ada')
    fill('password', 'lovelace')
    form?.requestSubmit()
  })
}
