/** What development builds of the hosts tell devtools, and what they take from it. Production builds have none of it. */
import { NAMESPACE, own, PROTOCOL_VERSION } from './protocol.ts'
import type { AuthState, StateReason } from './state.ts'

/** The BroadcastChannel on which hosts tell what they do, and tabs with devtools that they are there. */
export const DEVTOOLS_CHANNEL = 'refresh-worker/devtools'

/** The event on `document` by which devtools speaks to a page that keeps the session itself. */
export const DEVTOOLS_EVENT = 'refresh-worker:devtools'

interface Entry {
  /** Counts the entries of one host; what comes again under its number is newer. */
  readonly n: number
  /** When it began, in milliseconds since the epoch. */
  readonly at: number
  /** The session's `storageKey`; null: of no session. */
  readonly session: string | null
}

/** A request; never its query, headers or body. */
export interface RequestEntry extends Entry {
  readonly kind: 'request'
  readonly method: string
  /** The path, or origin and path where it is another origin than the host's. */
  readonly url: string
  /** Who has sent it: a client id, or that of the page's own host; null: not known. */
  readonly tab: string | null
  /** What it was taken for, such as `api` or `login`; null: it is not touched. */
  readonly matchedAs: string | null
  readonly steps: readonly RequestStep[]
  /** Status, or what else has become of it; null: it is under way. */
  readonly outcome: string | null
  /** In milliseconds; of one that is not touched, 0: nobody hears of its end. */
  readonly duration: number | null
}

export interface RequestStep {
  /** Milliseconds since the request came. */
  readonly after: number
  readonly text: string
}

export interface RefreshEntry extends Entry {
  readonly kind: 'refresh'
  /** Null: it is under way. */
  readonly outcome: 'refreshed' | 'rejected' | 'network_error' | 'unavailable' | null
  /** What was wrong. */
  readonly detail: string | null
  readonly duration: number | null
}

export interface StateEntry extends Entry {
  readonly kind: 'state'
  readonly status: AuthState['status']
  readonly reason: StateReason
  readonly generation: number
}

/** Something that devtools has had a host do. */
export interface CommandEntry extends Entry {
  readonly kind: 'command'
  readonly command: DevtoolsCommand
}

/** One line of the timeline. */
export type TraceEntry = RequestEntry | RefreshEntry | StateEntry | CommandEntry

/** Hears of entries; those that go on come again, under the same number. */
export type Trace = (entry: TraceEntry) => void

/**
 * `expire`: the access token of `session` counts as expired. `refuse`, `accept`: the next refresh is refused, in place of
 * the token endpoint, or not. `offline`, `online`: all that the host sends fails, or no more. `forget`: a worker drops what
 * it has in memory. `hello`: nothing.
 */
export type DevtoolsCommand = (typeof DEVTOOLS_COMMANDS)[number]

export const DEVTOOLS_COMMANDS = ['hello', 'expire', 'refuse', 'accept', 'offline', 'online', 'forget'] as const

/** Devtools to a host, with a port. */
export interface DevtoolsRequest {
  readonly ns: typeof NAMESPACE
  readonly v: typeof PROTOCOL_VERSION
  readonly type: 'devtools'
  readonly command: DevtoolsCommand
  readonly session: string
}

/** How devtools asks a page that keeps the session itself. */
export interface DevtoolsEventDetail {
  readonly scope: string
  readonly request: DevtoolsRequest
  readonly answer: (reply: DevtoolsReply) => void
}

export interface HostStatus {
  /** Random, one for each start of a host. */
  readonly host: string
  readonly scope: string
  /** A page that keeps the session itself; there are as many as there are pages. */
  readonly isPage: boolean
  readonly startedAt: number
  readonly isOffline: boolean
  /** Sessions whose next refresh is refused. */
  readonly refuses: readonly string[]
}

/** A host's answer. */
export interface DevtoolsReply extends HostStatus {
  /** Who has asked, as in {@link RequestEntry.tab}. */
  readonly client: string
  /** All pages in a worker's scope; none where a page is its own host. */
  readonly clients: readonly ClientReport[]
}

export interface ClientReport {
  readonly id: string
  readonly path: string
  readonly isVisible: boolean
}

/** On the channel. `watch`: whoever begins to listen asks for all that was before. */
export type ChannelMessage =
  | { readonly type: 'watch' }
  | { readonly type: 'entries'; readonly host: string; readonly entries: readonly TraceEntry[] }
  | { readonly type: 'status'; readonly status: HostStatus }
  | { readonly type: 'tab'; readonly tab: TabReport }
  /** It has no devtools any more; `isClosed`: nor has it anything else. */
  | { readonly type: 'gone'; readonly client: string; readonly isClosed: boolean }

/** What a tab with devtools tells the others. */
export interface TabReport extends ClientReport {
  /** Its place among them; null: where there are no locks, it has none. */
  readonly number: number | null
  readonly host: string
  readonly servedBy: 'worker' | 'page'
  readonly status: AuthState['status']
  readonly generation: number | null
}

/** Reads what devtools may send; null for anything else. */
export function parseDevtoolsRequest(data: unknown): DevtoolsRequest | null {
  const [command, session] = [own(data, 'command'), own(data, 'session')]
  const isOurs =
    own(data, 'ns') === NAMESPACE && own(data, 'v') === PROTOCOL_VERSION && own(data, 'type') === 'devtools'
  if (!isOurs || typeof session !== 'string' || !DEVTOOLS_COMMANDS.some(known => known === command)) return null
  return { ns: NAMESPACE, v: PROTOCOL_VERSION, type: 'devtools', command: command as DevtoolsCommand, session }
}
