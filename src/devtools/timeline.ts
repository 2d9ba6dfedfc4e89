import type { HostStatus, RefreshEntry, RequestEntry, TraceEntry } from '../devtools-protocol.ts'

/** So many entries are kept, the newest. */
const MOST = 400

/** Two hosts that tell of one change of state do so within this time (milliseconds). */
const TOGETHER = 10_000

/** An entry, by the name that tells it from all others. */
export type Line = TraceEntry & { readonly key: string; readonly host: string }

/** Requests of one tab that are alike, as one; anything else alone. */
export interface Group {
  /** Of the first that came. */
  readonly key: string
  /** The newest first. */
  readonly lines: readonly [Line, ...Line[]]
}

/** A stretch of a request's time, in milliseconds since the epoch. */
export interface Phase {
  readonly kind: 'sending' | 'waiting'
  readonly from: number
  readonly to: number
}

/** What hosts have told, of all tabs. */
export class Timeline {
  readonly #lines = new Map<string, Line>()
  readonly #hosts = new Map<string, HostStatus>()
  readonly #forgotten = new Set<string>()
  readonly #gone = new Set<string>()
  #clearedAt = 0

  take(host: string, entries: readonly TraceEntry[]): void {
    for (const entry of entries) {
      if (entry.at < this.#clearedAt) continue
      if (entry.kind === 'command' && entry.command === 'forget') this.#forgotten.add(host)
      const key = keyOf(host, entry)
      if (entry.kind === 'state' && this.#lines.has(key)) continue
      this.#lines.set(key, { ...entry, key, host })
    }
    const surplus = this.#lines.size - MOST
    if (surplus > 0) for (const { key } of this.newestFirst().slice(-surplus)) this.#lines.delete(key)
  }

  hear(status: HostStatus): void {
    this.#hosts.set(status.host, status)
  }

  /** A page is gone, and the host that it was. */
  leave(client: string): void {
    this.#gone.add(client)
  }

  newestFirst(): readonly Line[] {
    return [...this.#lines.values()].sort((a, b) => b.at - a.at || b.n - a.n)
  }

  clear(at: number): void {
    this.#clearedAt = at
    this.#lines.clear()
  }

  /** What it knows of one session: its last refresh that has come to an end, and how many requests are under way. */
  of(session: string): { readonly open: number; readonly lastRefresh: RefreshEntry | null } {
    const lines = this.newestFirst().filter(line => line.session === session)
    const isOpen = (line: Line) => line.kind === 'request' && line.outcome === null && !this.isCutOff(line)
    const isRefresh = (line: Line) => line.kind === 'refresh' && line.outcome !== null
    return {
      open: lines.filter(isOpen).length,
      lastRefresh: (lines.find(isRefresh) as RefreshEntry | undefined) ?? null,
    }
  }

  /** Whether its host was stopped before it came to an end: it is gone, or another worker has begun in its place. */
  isCutOff(line: Line): boolean {
    if (!('outcome' in line) || line.outcome !== null || this.#forgotten.has(line.host)) return false
    const own = this.#hosts.get(line.host)
    if (!own || own.isPage) return this.#gone.has(line.host)
    return [...this.#hosts.values()].some(
      ({ host, scope, isPage, startedAt }) =>
        host !== line.host && !isPage && scope === own.scope && startedAt > line.at,
    )
  }
}

/** So close (milliseconds) to each other are requests that are shown as one. */
const CLOSE = 2_000

/** Puts requests together that differ in nothing but a number in their path. @param lines the newest first */
export function groupsOf(lines: readonly Line[]): readonly Group[] {
  const groups: [Line, ...Line[]][] = []
  const latest = new Map<string, [Line, ...Line[]]>()
  for (const line of lines) {
    const like = likenessOf(line)
    const group = latest.get(like)
    if (group && lastOf(group).at - line.at < CLOSE) group.push(line)
    else {
      const begun: [Line, ...Line[]] = [line]
      groups.push(begun)
      if (like) latest.set(like, begun)
    }
  }
  return groups.map(group => ({ key: lastOf(group).key, lines: group }))
}

function lastOf(lines: readonly [Line, ...Line[]]): Line {
  return lines.at(-1) ?? lines[0]
}

function likenessOf(line: Line): string {
  if (line.kind !== 'request') return ''
  const { host, tab, session, method, url, matchedAs, outcome, steps } = line
  const route = routeOf(url)
  return JSON.stringify([host, tab, session, method, route, matchedAs, outcome, steps.map(({ text }) => text)])
}

/** A path without its numbers. */
export function routeOf(url: string): string {
  return url.replace(/\/\d+(?=\/|$)/g, '/:n')
}

function keyOf(host: string, entry: TraceEntry): string {
  if (entry.kind !== 'state') return `${host} ${entry.n}`
  // Every host tells of it.
  const { session, generation, reason, at } = entry
  return `${session} ${generation} ${reason} ${Math.round(at / TOGETHER)}`
}

/** What a request's time went by with, up to now. */
export function phasesOf({ at, steps, duration }: RequestEntry, now: number): readonly Phase[] {
  const end = duration === null ? now : at + duration
  const marks = [{ at, isWaiting: false }]
  for (const { after, text } of steps) marks.push({ at: at + after, isWaiting: text.startsWith('waits for') })
  return marks.flatMap((mark, index) => {
    const to = marks[index + 1]?.at ?? end
    return to > mark.at || marks.length === 1
      ? [{ kind: mark.isWaiting ? ('waiting' as const) : ('sending' as const), from: mark.at, to }]
      : []
  })
}
