import type { Bars, Lines, Section } from './bench.ts'
import { number } from './report.ts'
import { SUBJECTS, type SubjectName } from './subjects.ts'

const WIDTH = 760
const LEFT = 220
const RIGHT = 110
const ROW = 26
const PLOT_HEIGHT = 280

/** Readable on white and on black; the colours keep their distance for those who do not see red and green apart. */
const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .title { font-weight: 600; font-size: 15px }
  .small { font-size: 11px; fill: #57606a }
  .axis { stroke: #8c959f; stroke-width: 1; fill: none }
  .grid { stroke: #8c959f; stroke-opacity: .3; stroke-width: 1; fill: none }
  .whisker { stroke: #24292f; stroke-width: 1.5; fill: none }
  .line { fill: none; stroke-width: 2 }
  .fails { stroke-dasharray: 2 4 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .small { fill: #9198a1 }
    .whisker { stroke: #e6edf3 }
  }
`

const COLOURS: Readonly<Record<SubjectName, string>> = {
  plain: '#8c959f',
  pass: '#8c959f',
  constant: '#6e7781',
  ours: '#0969da',
  inpage: '#54aeff',
  axa: '#d4720c',
  axios: '#8250df',
  supabase: '#1a936f',
  auth0: '#cf3a6b',
}

/** One SVG of all that sections have to draw, one below the other. */
export function chart(sections: readonly Section[]): string {
  let y = 30
  const parts: string[] = []
  const place = ({ body, height }: { body: string; height: number }) => {
    parts.push(`<g transform="translate(0 ${y})">${body}</g>`)
    y += height + 40
  }
  for (const { bars, lines } of sections) {
    if (bars) place(drawBars(bars))
    if (lines) place(drawLines(lines))
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" role="img" aria-label="Performance">
<style>${STYLE}</style>
${parts.join('\n')}
</svg>
`
}

function drawBars({ title, unit, bars }: Bars) {
  const known = bars.filter(({ figure }) => figure.rounds > 0)
  const most = Math.max(...known.map(({ figure }) => figure.high)) * 1.05
  const x = (value: number) => LEFT + (value / most) * (WIDTH - LEFT - RIGHT)
  const rows = known.map(({ name, figure: { median, low, high } }, n) => {
    const middle = 34 + n * ROW
    return [
      text(LEFT - 8, middle + 4, titleOf(name), 'text-anchor="end"'),
      `<rect x="${LEFT}" y="${middle - 8}" width="${px(x(median) - LEFT)}" height="16" rx="2" fill="${COLOURS[name]}"/>`,
      `<path class="whisker" d="M${px(x(low))} ${middle}H${px(x(high))}"/>`,
      text(x(Math.max(median, high)) + 8, middle + 4, `${number(median)}${unit}`),
    ].join('')
  })
  const height = 34 + known.length * ROW
  const one = `<path class="axis" d="M${px(x(1))} 18V${height - 8}"/>`
  return { body: text(0, 4, title, 'class="title"') + rows.join('') + one, height }
}

function drawLines({ title, unit, at, lines }: Lines) {
  const known = lines.filter(({ values }) => values.some(Number.isFinite))
  const all = known.flatMap(({ values }) => values.filter(Number.isFinite))
  const [low, high] = [Math.min(...all), Math.max(...all)].map(Math.log10) as [number, number]
  const left = 60
  const right = WIDTH - 220
  const x = (n: number) => left + (n / (at.length - 1)) * (right - left)
  const y = (value: number) => 30 + (1 - (Math.log10(value) - low) / (high - low || 1)) * (PLOT_HEIGHT - 60)
  const ticks = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000].filter(
    tick => Math.log10(tick) >= low && Math.log10(tick) <= high,
  )
  const grid = ticks.map(
    tick =>
      `<path class="grid" d="M${left} ${px(y(tick))}H${right}"/>${text(left - 8, y(tick) + 4, number(tick).replace(/\.0+$/, ''), 'class="small" text-anchor="end"')}`,
  )
  const columns = at.map((size, n) =>
    text(x(n), PLOT_HEIGHT - 8, `${size} tab${size > 1 ? 's' : ''}`, 'class="small" text-anchor="middle"'),
  )
  // Names beside the ends of their lines, and not on top of each other.
  const ends = known.map(({ name, values }) => ({ name, at: y(values.at(-1) as number) })).sort((a, b) => a.at - b.at)
  for (const [n, end] of ends.entries()) end.at = Math.max(end.at, n === 0 ? 0 : (ends[n - 1]?.at ?? 0) + 16)
  const names = ends.map(end => text(right + 10, end.at + 4, titleOf(end.name), `style="fill: ${COLOURS[end.name]}"`))
  const curves = known.map(({ name, values, fails }) => {
    const points = values.map((value, n) => ({ x: px(x(n)), y: px(y(value)), fails: fails[n] }))
    const path = points.map((point, n) => `${n === 0 ? 'M' : 'L'}${point.x} ${point.y}`).join('')
    const marks = points.map(point =>
      point.fails
        ? `<path class="line" stroke="${COLOURS[name]}" d="M${point.x - 5} ${point.y - 5}l10 10m0-10l-10 10"/>`
        : `<circle cx="${point.x}" cy="${point.y}" r="3.5" fill="${COLOURS[name]}"/>`,
    )
    const style = fails.some(Boolean) ? 'line fails' : 'line'
    return `<path class="${style}" stroke="${COLOURS[name]}" d="${path}"/>${marks.join('')}`
  })
  const legend = text(0, 20, `${unit}, logarithmic; a cross: requests failed`, 'class="small"')
  return {
    body: [text(0, 4, title, 'class="title"'), legend, ...grid, ...columns, ...curves, ...names].join(''),
    height: PLOT_HEIGHT,
  }
}

function titleOf(name: SubjectName): string {
  return SUBJECTS.find(subject => subject.name === name)?.title.replace(/^bare worker, /, '') ?? name
}

function text(x: number, y: number, content: string, attributes = ''): string {
  const escaped = content.replace(/&/g, '&amp;').replace(/</g, '&lt;')
  return `<text x="${px(x)}" y="${px(y)}" ${attributes}>${escaped}</text>`
}

function px(value: number): number {
  return Math.round(value * 10) / 10
}
