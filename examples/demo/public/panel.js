/**
 * `<refresh-worker-panel>`: what the worker and the tabs are doing. It asks `inspect()` where something has happened, and
 * not all the time, since every message keeps the worker from being stopped.
 */
import { isWorkerBroadcast } from '/refresh-worker/protocol.js'
import { dot, el } from './dom.js'
import { SessionView } from './panel-session.js'

const TICK = 1000 // milliseconds
const OVERDUE = 5 // ticks between two looks at a refresh that is late
const WATCHING = 500 // milliseconds between two looks at requests that are under way

class RefreshWorkerPanel extends HTMLElement {
  #views = new Map() // storageKey → view
  #clients = new Map() // storageKey → client
  #tabs = []
  #rows = el('tbody', '')
  #about = el('p', 'hint')
  #sessions = el('div', '')
  #heard = 0
  #looking

  connectedCallback() {
    const head = el('tr', '', ...['Tab', 'Sees', 'Next ask', 'Messages', 'Calls'].map(name => el('th', '', name)))
    const tabs = el('table', 'panel-tabs', el('caption', '', 'Tabs'), el('thead', '', head), this.#rows)
    this.append(this.#about, this.#sessions, tabs)
  }

  /** Shows the sessions of a worker that is in charge. */
  async start(auth) {
    const { worker } = await auth.inspect()
    this.#about.textContent = `Worker ${worker.version}, tokens in ${worker.storage === 'memory' ? 'memory' : 'IndexedDB'}, scope ${new URL(worker.scope).pathname}`
    for (const [index, storageKey] of worker.storageKeys.entries()) {
      const client = index === 0 ? auth : auth.session(storageKey)
      const view = new SessionView(storageKey, client)
      this.#clients.set(storageKey, client)
      this.#views.set(storageKey, view)
      this.#sessions.append(view.root)
    }
    navigator.serviceWorker.addEventListener('message', ({ data }) => {
      if (!isWorkerBroadcast(data)) return
      this.#views.get(data.session)?.hear(data)
      this.dispatchEvent(new CustomEvent('heard', { detail: { count: ++this.#heard, reason: data.reason } }))
      this.#look()
    })
    let ticks = 0
    setInterval(() => {
      if (document.hidden) return
      const isOverdue = [...this.#views.values()].some(view => view.isOverdue)
      if (isOverdue && ticks++ % OVERDUE === 0) this.#look()
      else this.#draw()
    }, TICK)
    document.addEventListener('visibilitychange', () => document.hidden || this.#look())
    addEventListener('resize', () => this.#draw())
    await this.#look()
  }

  /** Looks at what is open, now that something begins. */
  look() {
    this.#look()
  }

  /** @param tabs { number, state, asksAt, heard, calls }, as they have told of themselves */
  showTabs(tabs) {
    this.#tabs = tabs
    this.#drawTabs()
  }

  async #look() {
    for (const [storageKey, client] of this.#clients) {
      const report = await client.inspect().catch(() => null)
      if (!report) continue
      this.#views.get(storageKey).learn(report.worker)
      // Whichever tab's they are, and for as long as there are any.
      if (report.worker.openRequests > 0) this.#lookAgain()
    }
    this.#drawTabs()
  }

  #lookAgain() {
    clearTimeout(this.#looking)
    this.#looking = setTimeout(() => this.#look(), WATCHING)
  }

  #draw() {
    for (const view of this.#views.values()) view.draw()
    this.#drawTabs()
  }

  #drawTabs() {
    this.#rows.replaceChildren(
      ...this.#tabs.map(({ number, state, asksAt, heard, calls }) => {
        const seconds = Math.ceil((asksAt - Date.now()) / 1000)
        const ask = asksAt ? (seconds > 0 ? `in ${seconds} s` : 'due') : 'none'
        const cells = [state, ask, heard ? `${heard.count}, ${heard.reason}` : '0', calls ?? 0]
        const name = el('th', 'from', dot(number), `Tab ${number}`)
        return el('tr', '', name, ...cells.map(cell => el('td', '', cell)))
      }),
    )
  }
}

customElements.define('refresh-worker-panel', RefreshWorkerPanel)
