import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { blocksOf, ROOT } from './blocks.ts'

// That each block is what its file has, docs.test.ts looks.
const DOCUMENT = 'docs/recipes.md'
const FOLDER = 'examples/recipes'
const shown = blocksOf(DOCUMENT).map(({ info }) => info)
const files = readdirSync(join(ROOT, FOLDER), { recursive: true, encoding: 'utf8' })

it('docs/recipes.md has no code but that of the files which the tests start', () => {
  expect(shown.filter(file => !file.startsWith(`${FOLDER}/`))).toEqual([])
})

it.each(files.filter(name => /\.m?js$/.test(name)))('docs/recipes.md shows %s', name => {
  expect(shown).toContain(`${FOLDER}/${name}`)
})
