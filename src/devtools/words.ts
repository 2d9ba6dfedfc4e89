import type { DevtoolsCommand } from '../devtools-protocol.ts'
import type { AuthState, StateReason } from '../protocol.ts'
import type { Line } from './timeline.ts'

export type Level = 'good' | 'warn' | 'bad' | 'none'

const TAKEN_FOR: Readonly<Record<string, string>> = {
  api: 'API',
  bodies: 'tokens in its body',
  'api-bodies': 'API, tokens in its body',
  bypass: 'bypass',
  login: 'login',
  signup: 'sign-up',
  token: 'refresh of the page’s own',
  revocation: 'revocation',
  logout: 'logout',
  operation: 'GraphQL',
}

const REASONS: Readonly<Record<StateReason, string>> = {
  login: 'Logged in',
  refresh: 'New token',
  refresh_failed: 'Refreshes fail; the session goes on',
  none: 'Nobody is logged in',
  logout: 'Logged out',
  expired: 'The session has expired',
  rejected: 'The server has refused the session',
  lost: 'The session is lost: a refresh was cut off, or its tokens were in the memory of a stopped worker',
  idle: 'The session was not used for too long',
  max_age: 'The login is too long ago',
  replaced: 'Another login has taken its place',
  unavailable: 'The token endpoint has failed for too long',
}

const COMMANDS: Readonly<Record<DevtoolsCommand, string>> = {
  hello: '',
  expire: 'You expired the access token',
  refuse: 'You had the next refresh refused',
  accept: 'You took the refusal back',
  offline: 'You took the network away',
  online: 'You gave the network back',
  forget: 'You emptied the worker’s memory',
}

/** What a line is about. */
export function titleOf(line: Line): string {
  switch (line.kind) {
    case 'request':
      return `${line.method} ${line.url}`
    case 'refresh':
      return 'Refresh, for all tabs'
    case 'state':
      return line.reason === 'refresh' ? `New token, #${line.generation}` : REASONS[line.reason]
    case 'command':
      return COMMANDS[line.command]
  }
}

/** What a request was taken for. */
export function takenFor({ matchedAs }: { readonly matchedAs: string | null }): string {
  return matchedAs === null ? 'not ours' : (TAKEN_FOR[matchedAs] ?? matchedAs)
}

/** Why it came out so, in a line: what it had to wait for tells more than that it was sent then. */
export function whyOf(line: Line): string {
  if (line.kind === 'refresh') return line.detail ?? ''
  if (line.kind !== 'request') return ''
  const last = line.steps.at(-1)?.text ?? ''
  const wait = line.steps.filter(({ text }) => text.startsWith('waits for')).at(-1)
  if (!wait || last.startsWith('not ')) return last
  return line.outcome === null ? wait.text : wait.text.replace('waits', 'waited')
}

/** What a request has come to where it is no status. */
const ENDS: Readonly<Record<string, string>> = { TypeError: 'network error', AbortError: 'aborted' }

/** How it came out. */
export function outcomeOf(line: Line, isCutOff: boolean): string {
  if (line.kind === 'state' || line.kind === 'command') return ''
  if (isCutOff) return 'cut off'
  const outcome = line.outcome ?? 'under way'
  return ENDS[outcome] ?? outcome.replaceAll('_', ' ')
}

export function levelOf(line: Line, isCutOff: boolean): Level {
  if (isCutOff) return 'bad'
  switch (line.kind) {
    case 'command':
      return 'none'
    case 'state':
      if (line.status === 'authenticated') return line.reason === 'refresh_failed' ? 'warn' : 'good'
      return line.reason === 'logout' || line.reason === 'none' ? 'none' : 'bad'
    case 'refresh':
      if (line.outcome === null) return 'warn'
      return line.outcome === 'refreshed' ? 'good' : 'bad'
    case 'request': {
      if (line.matchedAs === null) return 'none'
      if (line.outcome === null) return 'warn'
      const status = Number(line.outcome)
      if (Number.isNaN(status)) return line.outcome.startsWith('opaque') ? 'good' : 'bad'
      return status < 400 ? 'good' : status < 500 ? 'warn' : 'bad'
    }
  }
}

/** A state in a word or two. */
export function statusOf(state: AuthState): string {
  if (state.status === 'anonymous') return state.reason === 'none' ? 'anonymous' : `anonymous: ${state.reason}`
  if (state.status === 'unsupported') return `unsupported${state.code ? `: ${state.code}` : ''}`
  if (state.status === 'authenticated' && state.failingSince !== undefined) return 'authenticated, refreshes fail'
  return state.status
}

export function levelOfState(state: AuthState): Level {
  if (state.status === 'authenticated') return state.failingSince === undefined ? 'good' : 'warn'
  if (state.status === 'unsupported') return 'bad'
  return state.status === 'anonymous' && !['none', 'logout'].includes(state.reason) ? 'bad' : 'none'
}

/** Why a session is over. */
export function reasonInWords(reason: StateReason): string {
  return REASONS[reason]
}

/** What a production build cannot show, and what to do. */
export function productionInWords(host: 'worker' | 'page'): string {
  const how =
    host === 'worker'
      ? 'import refresh-worker.dev.js in the worker’s script, or bundle it for development (NODE_ENV)'
      : 'bundle refresh-worker/in-page for development (NODE_ENV)'
  return `This is a production build: it tells nothing of requests, and takes no commands. For the timeline, ${how}: see docs/devtools.md of the package.`
}

const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })

export function clock(at: number): string {
  return CLOCK.format(at)
}

/** So long: `850 ms`, `12 s`, `4 min`, `3 h`, `2 d`. */
export function span(milliseconds: number): string {
  const seconds = milliseconds / 1000
  if (seconds < 1) return `${Math.round(milliseconds)} ms`
  if (seconds < 120) return `${Math.ceil(seconds)} s`
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} d`
}

/** How long something took: `850 ms`, `1.4 s`, and from ten seconds on as a {@link span}. */
export function lasted(milliseconds: number): string {
  return milliseconds >= 1_000 && milliseconds < 10_000 ? `${(milliseconds / 1_000).toFixed(1)} s` : span(milliseconds)
}

/** When, from now; `–` where nothing tells. */
export function untilInWords(at: number | null | undefined, now: number): string {
  if (at === null || at === undefined) return '–'
  return at > now ? `in ${span(at - now)}` : 'due'
}
