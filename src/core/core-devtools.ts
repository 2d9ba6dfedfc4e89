import type { DevtoolsCommand, Trace } from '../devtools-protocol.ts'
import type { StateReason } from '../protocol.ts'
import type { SessionName } from './options/config.ts'
import type { Clock, Fetch } from './ports.ts'
import type { Authenticated, Session } from './session/session.ts'
import type { SessionStore } from './session/session-store.ts'
import type { TokenEndpoint } from './tokens/token-endpoint.ts'
import { nextNumber } from './trace.ts'

/** What devtools sees and has done of one session, in development builds. */
export interface CoreDevtools {
  /** Carries out what concerns one session; what concerns all of them is the host's. */
  readonly command: (command: DevtoolsCommand) => Promise<unknown>
  /** Whether the next refresh is refused. */
  readonly refuses: () => boolean
  /** A fetch that refuses the next refresh in place of the server, if devtools wants it. */
  readonly refusing: (fetch: Fetch) => Fetch
  /** A token endpoint that tells of each refresh. */
  readonly told: (tokenEndpoint: TokenEndpoint) => TokenEndpoint
  readonly tellState: (session: Session, reason: StateReason) => void
}

interface Needs {
  readonly config: SessionName
  readonly trace: Trace
  readonly now: Clock
  readonly sessions: () => SessionStore
}

export function createCoreDevtools({ config, trace, now, sessions }: Needs): CoreDevtools {
  const session = config.storageKey
  let refuses = false
  return {
    command: async command => {
      if (command === 'expire')
        await sessions().change(latest =>
          latest.status === 'authenticated' && latest.accessToken !== null ? expiredNow(latest, now()) : latest,
        )
      if (command === 'refuse' || command === 'accept') refuses = command === 'refuse'
    },
    refuses: () => refuses,
    refusing: fetch => async request => {
      if (!refuses) return fetch(request)
      refuses = false
      return Response.json({ error: 'invalid_grant' }, { status: 400 })
    },
    told: tokenEndpoint => async (held, key) => {
      const begun = { kind: 'refresh', n: nextNumber(), at: now(), session } as const
      trace({ ...begun, outcome: null, detail: null, duration: null })
      const answer = await tokenEndpoint(held, key)
      const { outcome } = answer
      const detail = outcome === 'refreshed' ? null : answer.detail
      trace({ ...begun, outcome, detail, duration: now() - begun.at })
      return answer
    },
    tellState: ({ status, generation }, reason) =>
      trace({ kind: 'state', n: nextNumber(), at: now(), session, status, reason, generation }),
  }
}

/** The same, but that its access token expires at `now`, as if it had come so much earlier. */
export function expiredNow(session: Authenticated, now: number): Authenticated {
  const earlier = Math.max(0, (session.expiresAt ?? now) - now)
  return { ...session, expiresAt: Math.min(session.expiresAt ?? now, now), receivedAt: session.receivedAt - earlier }
}
