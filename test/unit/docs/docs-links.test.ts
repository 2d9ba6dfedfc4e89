import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { documents, ROOT, read } from './blocks.ts'

const withoutCode = (document: string) => read(document).replace(/^```.*?^```$/gms, '')

/** The anchors that GitHub gives to the headings of a document. */
function anchorsOf(document: string): readonly string[] {
  const seen = new Map<string, number>()
  return [...withoutCode(document).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => {
    const slug = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-')
    const times = seen.get(slug) ?? 0
    seen.set(slug, times + 1)
    return times === 0 ? slug : `${slug}-${times}`
  })
}

const links = [...documents, 'CONTRIBUTING.md', 'CHANGELOG.md'].flatMap(document =>
  [...withoutCode(document).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) =>
    /^https?:/.test(target) ? [] : [{ document, target }],
  ),
)

/** What is wrong with a link; null: nothing. */
function problemOf({ document, target }: (typeof links)[number]): string | null {
  const [path = '', anchor] = target.split('#')
  const file = path === '' ? document : join(dirname(document), path)
  if (!existsSync(join(ROOT, file))) return `${document}: there is no ${file}`
  const isThere = anchor === undefined || anchorsOf(file).includes(anchor)
  return isThere ? null : `${document}: ${file} has no #${anchor}`
}

describe('links within the documents', () => {
  it('lead to what there is', () => {
    expect(links.length).toBeGreaterThan(20)
    expect(links.map(problemOf).filter(problem => problem !== null)).toEqual([])
  })

  it('would be told from those that lead nowhere', () => {
    const to = (target: string) => problemOf({ document: 'docs/server.md', target })
    expect(to('configuration.md#several-sessions')).toBeNull()
    expect(to('../README.md#why')).toBeNull()
    expect(to('configuration.md#no-sessions')).toMatch(/has no #no-sessions/)
    expect(to('../docs.md')).toMatch(/there is no docs.md/)
  })
})

it('the issue forms and the pull request template link to files that there are', () => {
  const linked = ['ISSUE_TEMPLATE', 'PULL_REQUEST_TEMPLATE.md']
    .flatMap(name => {
      const path = join('.github', name)
      return name.endsWith('.md') ? [path] : readdirSync(join(ROOT, path)).map(file => join(path, file))
    })
    .flatMap(path => [...read(path).matchAll(/\]\(\.\.\/blob\/HEAD\/([^)]+)\)/g)].map(([, target = '']) => target))
  expect(linked.length).toBeGreaterThan(3)
  expect(linked.filter(path => !existsSync(join(ROOT, path)))).toEqual([])
})

it('the documents name files of the repository that there are', () => {
  const named = documents.flatMap(document =>
    [...withoutCode(document).matchAll(/`((?:test|examples)\/[\w./-]+)`/g)].map(
      ([, path = '']) => `${document}: ${path}`,
    ),
  )
  expect(named.length).toBeGreaterThan(10)
  expect(named.filter(name => !existsSync(join(ROOT, name.split(': ')[1] ?? '')))).toEqual([])
})

describe('docs/troubleshooting.md', () => {
  const codes = [...read('src/errors.ts').matchAll(/^ {2}\| '(\w+)'$/gm)].map(([, code]) => code)

  it('has a section for every error code, and for none that there is not', () => {
    expect(codes.length).toBeGreaterThan(10)
    const sections = [...read('docs/troubleshooting.md').matchAll(/^### `(\w+)`$/gm)].map(([, code]) => code)
    expect(sections).toEqual(codes)
  })
})
