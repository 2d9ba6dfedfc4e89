import { existsSync } from 'node:fs'
import type { TestProject } from 'vitest/node'
import { ensureChromium } from '../../scripts/chromium.mjs'

declare module 'vitest' {
  interface ProvidedContext {
    chromium: string
  }
}

export function setup(project: TestProject) {
  if (!existsSync('dist/refresh-worker.js')) throw new Error('There is no dist/: run `npm run build` first.')
  project.provide('chromium', ensureChromium())
}
