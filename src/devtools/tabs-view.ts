import type { DevtoolsReply } from '../devtools-protocol.ts'
import type { InspectReport } from '../page/inspect-report.ts'
import { arrange, el, say } from './dom.ts'
import type { Tabs, TabView } from './tabs.ts'
import { clock } from './words.ts'

interface Card {
  readonly root: HTMLLIElement
  readonly name: HTMLElement
  readonly sees: HTMLElement
  readonly where: HTMLElement
}

/** Who keeps the session, and for which tabs. */
export class TabsView {
  readonly root: HTMLElement
  readonly #tabs: Tabs
  readonly #host = el('p', { class: 'host' })
  readonly #about = el('p', { class: 'hint' })
  readonly #list = el('ul', { class: 'tabs', role: 'list', 'aria-label': 'Tabs' })
  readonly #cards = new Map<string, Card>()

  constructor(tabs: Tabs) {
    this.#tabs = tabs
    this.root = el(
      'div',
      { class: 'where', role: 'group', 'aria-labelledby': 'where-title' },
      el('div', { class: 'bar' }, el('h3', { id: 'where-title' }, 'Hosts and tabs')),
      this.#host,
      this.#about,
      this.#list,
    )
  }

  draw(report: InspectReport | null, reply: DevtoolsReply | null): void {
    if (report) {
      const { host, version, scope, storage, isDevelopment } = report.worker
      const script = report.page.controller ? new URL(report.page.controller).pathname : ''
      say(this.#host, host === 'worker' ? `Service worker ${script}` : 'This page, without a worker')
      const facts = [
        `version ${version}${isDevelopment ? ', development' : ''}`,
        `scope ${new URL(scope).pathname}`,
        `tokens in ${storage === 'memory' ? 'memory' : 'IndexedDB'}`,
        ...(reply ? [`started ${clock(reply.startedAt)}`] : []),
      ]
      say(this.#about, facts.join(' · '))
    }
    const tabs = this.#tabs.all()
    const clients = new Set(tabs.map(({ client }) => client))
    for (const client of this.#cards.keys()) if (!clients.has(client)) this.#cards.delete(client)
    arrange(
      this.#list,
      tabs.map(tab => this.#draw(tab)),
    )
  }

  #draw(tab: TabView): HTMLElement {
    const card = this.#cards.get(tab.client) ?? createCard()
    this.#cards.set(tab.client, card)
    card.name.className = `dot tab-${tab.colour}`
    say(card.name, tab.isOurs ? `${tab.name}, this one` : tab.name)
    say(card.sees, tab.report ? seesInWords(tab.report) : 'has no devtools')
    const notes = [
      tab.path,
      ...(tab.isVisible ? [] : ['hidden']),
      ...(tab.report?.servedBy === 'page' ? ['serves itself'] : []),
    ]
    say(card.where, notes.join(' · '))
    return card.root
  }
}

function createCard(): Card {
  const [name, sees, where] = [
    el('span', { class: 'dot' }),
    el('span', { class: 'sees' }),
    el('span', { class: 'hint' }),
  ]
  return { root: el('li', {}, name, sees, where), name, sees, where }
}

function seesInWords({ status, generation }: { readonly status: string; readonly generation: number | null }): string {
  return generation === null ? status : `token #${generation}`
}
