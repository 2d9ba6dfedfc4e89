import type { HostStatus, RequestEntry, TraceEntry } from '../devtools-protocol.ts'

/** So many entries are kept, the newest. */
const MOST = 400

/** Two hosts that tell of one change of state do so within this time (milliseconds). */
const TOGETHER = 10_000

/** An entry, by the name that tells it from all others. */
export type Line = TraceEntry & { readonly key: string; readonly host: string }

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

  /** Hosts that may still be there: of those of one scope, a page's own aside, the newest. */
  get hosts(): readonly HostStatus[] {
    return [...this.#hosts.values()]
  }

  newestFirst(): readonly Line[] {
    return [...this.#lines.values()].sort((a, b) => b.at - a.at || b.n - a.n)
  }

  clear(at: number): void {
    this.#clearedAt = at
    this.#lines.clear()
  }

  /** Whether its host was stopped before it came to an end: another has begun in its place. */
  isCutOff(line: Line): boolean {
    if (!('outcome' in line) || line.outcome !== null || this.#forgotten.has(line.host)) return false
    const own = this.#hosts.get(line.host)
    return this.hosts.some(
      ({ host, scope, startedAt }) => host !== line.host && scope === own?.scope && startedAt > line.at,
    )
  }
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
