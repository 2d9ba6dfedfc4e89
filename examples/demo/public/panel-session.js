/** One session in the panel: its times, its refreshes, and what the worker has said of it. */
import { drawChart } from './chart.js'
import { clock, el } from './dom.js'

const LONGEST = 100 // of each list, whatever the page has been through

export class SessionView {
  root = el('section', 'panel-session')
  #client
  #facts = new Map() // term → its <dd>
  #status = el('span', 'pill')
  #svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  #rows = el('tbody', '')
  #heard = el('ol', 'heard')
  #refreshes = new Map() // by when they began: the worker forgets them when it is stopped, the page does not
  #tokens = [] // { since, until, name }
  #events = [] // { at, name }
  #loggedInAt = null
  #report = null

  constructor(storageKey, client) {
    this.#client = client
    this.#svg.setAttribute('role', 'img')
    const facts = el('dl', 'facts')
    for (const term of ['Token', 'Expires', 'Next ask', 'Logged in', 'Session ends', 'Open requests']) {
      const value = el('dd', '', '–')
      this.#facts.set(term, value)
      facts.append(el('div', '', el('dt', '', term), value))
    }
    const head = el('tr', '', ...['Time', 'Took', 'Outcome'].map(name => el('th', '', name)))
    this.#heard.setAttribute('aria-label', 'Messages of the worker, newest first')
    this.#heard.tabIndex = 0 // what scrolls must be reached by keyboard
    this.root.append(
      el('h3', '', el('code', '', storageKey), this.#status),
      facts,
      this.#svg,
      el('p', 'hint legend', el('span', 'good', '●'), ' refreshed ', el('span', 'bad', '✕'), ' failed'),
      el('details', '', el('summary', '', 'Refreshes as a table'), el('table', '', el('thead', '', head), this.#rows)),
      el('h4', '', 'What the worker has told this page'),
      this.#heard,
    )
    client.subscribe(state => this.#see(state))
  }

  /** A message that the worker has sent to every page. */
  hear({ state, reason, run }) {
    const at = Date.now()
    if (reason !== 'refresh') remember(this.#events, { at, name: reason })
    if (reason === 'login') this.#loggedInAt = at
    const token = state.status === 'authenticated' ? ` · token #${state.generation}` : ''
    this.#heard.prepend(
      el(
        'li',
        '',
        el('time', '', clock(at)),
        el('b', '', reason),
        `${state.status}${token} · worker ${run.slice(0, 4)}`,
      ),
    )
    while (this.#heard.children.length > LONGEST) this.#heard.lastChild.remove()
  }

  /** What `inspect()` has told. */
  learn(report) {
    this.#report = report
    for (const refresh of report.refreshes) this.#refreshes.set(refresh.at, refresh)
    for (const at of [...this.#refreshes.keys()].slice(0, -LONGEST)) this.#refreshes.delete(at)
    this.draw()
  }

  /** Whether a refresh is overdue: of one that fails no message tells. */
  get isOverdue() {
    const { refreshAt = null } = this.#client.getSnapshot()
    return refreshAt !== null && refreshAt < Date.now()
  }

  draw() {
    const now = Date.now()
    const state = this.#client.getSnapshot()
    const { expiresAt = null, refreshAt = null, startedAt = this.#loggedInAt, endsAt = null, generation } = state
    this.#status.textContent = state.reason ? `${state.status}: ${state.reason}` : state.status
    this.#status.dataset.level = state.status === 'authenticated' ? 'good' : 'none'
    this.#say('Token', generation ? `#${generation}` : 'none')
    this.#say('Expires', timer(expiresAt, now))
    this.#say('Next ask', document.hidden ? 'not while hidden' : timer(refreshAt, now))
    this.#say('Logged in', state.status === 'authenticated' && startedAt ? clock(startedAt) : '–')
    this.#say('Session ends', timer(endsAt, now))
    this.#say('Open requests', this.#report ? this.#report.openRequests : '–')

    const refreshes = [...this.#refreshes.values()].sort((a, b) => a.at - b.at)
    const tokens = this.#tokens.map((token, index) => {
      const next = this.#tokens[index + 1]
      return next ? { ...token, until: Math.min(token.until, next.since) } : token
    })
    this.#svg.setAttribute('aria-label', summary(refreshes))
    drawChart(this.#svg, { refreshes, tokens, events: this.#events, now })
    this.#rows.replaceChildren(
      ...refreshes
        .toReversed()
        .map(({ at, duration, outcome }) => row(el('time', '', clock(at)), `${duration} ms`, outcome)),
    )
  }

  #say(term, text) {
    const fact = this.#facts.get(term)
    if (fact.textContent !== String(text)) fact.textContent = text
  }

  #see(state) {
    const now = Date.now()
    const last = this.#tokens.at(-1)
    if (state.status === 'authenticated') {
      const [name, until] = [`#${state.generation}`, state.expiresAt ?? Number.POSITIVE_INFINITY]
      if (last?.name === name) last.until = until
      else remember(this.#tokens, { since: now, until, name })
    } else if (last) last.until = Math.min(last.until, now)
  }
}

function remember(list, entry) {
  list.push(entry)
  if (list.length > LONGEST) list.shift()
}

function timer(at, now) {
  if (at === null || at === undefined) return '–'
  const seconds = Math.ceil((at - now) / 1000)
  return seconds > 0 ? `in ${seconds} s` : 'due'
}

function summary(refreshes) {
  const failed = refreshes.filter(({ outcome }) => outcome !== 'refreshed').length
  const last = refreshes.at(-1)
  const end = last ? ` The last one, at ${clock(last.at)}, took ${last.duration} ms: ${last.outcome}.` : ''
  return `Refreshes over time: ${refreshes.length - failed} refreshed, ${failed} failed.${end} The table below has them all.`
}

function row(...cells) {
  return el('tr', '', ...cells.map(cell => el('td', '', cell)))
}
