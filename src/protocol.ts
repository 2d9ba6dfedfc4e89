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
/** The BroadcastChannel on which a worker says why it cannot start. While it is evaluated, it has no page to speak to. */
export const SETUP_CHANNEL = 'refresh-worker/setup'
/** The `v` of every message. Both sides ignore messages with another one. */
export const PROTOCOL_VERSION = 1

/** What a page finds in a login response where the access token was, unless `redactTokens` is off. */
export const ACCESS_TOKEN_PLACEHOLDER = 'refresh-worker-access-token'
/** What a page finds in a login response where the refresh token was, unless `redactTokens` is off. */
export const REFRESH_TOKEN_PLACEHOLDER = 'refresh-worker-refresh-token'
/** What a page finds in a login response where the id token was, if `exposeIdToken` is off and `redactTokens` is not. */
export const ID_TOKEN_PLACEHOLDER = 'refresh-worker-id-token'

/**
 * The value of `X-Requested-With` in requests that carry the refresh token's cookie. No form of another site can send that
 * header, and no script of another origin can unless the server lets it.
 */
export const REQUESTED_WITH = 'refresh-worker'

/** The message on {@link SETUP_CHANNEL}: an option of `setup()` is wrong. */
export interface SetupError {
  /** The URL of the worker's script. */
  readonly scriptUrl: string
  readonly code: ErrorCode
  readonly message: string
}

/** A state on its way to pages. It may arrive on a port and as a broadcast; neither waits for the other. */
export interface StateMessage {
  readonly type: 'state'
  readonly state: AuthState
  /** The `storageKey` of the session whose state this is. */
  readonly session: string
  /** Whether pages that name no session mean this one. */
  readonly isDefault: boolean
  /** Random, one for each start of the worker. */
  readonly run: string
  /** Grows with every state of a run: a state with a lower number is older. */
  readonly sequence: number
}

/** Tokens of a login that the worker has not seen. */
export interface GivenTokens {
  readonly refreshToken?: string | null
  readonly accessToken?: string | null
  readonly idToken?: string | null
  /** When the access token expires, in milliseconds since the epoch. Without it, a JWT's own `exp` says. */
  readonly expiresAt?: number | null
  /**
   * These tokens come from a login that was just made, and replace the user who is logged in. Without it, they do so only if
   * they are JWTs that were issued (`iat`) after that session began. If the session's access token has an `iat` too, the
   * worker compares by the server's clock, otherwise by that of this machine.
   */
  readonly isNew?: boolean
}

interface Envelope {
  readonly ns: typeof NAMESPACE
  readonly v: typeof PROTOCOL_VERSION
}

/**
 * Page to worker. The worker answers each exactly once, on the port that came with it. `session` is the `storageKey` of
 * the session that you mean; without it, you mean the first of the worker's configurations.
 */
export type PageRequest = Envelope & { readonly session?: string } & (
    | { readonly type: 'logout' | 'recheck' | 'claim' | 'inspect' | 'keep-alive' | 'access-token' }
    /** `isBackOnline`: the machine was offline until now, so the worker may try at once a refresh that has failed. */
    | { readonly type: 'state'; readonly isBackOnline?: true }
    | { readonly type: 'adopt'; readonly tokens: GivenTokens }
    /** `url`: where a script sends the page, without the query. If a logout at the server ends there, the session is over. */
    | { readonly type: 'leaving'; readonly url: string }
    /** `generation`: the one that the page wants replaced. If it has been replaced already, the worker sends no refresh. */
    | { readonly type: 'update-token'; readonly generation?: number }
  )

/** Worker to page, in answer to a {@link PageRequest}. */
export type WorkerReply = Envelope &
  (
    | StateMessage
    | { readonly type: 'inspect'; readonly report: WorkerReport }
    /** Whether the page should ask again after {@link KEEP_ALIVE}. */
    | { readonly type: 'keep-alive'; readonly isNeeded: boolean }
    | { readonly type: 'access-token'; readonly accessToken: string }
    /** Whether there is a new session. */
    | { readonly type: 'adopt'; readonly isAdopted: boolean }
    | { readonly type: 'error'; readonly code: ErrorCode; readonly message: string }
  )

/** Worker to every page in scope, once for each change. */
export type WorkerBroadcast = Envelope & StateMessage & { readonly reason: StateReason }

/**
 * Worker to a page: an answer is under way that may take longer than this browser lets the worker live. The page should
 * send `keep-alive`, again and again while the reply says so.
 */
export type KeepAlive = Envelope & { readonly type: 'keep-alive' }

/** How often a page should send `keep-alive`, in milliseconds. */
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

/** Reads a message of a page: only known types, and only known fields. Null for anything else. */
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

/** Whether this is a broadcast of the worker. Trusts the worker to have filled it in correctly. */
export function isWorkerBroadcast(data: unknown): data is WorkerBroadcast {
  return isEnvelope(data) && data.type === 'state' && own(data, 'reason') !== undefined
}

/** Whether the worker asks to be kept alive. */
export function isKeepAlive(data: unknown): data is KeepAlive {
  return isEnvelope(data) && data.type === 'keep-alive'
}

/** Whether this is an answer of the worker to a request. */
export function isWorkerReply(data: unknown): data is WorkerReply {
  return isEnvelope(data) && own(data, 'reason') === undefined
}

function isEnvelope(data: unknown): data is Envelope & { readonly type: unknown } {
  return own(data, 'ns') === NAMESPACE && own(data, 'v') === PROTOCOL_VERSION && own(data, 'type') !== undefined
}

/** Reads an own property: nobody has sent what a message or a response inherits. */
export function own(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined
}
