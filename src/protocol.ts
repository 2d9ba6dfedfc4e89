/**
 * Everything that pages and the worker say to each other, as plain objects. A page needs no helper to speak it:
 *
 * ```js
 * const { port1, port2 } = new MessageChannel()
 * port1.onmessage = ({ data }) => console.log(data.state)
 * registration.active.postMessage({ ns: 'refresh-worker', v: 1, type: 'state' }, [port2])
 * ```
 */
import type { ErrorCode } from './errors.ts'
import type { AuthState, StateReason, WorkerReport } from './state.ts'

export * from './state.ts'

/** The `ns` of every message. */
export const NAMESPACE = 'refresh-worker'
/** The BroadcastChannel by which a worker says, while it is evaluated, why it cannot be: it has no page to speak to yet. */
export const SETUP_CHANNEL = 'refresh-worker/setup'
/** The `v` of every message; what has another one is ignored. */
export const PROTOCOL_VERSION = 1

/** What a page finds in a login response where the access token was, unless `redactTokens` is off. */
export const ACCESS_TOKEN_PLACEHOLDER = 'refresh-worker-access-token'
/** What a page finds in a login response where the refresh token was, unless `redactTokens` is off. */
export const REFRESH_TOKEN_PLACEHOLDER = 'refresh-worker-refresh-token'
/** What a page finds in a login response where the id token was, if `exposeIdToken` is off and `redactTokens` is not. */
export const ID_TOKEN_PLACEHOLDER = 'refresh-worker-id-token'

/**
 * The value of `X-Requested-With` where the refresh token's cookie goes along: no form of another site can send that
 * header, and no script of another origin unless the server lets it.
 */
export const REQUESTED_WITH = 'refresh-worker'

/** What is said on {@link SETUP_CHANNEL}: an option of `setup()` is wrong. */
export interface SetupError {
  /** Of the worker. */
  readonly scriptUrl: string
  readonly code: ErrorCode
  readonly message: string
}

/** A state on its way to pages. It may come by two ways, a port and a broadcast, of which neither waits for the other. */
export interface StateMessage {
  readonly type: 'state'
  readonly state: AuthState
  /** Whose state: the session's `storageKey`. */
  readonly session: string
  /** Whether pages that name no session mean this one. */
  readonly isDefault: boolean
  /** Random, one for each start of the worker. */
  readonly run: string
  /** Grows with every state that a run has sent: what has a lower one is older. */
  readonly sequence: number
}

/** Tokens of a login that the worker has not seen. */
export interface GivenTokens {
  readonly refreshToken?: string | null
  readonly accessToken?: string | null
  readonly idToken?: string | null
  /** When the access token expires, in milliseconds since the epoch; without it, a JWT's own `exp` tells. */
  readonly expiresAt?: number | null
  /**
   * They are of a login that was just made, and take the place of whoever is logged in. Without it, they do so only where
   * they are JWTs that were issued (`iat`) after that session began.
   */
  readonly isNew?: boolean
}

interface Envelope {
  readonly ns: typeof NAMESPACE
  readonly v: typeof PROTOCOL_VERSION
}

/**
 * Page to worker. Each is answered exactly once, on the port that came with it. `session`: the `storageKey` of the one
 * that is meant; without it, the first of the worker's configurations.
 */
export type PageRequest = Envelope & { readonly session?: string } & (
    | { readonly type: 'logout' | 'recheck' | 'claim' | 'inspect' | 'keep-alive' | 'access-token' }
    /** `isBackOnline`: the machine was offline until now, so that a refresh that has failed may be tried at once. */
    | { readonly type: 'state'; readonly isBackOnline?: true }
    | { readonly type: 'adopt'; readonly tokens: GivenTokens }
    /** `url`: where a script has the page go, without its query. Where a logout ends at the server, the session is over. */
    | { readonly type: 'leaving'; readonly url: string }
    /** `generation`: the one that the page wants replaced; where it has been already, nothing is sent. */
    | { readonly type: 'update-token'; readonly generation?: number }
  )

