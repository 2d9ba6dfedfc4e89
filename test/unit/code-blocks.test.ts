import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const ROOT = new URL('../../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, ROOT), 'utf8')
const documents = ['.', 'docs'].flatMap(folder =>
  readdirSync(new URL(folder, ROOT)).flatMap(name =>
    name.endsWith('.md') ? [`${folder}/${name}`.replace('./', '')] : [],
  ),
)

/** A fenced block of code. One that is taken from a file names it: ```js examples/recipes/signup/sw.js */
interface Block {
  readonly document: string
  readonly file: string | undefined
  readonly code: string
}

function blocksOf(document: string): Block[] {
  const fences = read(document).matchAll(/^```\w+(?: (\S+))?\n(.*?)^```$/gms)
  return [...fences].map(([, file, code = '']) => ({ document, file, code }))
}

/** Whether the lines of `code` follow each other in `text`, all of them indented by as much as the first. */
function holds(text: string, code: string): boolean {
  const lines = text.split('\n')
  const wanted = code.trimEnd().split('\n')
  return lines.some((line, start) => {
    const indent = line.slice(0, line.length - line.trimStart().length)
    return wanted.every((each, index) => lines[start + index] === (each && indent + each))
  })
}

describe('blocks of code that name a file', () => {
  const named = documents.flatMap(blocksOf).flatMap(({ file, ...block }) => (file ? [{ ...block, file }] : []))

  it.each(named)('$document has the lines of $file', ({ file, code }) => {
    expect(code.trim()).not.toBe('')
    expect(holds(read(file), code), code).toBe(true)
  })

  it('would be told from others', () => {
    expect(holds('a\n  b\n\n  c\n', 'b\n\nc\n')).toBe(true)
    expect(holds('a\n  b\n\n  c\n', 'b\nc\n')).toBe(false)
    expect(holds('a\n  b\n\n  c\n', 'a\nb\n')).toBe(false)
    expect(holds('a\n', 'a\nb\n')).toBe(false)
  })
})

describe('docs/recipes.md', () => {
  const recipes = blocksOf('docs/recipes.md')
  const folder = 'examples/recipes'
  const files = readdirSync(new URL(folder, ROOT), { recursive: true, encoding: 'utf8' })

  it('has no code but that of the files which the tests start', () => {
    expect(recipes.filter(({ file }) => !file?.startsWith(`${folder}/`))).toEqual([])
  })

  it.each(files.filter(name => /\.m?js$/.test(name)))('shows %s', name => {
    expect(recipes.map(({ file }) => file)).toContain(`${folder}/${name}`)
  })

  it('names files that there are', () => {
    const names = [...read('docs/recipes.md').matchAll(/\.\.\/((?:test|examples)\/[\w./-]+)/g)].map(
      ([, path]) => path ?? '',
    )
    expect(names.length).toBeGreaterThan(1)
    expect(names.filter(name => !existsSync(new URL(name, ROOT)))).toEqual([])
  })
})
