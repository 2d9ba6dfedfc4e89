import type { DevtoolsReply, RefreshEntry } from '../devtools-protocol.ts'
import type { InspectReport } from '../page/inspect-report.ts'
import type { AuthState } from '../protocol.ts'
import { el, say } from './dom.ts'
import { clock, lasted, levelOfState, reasonInWords, span, statusOf, untilInWords } from './words.ts'

const FACTS = ['Expires', 'Next ask', 'Session ends', 'Last refresh', 'Open requests', 'Session'] as const

interface Shown {
  readonly state: AuthState
  readonly report: InspectReport | null
  readonly reply: DevtoolsReply | null
  /** What the timeline knows of it; null: only what the host has said when it was asked. */
  readonly live: { readonly open: number; readonly lastRefresh: RefreshEntry | null } | null
  readonly now: number
}

/** What one session is like, and how long its access token lives. */
export class SessionView {
  readonly root: HTMLElement
  readonly #status = el('span', { class: 'pill' })
  readonly #token = el('p', { class: 'token' })
  readonly #left = el('span', { class: 'left' })
  readonly #bar = el('div', { class: 'life-fill' })
  readonly #life = el('div', { class: 'life', 'aria-hidden': 'true' }, this.#bar)
  readonly #why = el('p', { class: 'hint' })
  readonly #claims = el('p', { class: 'hint claims' })
  readonly #facts = new Map<string, HTMLElement>(FACTS.map(name => [name, el('dd', {}, '–')]))
  /** Since when this page knows of its token: no page is told when it came. */
  #seen: { readonly generation: number; readonly at: number } | null = null

  constructor() {
    const facts = [...this.#facts].map(([name, value]) => el('div', {}, el('dt', {}, name), value))
    this.root = el(
      'div',
      { class: 'session', role: 'group', 'aria-labelledby': 'session-title' },
      el('div', { class: 'bar' }, el('h3', { id: 'session-title' }, 'Session'), this.#status),
      el('div', { class: 'life-line' }, this.#token, this.#left),
      this.#life,
      this.#why,
      this.#claims,
      el('dl', {}, ...facts),
    )
  }

  /** How much of the token's life is left, from 0 to 1; null: nothing tells. */
  left(state: AuthState, report: InspectReport | null, now: number): number | null {
    if (state.status !== 'authenticated') return null
    if (this.#seen?.generation !== state.generation) this.#seen = { generation: state.generation, at: now }
    const expiresAt = expiryOf(state, report)
    if (expiresAt === null) return null
    return Math.max(0, Math.min(1, (expiresAt - now) / Math.max(1, expiresAt - this.#seen.at)))
  }

  draw({ state, report, reply, live, now }: Shown): void {
    const left = this.left(state, report, now)
    const level = levelOfState(state)
    say(this.#status, statusOf(state))
    this.#status.dataset.level = level
    const isIn = state.status === 'authenticated'
    const expiresAt = isIn ? expiryOf(state, report) : null
    say(this.#token, isIn ? `Access token #${state.generation}` : 'No access token')
    say(this.#left, isIn ? lifeInWords(expiresAt, now) : '')
    this.#life.hidden = left === null
    this.#life.dataset.level = left === null || left > 0.35 ? 'good' : left > 0.1 ? 'warn' : 'bad'
    this.#bar.style.setProperty('--left', String(left ?? 0))
    say(this.#why, noteOf(state, reply))
    const claims = isIn ? Object.entries(state.claims) : []
    say(this.#claims, claims.map(([name, value]) => `${name}: ${inShort(value)}`).join(' · '))

    const last = live?.lastRefresh ?? report?.worker.lastRefresh
    this.#say('Expires', expiresAt === null ? '–' : clock(expiresAt))
    this.#say('Next ask', isIn ? untilInWords(state.refreshAt, now) : '–')
    this.#say('Session ends', isIn ? untilInWords(state.endsAt, now) : '–')
    this.#say(
      'Last refresh',
      last ? `${clock(last.at)}, ${lasted(last.duration ?? 0)}, ${last.outcome?.replaceAll('_', ' ')}` : 'none yet',
    )
    this.#say('Open requests', String(live?.open ?? report?.worker.openRequests ?? '–'))
    this.#say('Session', isIn ? state.sessionId.slice(0, 8) : '–')
  }

  #say(name: (typeof FACTS)[number], text: string): void {
    const fact = this.#facts.get(name)
    if (fact) say(fact, text)
  }
}

/** The host knows best: what devtools has expired, no page is told. */
function expiryOf(state: AuthState, report: InspectReport | null): number | null {
  if (state.status !== 'authenticated') return null
  const known = report?.worker.state
  const isSame = known?.status === 'authenticated' && known.generation === state.generation
  return isSame ? known.expiresAt : state.expiresAt
}

function lifeInWords(expiresAt: number | null, now: number): string {
  if (expiresAt === null) return 'of unknown life'
  return expiresAt > now ? `${span(expiresAt - now)} left` : 'expired: the next request refreshes'
}

function noteOf(state: AuthState, reply: DevtoolsReply | null): string {
  const notes: string[] = []
  if (state.status === 'anonymous') {
    notes.push(`${reasonInWords(state.reason)}.`)
    if (state.waiting) notes.push(`${state.waiting} requests wait for the same user to log in again.`)
  }
  if (state.status === 'authenticated' && state.failingSince !== undefined)
    notes.push(`Refreshes have failed since ${clock(state.failingSince)}, and nothing has refused them.`)
  if ('isDurable' in state && state.isDurable === false) notes.push('The browser’s storage has not taken this.')
  if (reply?.isOffline) notes.push('Offline by devtools.')
  return notes.join(' ')
}

function inShort(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}
