import { existsSync } from 'node:fs'
import type { TestProject } from 'vitest/node'
import { type EngineName, ensureBrowser } from '../../scripts/browsers.mjs'
import { installComposition } from '../composition/build.ts'

declare module 'vitest' {
  interface ProvidedContext {
    engine: EngineName
    /** The path of its program. */
    executable: string
  }
}

export async function setup(project: TestProject) {
  if (!existsSync('dist/refresh-worker.js')) throw new Error('There is no dist/: run `npm run build` first.')
  project.provide('executable', ensureBrowser(project.getProvidedContext().engine))
  // Here, since more than one file uses it, and they run side by side.
  await installComposition()
}
