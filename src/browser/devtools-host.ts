import type { Core } from '../core/core.ts'
import type { Config } from '../core/options/config.ts'
import type { Ports } from '../core/ports.ts'
import { nextNumber } from '../core/trace.ts'
import { createTellUntouched, type TellUntouched } from '../core/untouched.ts'
import {
  type ChannelMessage,
  type ClientReport,
  DEVTOOLS_CHANNEL,
  type DevtoolsReply,
  type DevtoolsRequest,
  type HostStatus,
  type TraceEntry,
} from '../devtools-protocol.ts'
import { openChannel } from './channel.ts'

/** So many entries are kept for whoever begins to watch. */
const HISTORY = 300

/** A host's side of devtools, in development builds. */
export interface DevtoolsHost {
  /** The host's own, but that they may be offline, and tell what is done. */
  readonly ports: Ports
  readonly tellUntouched: TellUntouched
  /** Does what devtools wants. */
  readonly answer: (request: DevtoolsRequest, asker: Asker) => Promise<DevtoolsReply>
  /** Tells that this page goes, and what it has begun with it. */
  readonly leave: () => void
}

/** Who asks, and what the host knows of its pages; a page that is the host itself knows of no others. */
interface Asker {
  readonly client?: string
  readonly clients?: () => Promise<readonly ClientReport[]>
}

interface Needs {
  readonly ports: Ports
  readonly configs: readonly Config[]
  readonly scope: string
  readonly cores: () => readonly Core[]
  /** Drops all that is in memory; where it is absent, nothing but the end of the page does that. */
  readonly forget?: (() => void) | undefined
  /** All requests are this page's. */
  readonly isPage?: boolean
}

export function createDevtoolsHost({ ports, configs, scope, cores, forget, isPage = false }: Needs): DevtoolsHost {
  const { now, newId, fetch, isOnline } = ports
  const [host, startedAt] = [newId(), now()]
  const history = new Map<number, TraceEntry>()
  let isOffline = false
  /** Another one has taken its place; what is under way here goes on. */
  let isForgotten = false
  const channel = openChannel(DEVTOOLS_CHANNEL)
  const post = (message: ChannelMessage) => channel?.postMessage(message)
  const status = (): HostStatus => ({
    host,
    scope,
    isPage,
    startedAt,
    isOffline,
    refuses: cores().flatMap(({ config, devtools }) => (devtools?.refuses() ? [config.storageKey] : [])),
  })
  const tellStatus = () => {
    if (!isForgotten) post({ type: 'status', status: status() })
  }
  const trace = (told: TraceEntry) => {
    const entry = isPage && told.kind === 'request' ? { ...told, tab: host } : told
    history.set(entry.n, entry)
    for (const n of history.keys()) if (history.size > HISTORY) history.delete(n)
    post({ type: 'entries', host, entries: [entry] })
    // A refusal is spent with it.
    if (entry.kind === 'refresh' && entry.outcome) tellStatus()
  }
  // A new start is news to whoever watches: what the last one had begun is cut off.
  Promise.resolve().then(tellStatus)
  if (channel)
    channel.onmessage = ({ data }: MessageEvent<ChannelMessage>) => {
      if (data?.type !== 'watch') return
      tellStatus()
      post({ type: 'entries', host, entries: [...history.values()] })
    }

  const carryOut = async ({ command, session }: DevtoolsRequest) => {
    if (command === 'hello') return
    const entry = { kind: 'command', n: nextNumber(), at: now(), session, command } as const
    if (command === 'offline' || command === 'online') isOffline = command === 'offline'
    else if (command === 'forget' && forget) {
      forget()
      isForgotten = true
    } else
      await cores()
        .find(({ config }) => config.storageKey === session)
        ?.devtools?.command(command)
    // Whoever sees it can count on it.
    trace(entry)
    tellStatus()
  }

  return {
    ports: {
      ...ports,
      trace,
      isOnline: () => !isOffline && isOnline(),
      fetch: async request => {
        if (isOffline) throw new TypeError('Failed to fetch: devtools has taken the network away')
        return fetch(request)
      },
    },
    tellUntouched: createTellUntouched({ configs, origin: new URL(scope).origin, trace, now }),
    leave: () => post({ type: 'gone', client: host, isClosed: true }),
    answer: async (request, { client = host, clients = async () => [] }) => {
      await carryOut(request)
      return { ...status(), client, clients: await clients() }
    },
  }
}
