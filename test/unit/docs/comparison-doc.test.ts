import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT, read } from './blocks.ts'

const comparison = read('docs/comparison.md')
const performance = read('docs/performance.md')

const versionsOf = (folder: string): Record<string, string> =>
  JSON.parse(read(join(folder, 'package.json'))).dependencies

/** The section that a heading begins. */
const sectionOf = (document: string, heading: string) => document.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''

/** The cells of each row of the table below a command, by its first cell. */
function rowsAfter(text: string, start: string): ReadonlyMap<string, readonly string[]> {
  const table = /(?:^\|.*\n)+/m.exec(text.slice(text.indexOf(start)))?.[0] ?? ''
  const rows = table.trim().split('\n').slice(2)
  const cells = rows.map(row =>
    row
      .split('|')
      .slice(1, -1)
      .map(cell => cell.replaceAll('**', '').trim()),
  )
  return new Map(cells.map(([name = '', ...others]) => [name, others]))
}

describe('docs/comparison.md', () => {
  it('names the versions that are measured', () => {
    for (const [name, version] of Object.entries(versionsOf('test/bench')))
      if (!name.endsWith('-service-worker')) expect(comparison).toContain(`${name.split('/').at(-1)} ${version}`)
  })

  it.each([
    ['storm', 'At the expiry'],
    ['bytes', 'Bytes'],
  ])('has the figures of docs/performance.md for %s', (measure, heading) => {
    const shown = rowsAfter(comparison, `--only ${measure}\``)
    const measured = rowsAfter(sectionOf(performance, heading), '')
    expect(shown.size).toBeGreaterThan(4)
    // Without the time, which comes last.
    const isOf = (cell: string, whole = '') => whole === cell || whole.startsWith(`${cell} / `)
    for (const [name, cells] of shown)
      expect(
        cells.filter((cell, n) => !isOf(cell, measured.get(name)?.[n])),
        name,
      ).toEqual([])
  })

  it('has the figures of docs/performance.md in its sentences', () => {
    const axa = '@axa-fr/oidc-client, its worker'
    const [requests, messages] = rowsAfter(sectionOf(performance, 'An idle minute'), '').get(axa) ?? []
    expect(comparison).toContain(`${requests} requests and ${messages} messages in an idle minute`)
    const failed = rowsAfter(sectionOf(performance, 'After the worker was stopped'), '').get(axa)?.at(-1)
    expect(comparison).toContain(`got no 200 in ${failed} tries`)
  })

  it("is where the figures of README.md's table are from", () => {
    const figures = sectionOf(read('README.md'), 'What else there is').match(/\d+,\d{3}/g) ?? []
    expect(figures.length).toBeGreaterThan(4)
    expect(figures.filter(figure => !comparison.includes(`| ${figure} |`))).toEqual([])
  })

  it('names tests that there are', () => {
    const names = [...comparison.matchAll(/: `([\w-]+)`/g)].map(([, name]) => name)
    expect(names.length).toBeGreaterThan(4)
    expect(names.filter(name => !existsSync(join(ROOT, `test/browser/${name}.test.ts`)))).toEqual([])
  })
})
