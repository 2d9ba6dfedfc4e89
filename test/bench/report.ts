import type { Samples, Section, Table, Target } from './bench.ts'
import { type Figure, figure, ratio } from './statistics.ts'

/** Three digits that mean something. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return '–'
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

/** The median, and the quartiles of the rounds. */
export function show({ median, low, high, rounds }: Figure, unit = ''): string {
  if (rounds === 0) return 'could not be run'
  const text = `${number(median)}${unit}`
  return rounds === 1 ? text : `${text} (${number(low)}–${number(high)})`
}

export function shown(samples: Samples, name: string, unit = ''): string {
  return show(figure(samples.of(name)), unit)
}

export function ratioOf(samples: Samples, name: string, to: string): Figure {
  return ratio(...samples.pairs(name, to))
}

export function atMost(what: string, found: number, limit: number, unit = ''): Target {
  return { what, limit: `≤ ${limitText(limit)}${unit}`, found: `${number(found)}${unit}`, isMet: found <= limit }
}

export function exactly(what: string, found: number, limit: number): Target {
  return { what, limit: String(limit), found: String(found), isMet: found === limit }
}

/** Ours before whoever else does the job; compared by medians. */
export function ahead(what: string, ours: number, others: readonly (readonly [name: string, value: number])[]): Target {
  const known = others.filter(([, value]) => Number.isFinite(value))
  const [best] = [...known].sort(([, a], [, b]) => a - b)
  if (!best) return { what, limit: 'no peer', found: number(ours), isMet: true }
  return { what, limit: `< ${number(best[1])} (${best[0]})`, found: number(ours), isMet: ours < best[1] }
}

function limitText(limit: number): string {
  return limit.toLocaleString('en', { maximumFractionDigits: 2 })
}

export function markdown(section: Section): string {
  return [`## ${section.title}`, section.text, ...section.tables.map(table)].filter(Boolean).join('\n\n')
}

export function table({ head, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, column) => (column === 0 ? '---' : '--:'))), ...rows.map(line)].join('\n')
}

export function targetsTable(targets: readonly Target[]): string {
  const rows = targets.map(({ what, limit, found, isMet }) => [what, limit, found, isMet ? 'met' : '**missed**'])
  return table({ head: ['target', 'limit', 'found', ''], rows })
}
