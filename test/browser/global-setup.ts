import { existsSync } from 'node:fs'
import type { TestProject } from 'vitest/node'
import { type EngineName, ensureBrowser, findShell } from '../../scripts/browsers.mjs'
import { installComposition } from '../composition/build.ts'

declare module 'vitest' {
  interface ProvidedContext {
    engine: EngineName
    /** Who keeps the session: a service worker, or each page itself. */
    host: 'worker' | 'page'
    /** Whether the worker is one script that was built of its options. */
    isOneFile: boolean
    /** The path of its program. */
    executable: string
    /** The same, or that of one that does less for people, and sooner. */
    quickest: string
  }
}

export async function setup(project: TestProject) {
  if (!existsSync('dist/refresh-worker.js')) throw new Error('There is no dist/: run `npm run build` first.')
  const { engine } = project.getProvidedContext()
  const executable = ensureBrowser(engine)
  project.provide('executable', executable)
  project.provide('quickest', (engine === 'chromium' && findShell()) || executable)
  // Here, since more than one file uses it, and they run side by side.
  await installComposition()
}
