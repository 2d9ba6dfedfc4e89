import { draw } from './dom.ts'
import type { TabView } from './tabs.ts'
import { type Line, phasesOf, type Timeline } from './timeline.ts'
import { levelOf, titleOf } from './words.ts'

const LABEL = 64
const LANE = 28
const BAR = 5
/** So many bars lie above each other in a lane, where requests overlap. */
const ROWS = 4
const AXIS = 18
/** Milliseconds that it shows, by its width. */
const [SHORT, LONG] = [30_000, 60_000]
const NARROW = 520

interface Picture {
  readonly timeline: Timeline
  readonly lines: readonly Line[]
  readonly tabs: readonly TabView[]
  /** What the tab is called that a request is from. */
  readonly nameOf: (client: string) => string
  readonly now: number
  /** A bar was clicked on. */
  readonly onPick: (key: string) => void
}

/** Draws the last seconds: a lane for refreshes, and one for each tab. Sizes are the screen's own, whatever the width. */
export function drawChart(svg: SVGSVGElement, { timeline, lines, tabs, nameOf, now, onPick }: Picture): void {
  const width = Math.max(240, svg.clientWidth)
  const from = now - (width < NARROW ? SHORT : LONG)
  const height = AXIS + LANE * (tabs.length + 1)
  const x = (at: number) => LABEL + ((Math.max(from, Math.min(now, at)) - from) / (now - from)) * (width - LABEL - 2)
  const shown = lines.filter(line => endOf(line, now) >= from)
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`)
  svg.setAttribute('height', String(height))

  const bar = (line: Line, className: string, begin: number, end: number, y: number, size = BAR) => {
    const [left, right] = [x(begin), x(end)]
    const box = { x: left, y, width: Math.max(3, right - left), height: size, rx: 2 }
    const mark = draw('rect', { class: className, ...box }, draw('title', {}, titleOf(line)))
    mark.addEventListener('click', () => onPick(line.key))
    return mark
  }

  const top = (lane: number) => AXIS + lane * LANE
  const refreshes = shown.flatMap(line =>
    line.kind === 'refresh'
      ? [bar(line, levelOf(line, timeline.isCutOff(line)), line.at, endOf(line, now), top(0) + 7, 14)]
      : [],
  )
  const requests = tabs.flatMap(({ name }, index) => {
    const ends: number[] = []
    return shown
      .filter(line => line.kind === 'request' && line.tab !== null && nameOf(line.tab) === name)
      .reverse()
      .flatMap(line => {
        if (line.kind !== 'request') return []
        // The first row that is free by then; where none is, the last.
        const free = ends.findIndex(end => x(end) + 3 < x(line.at))
        const row = free >= 0 ? free : Math.min(ends.length, ROWS - 1)
        ends[row] = Math.max(ends[row] ?? 0, endOf(line, now))
        const y = top(index + 1) + 3 + row * (BAR + 1)
        const level = levelOf(line, timeline.isCutOff(line))
        const className = line.matchedAs === null ? 'untouched' : level
        return phasesOf(line, now).map(phase =>
          bar(line, phase.kind === 'waiting' ? 'waiting' : className, phase.from, phase.to, y),
        )
      })
  })
  const changes = shown.flatMap(line =>
    line.kind === 'state' && line.reason !== 'refresh'
      ? [
          draw('line', { class: 'change', x1: x(line.at), x2: x(line.at), y1: AXIS, y2: height }),
          draw('text', { class: 'change', x: x(line.at) - 4, y: height - 4, 'text-anchor': 'end' }, line.reason),
        ]
      : [],
  )
  svg.replaceChildren(
    ...ticks(from, now).flatMap(({ at, text }) => [
      draw('line', { class: 'grid', x1: x(at), x2: x(at), y1: AXIS, y2: height }),
      draw('text', { x: x(at), y: 11, 'text-anchor': at === now ? 'end' : 'middle' }, text),
    ]),
    ...['Refreshes', ...tabs.map(({ name }) => name)].flatMap((name, lane) => [
      draw('line', { class: 'grid', x1: 0, x2: width, y1: top(lane), y2: top(lane) }),
      ...(lane > 0
        ? [draw('circle', { class: `tab-${tabs[lane - 1]?.colour}`, cx: 6, cy: top(lane) + 14, r: 4 })]
        : []),
      draw('text', { class: 'lane', x: lane > 0 ? 15 : 2, y: top(lane) + 18 }, name),
    ]),
    ...changes,
    ...refreshes,
    ...requests,
  )
}

/** The same in words, for whoever does not see it. */
export function chartInWords(lines: readonly Line[]): string {
  const count = (kind: Line['kind']) => lines.filter(line => line.kind === kind).length
  return `The last minute as lanes: ${count('request')} requests and ${count('refresh')} refreshes are known. The list below has each of them.`
}

/** Milliseconds so far, of what takes time. */
function lengthOf(line: Line, now: number): number {
  return line.kind === 'request' || line.kind === 'refresh' ? (line.duration ?? now - line.at) : 0
}

function endOf(line: Line, now: number): number {
  return line.at + lengthOf(line, now)
}

function ticks(from: number, now: number) {
  const step = 10_000
  const marks = [{ at: now, text: 'now' }]
  for (let ago = step; now - ago > from; ago += step) marks.push({ at: now - ago, text: `−${ago / 1000} s` })
  return marks
}
