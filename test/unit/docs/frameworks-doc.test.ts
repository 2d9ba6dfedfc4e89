import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')
const blocks = [...read('docs/frameworks.md').matchAll(/^```\w+ (examples\/\S+)\n(.*?)^```$/gms)]

it('docs/frameworks.md shows what the examples are', () => {
  expect(blocks.length).toBeGreaterThan(10)
  for (const [, path = '', code] of blocks) expect(`${path}\n${code}`).toBe(`${path}\n${read(path)}`)
})