/** Worker to page, in answer to a {@link PageRequest}. */
export type WorkerReply = Envelope &
  (
    | StateMessage
    | { readonly type: 'inspect'; readonly report: WorkerReport }
    /** Whether the page should ask again in {@link KEEP_ALIVE}. */
    | { readonly type: 'keep-alive'; readonly isNeeded: boolean }
    | { readonly type: 'access-token'; readonly accessToken: string }
    /** Whether there is a new session. */
    | { readonly type: 'adopt'; readonly isAdopted: boolean }
    | { readonly type: 'error'; readonly code: ErrorCode; readonly message: string }
  )

/** Worker to every page in scope, once for each change. */
export type WorkerBroadcast = Envelope & StateMessage & { readonly reason: StateReason }

/**
 * Worker to a page: it has an answer on its way that may take longer than this browser lets it live. The page is to
 * send `keep-alive`, and to go on while the reply says so.
 */
export type KeepAlive = Envelope & { readonly type: 'keep-alive' }

/** How often a page is to send `keep-alive` (milliseconds). */
export const KEEP_ALIVE = 15_000

/** Puts a message into the envelope of this protocol. */
export function envelope<const T extends { readonly type: string }>(message: T): Envelope & T {
  return { ns: NAMESPACE, v: PROTOCOL_VERSION, ...message }
}

const PAGE_REQUESTS: ReadonlySet<unknown> = new Set<PageRequest['type']>([
  'state',
  'update-token',
  'logout',
  'recheck',
  'claim',
  'inspect',
  'keep-alive',
  'access-token',
  'adopt',
  'leaving',
])

/** Reads what a page sent: only known types, only known fields; null for anything else. */
export function parsePageRequest(data: unknown): PageRequest | null {
  if (!isEnvelope(data) || !PAGE_REQUESTS.has(data.type)) return null
  const type = data.type as PageRequest['type']
  const session = own(data, 'session')
  if (session !== undefined && typeof session !== 'string') return null
  const whose = session === undefined ? {} : { session }
  if (type === 'adopt') {
    const tokens = own(data, 'tokens')
    return typeof tokens === 'object' && tokens !== null
      ? envelope({ type, tokens: readGiven(tokens), ...whose })
      : null
  }
  if (type === 'leaving') {
    const url = own(data, 'url')
    return typeof url === 'string' && URL.canParse(url) ? envelope({ type, url, ...whose }) : null
  }
  if (type === 'state' && own(data, 'isBackOnline') === true) return envelope({ type, isBackOnline: true, ...whose })
  if (type !== 'update-token') return envelope({ type, ...whose })
  const generation = own(data, 'generation')
  if (generation === undefined) return envelope({ type, ...whose })
  return typeof generation === 'number' && Number.isFinite(generation) ? envelope({ type, generation, ...whose }) : null
}

/** Only known fields, of known types; what is missing then, the worker says. */
function readGiven(tokens: object): GivenTokens {
  const given: Record<string, unknown> = {}
  for (const name of ['accessToken', 'refreshToken', 'idToken']) {
    const token = own(tokens, name)
    if (typeof token === 'string') given[name] = token
  }
  const expiresAt = own(tokens, 'expiresAt')
  if (typeof expiresAt === 'number' && Number.isFinite(expiresAt)) given.expiresAt = expiresAt
  if (own(tokens, 'isNew') === true) given.isNew = true
  return given
}

/** Whether the worker sent this to every page; the worker is trusted to have filled it in rightly. */
export function isWorkerBroadcast(data: unknown): data is WorkerBroadcast {
  return isEnvelope(data) && data.type === 'state' && own(data, 'reason') !== undefined
}

/** Whether the worker asks to be kept alive. */
export function isKeepAlive(data: unknown): data is KeepAlive {
  return isEnvelope(data) && data.type === 'keep-alive'
}

/** Whether the worker sent this in answer to a request. */
export function isWorkerReply(data: unknown): data is WorkerReply {
  return isEnvelope(data) && own(data, 'reason') === undefined
}

function isEnvelope(data: unknown): data is Envelope & { readonly type: unknown } {
  return own(data, 'ns') === NAMESPACE && own(data, 'v') === PROTOCOL_VERSION && own(data, 'type') !== undefined
}

/** Reads an own property: what a message or a response inherits was never sent. */
export function own(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined
}
