import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type axe from 'axe-core'
import type { Tab } from './engines/engine.ts'

declare global {
  interface Window {
    axe: typeof axe
  }
}

/** What makes `window.axe`, to be evaluated in a page. */
export const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What axe finds wrong with a page as it is now, shadow roots included; each finding once, with where it is. */
export async function findingsOf(tab: Tab): Promise<readonly string[]> {
  await tab.evaluate(`${AXE}; void 0`)
  return tab.evaluate(async () => {
    const { violations } = await window.axe.run()
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`)
  })
}
