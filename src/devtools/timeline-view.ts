import { chartInWords, drawChart } from './chart.ts'
import { arrange, draw, el, say } from './dom.ts'
import { keep, kept } from './kept.ts'
import type { Tabs } from './tabs.ts'
import { type Group, groupsOf, type Line, routeOf, type Timeline } from './timeline.ts'
import { clock, lasted, levelOf, outcomeOf, takenFor, titleOf, whyOf } from './words.ts'

/** So many lines are in the document. */
const SHOWN = 120

interface Row {
  readonly root: HTMLLIElement
  readonly details: HTMLDetailsElement
  readonly tab: HTMLElement
  readonly title: HTMLElement
  readonly times: HTMLElement
  readonly why: HTMLElement
  readonly outcome: HTMLElement
  readonly took: HTMLElement
  readonly steps: HTMLElement
}

/** The chart and the list of all that has been done. */
export class TimelineView {
  readonly root: HTMLElement
  readonly #timeline: Timeline
  readonly #tabs: Tabs
  readonly #chart = draw('svg', { class: 'chart', role: 'img' })
  readonly #list = el('ol', { class: 'lines', role: 'list', 'aria-label': 'Timeline, newest first' })
  readonly #empty = el('p', { class: 'hint empty' })
  readonly #others = el('input', { type: 'checkbox' })
  readonly #rows = new Map<string, Row>()
  #groups: readonly Group[] = []

  constructor(timeline: Timeline, tabs: Tabs) {
    this.#timeline = timeline
    this.#tabs = tabs
    this.#others.checked = kept('others') !== 'no'
    this.#others.addEventListener('change', () => {
      keep('others', this.#others.checked ? 'yes' : 'no')
      this.draw(Date.now())
    })
    const clear = el('button', { type: 'button', class: 'small' }, 'Clear')
    clear.addEventListener('click', () => {
      timeline.clear(Date.now())
      this.draw(Date.now())
    })
    const scroll = el('div', { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': 'Timeline' }, this.#list)
    this.root = el(
      'div',
      { class: 'timeline', role: 'group', 'aria-labelledby': 'timeline-title' },
      el(
        'div',
        { class: 'bar' },
        el('h3', { id: 'timeline-title' }, 'Timeline'),
        el('label', { class: 'check' }, this.#others, 'Requests that are not ours'),
        clear,
      ),
      this.#chart,
      this.#empty,
      scroll,
    )
  }

  draw(now: number): void {
    const isWanted = (line: Line) => this.#others.checked || line.kind !== 'request' || line.matchedAs !== null
    const lines = this.#timeline.newestFirst().filter(isWanted)
    drawChart(this.#chart, {
      timeline: this.#timeline,
      lines,
      tabs: this.#tabs.all(),
      nameOf: client => this.#tabs.view(client).name,
      now,
      onPick: key => this.#pick(key),
    })
    const label = chartInWords(lines)
    if (this.#chart.getAttribute('aria-label') !== label) this.#chart.setAttribute('aria-label', label)
    say(
      this.#empty,
      lines.length === 0 ? 'Nothing yet. Every request of every tab shows here, and why it got a token or none.' : '',
    )
    const shown = groupsOf(lines).slice(0, SHOWN)
    const keys = new Set(shown.map(({ key }) => key))
    for (const key of this.#rows.keys()) if (!keys.has(key)) this.#rows.delete(key)
    this.#groups = shown
    arrange(
      this.#list,
      shown.map(group => this.#draw(group)),
    )
  }

  #draw({ key, lines }: Group): HTMLElement {
    const [line] = lines
    const row = this.#rows.get(key) ?? createRow(line)
    this.#rows.set(key, row)
    const isCutOff = this.#timeline.isCutOff(line)
    const tab = line.kind === 'request' && line.tab ? this.#tabs.view(line.tab) : null
    row.tab.className = tab ? `dot tab-${tab.colour}` : 'dot'
    say(row.tab, tab ? tab.name : '')
    row.root.dataset.level = levelOf(line, isCutOff)
    say(row.title, lines.length > 1 ? routeOf(titleOf(line)) : titleOf(line))
    say(row.times, lines.length > 1 ? `× ${lines.length}` : '')
    say(row.why, whyOf(line))
    say(row.outcome, outcomeOf(line, isCutOff))
    const slowest = Math.max(...lines.map(each => durationOf(each) ?? 0))
    say(row.took, durationOf(line) === null || isUntouched(line) ? '' : lasted(slowest))
    const steps = stepsOf(line, lines.length)
    const written = steps.flat().join()
    if (row.steps.dataset.of !== written)
      row.steps.replaceChildren(...steps.map(([when, what]) => el('li', {}, el('span', { class: 'ms' }, when), what)))
    row.steps.dataset.of = written
    return row.root
  }

  #pick(key: string): void {
    const group = this.#groups.find(({ lines }) => lines.some(line => line.key === key))
    const row = group && this.#rows.get(group.key)
    if (!row) return
    row.details.open = true
    row.root.scrollIntoView({ block: 'nearest' })
    row.details.querySelector('summary')?.focus({ preventScroll: true })
  }
}

function createRow(line: Line): Row {
  const time = el('time', { datetime: new Date(line.at).toISOString() }, clock(line.at))
  const [tab, title, why] = [el('span', { class: 'dot' }), el('b', { class: 'title' }), el('span', { class: 'why' })]
  const [times, outcome, took] = [el('b'), el('span', { class: 'outcome' }), el('span', { class: 'ms' })]
  const steps = el('ol', { class: 'steps' })
  const summary = el(
    'summary',
    {},
    time,
    tab,
    el('span', { class: 'what' }, title, ' ', times, ' ', why),
    outcome,
    took,
  )
  const details = el('details', {}, summary, steps)
  return { root: el('li', { 'data-kind': line.kind }, details), details, tab, title, times, why, outcome, took, steps }
}

function durationOf(line: Line): number | null {
  return line.kind === 'request' || line.kind === 'refresh' ? line.duration : null
}

function isUntouched(line: Line): boolean {
  return line.kind === 'request' && line.matchedAs === null
}

type Step = readonly [when: string, what: string]

/** What was done, in order. @param count how many went the same way */
function stepsOf(line: Line, count: number): readonly Step[] {
  const session: Step = ['', line.session === null ? 'of no session' : `session: ${line.session}`]
  if (line.kind === 'refresh') return [session, ...(line.detail ? [['', line.detail] as const] : [])]
  if (line.kind !== 'request') return [session]
  const all: readonly Step[] = count > 1 ? [['', `${count} requests; the newest of them:`]] : []
  const end: readonly Step[] =
    line.outcome === null || isUntouched(line) ? [] : [[`+${line.duration} ms`, `answered: ${line.outcome}`]]
  const steps = line.steps.map(({ after, text }): Step => [`+${after} ms`, text])
  return [...all, ['', `taken for: ${takenFor(line)}`], session, ...steps, ...end]
}
