import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')

it.each([
  'workbox/sw.js',
  'serwist/sw.js',
  'angular/sw.js',
  'angular/ngsw-config.json',
  'vite/vite.config.js',
  'vite/src/sw.js',
  'vite/src/main.js',
])('docs/composition.md has %s as it is tested', path => {
  const blocks = read('docs/composition.md').split(/^```.*\n/m)
  const texts = blocks.map(block => block.replace(/^\/\/ (src\/)?[\w.]+\n/, ''))
  expect(texts).toContain(read(`test/composition/${path}`))
})
