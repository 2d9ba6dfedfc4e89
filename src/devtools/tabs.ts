import type { ClientReport, DevtoolsReply, TabReport } from '../devtools-protocol.ts'
import type { AuthState } from '../protocol.ts'

/** A tab as the panel shows it. */
export interface TabView {
  readonly client: string
  readonly name: string
  /** Picks a colour, from 1 on. */
  readonly colour: number
  readonly isOurs: boolean
  readonly path: string
  readonly isVisible: boolean
  /** Null: it has no devtools, and so tells nothing of itself. */
  readonly report: TabReport | null
}

const COLOURS = 8

/** The tabs that are there, our own first. */
export class Tabs {
  readonly #reports = new Map<string, TabReport>()
  #clients: readonly ClientReport[] = []
  /** Of tabs as they were before a reload, too. */
  readonly #numbers = new Map<string, number>()
  /** A worker may know for a while yet of one that was closed. */
  readonly #closed = new Set<string>()
  #own = ''

  hear(tab: TabReport): void {
    // It has got a new client id with a new page, or serves itself since.
    for (const [client, { number }] of this.#reports)
      if (number !== null && number === tab.number) this.#reports.delete(client)
    this.#closed.delete(tab.id)
    this.#reports.set(tab.id, tab)
    if (tab.number !== null) this.#numbers.set(tab.id, tab.number)
  }

  forget(client: string, isClosed: boolean): void {
    this.#reports.delete(client)
    if (isClosed) this.#closed.add(client)
  }

  /** What the worker knows: pages without devtools too, and none that is gone. */
  learn(own: string, clients: readonly ClientReport[]): void {
    this.#own = own
    this.#clients = clients
    if (clients.length === 0) return
    const known = new Set(clients.map(({ id }) => id))
    for (const [client, { servedBy }] of this.#reports)
      if (servedBy === 'worker' && !known.has(client)) this.#reports.delete(client)
  }

  all(): readonly TabView[] {
    const reported = [...this.#reports.values()].sort((a, b) => (a.number ?? 0) - (b.number ?? 0))
    const others = this.#clients.filter(({ id }) => !this.#reports.has(id) && !this.#closed.has(id))
    const views = [...reported, ...others].map(({ id }) => this.view(id))
    return [...views.filter(({ isOurs }) => isOurs), ...views.filter(({ isOurs }) => !isOurs)]
  }

  /** Of a tab that may be gone, too. */
  view(client: string): TabView {
    const report = this.#reports.get(client) ?? null
    const seen = report ?? this.#clients.find(({ id }) => id === client)
    const number = report?.number ?? this.#numbers.get(client) ?? null
    const short = client.replace(/[^\da-z]/gi, '').slice(0, 4)
    return {
      client,
      name: number === null ? `Tab ${short}` : `Tab ${number}`,
      colour: (((number ?? Number.parseInt(short, 36)) - 1) % COLOURS) + 1,
      isOurs: client === this.#own,
      path: seen?.path ?? '',
      isVisible: seen?.isVisible ?? false,
      report,
    }
  }
}

/** What this tab tells the others of itself. */
export function reportOf(
  { client, host }: DevtoolsReply,
  servedBy: TabReport['servedBy'],
  state: AuthState,
  number: number | null,
): TabReport {
  return {
    ...{ id: client, number, host, servedBy },
    path: location.pathname,
    isVisible: !document.hidden,
    status: state.status,
    generation: state.status === 'authenticated' ? state.generation : null,
  }
}
