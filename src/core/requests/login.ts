import { RefreshWorkerError } from '../../errors.ts'
import { type JsonBody, readJson } from '../http/json.ts'
import { isFromElsewhere } from '../http/redirects.ts'
import type { Config, DisclosureOptions, TokenResponseOptions } from '../options/config.ts'
import type { Clock, Fetch, Locks, Log, NewId } from '../ports.ts'
import { alone, type LockOptions } from '../session/fresh-session.ts'
import { loggedIn } from '../session/session.ts'
import type { SessionStore } from '../session/session-store.ts'
import { keptOf, readTokens } from '../tokens/token-response.ts'
import type { Tokens } from '../tokens/tokens.ts'
import { isDevelopment, note } from '../trace.ts'
import { redact } from './redact.ts'
import type { RequestKind } from './routes.ts'

/**
 * Sends a login, a signup, or a request to the token endpoint, keeps the tokens of its response, and answers with that
 * response, redacted.
 */
export type Login = (request: Request, kind: LoginKind) => Promise<Response>

type LoginKind = Extract<RequestKind, 'login' | 'signup' | 'token'>

interface Needs {
  readonly config: LockOptions &
    TokenResponseOptions &
    Pick<DisclosureOptions, 'exposeIdToken' | 'redactTokens'> &
    Pick<Config, 'loginOnSignup' | 'refreshTokenIn'>
  readonly sessions: SessionStore
  readonly fetch: Fetch
  readonly locks: Locks
  readonly now: Clock
  readonly newId: NewId
  readonly log: Log
}

export function createLogin({ config, sessions, fetch, locks, now, newId, log }: Needs): Login {
  const login: Login = async (request, kind) => {
    const response = await fetch(request)
    if (!response.ok || (kind === 'signup' && !config.loginOnSignup)) return response

    const json = isFromServer(request, response) ? await readJson(response.clone()).catch(() => null) : null
    if (!json && kind === 'login')
      log('warn', 'a login was not taken: its answer is no JSON of the server that was asked')
    const tokens = json && read(json, kind)
    if (!tokens) return response

    // Durable before the page hears of it; whoever completes a login last is logged in.
    const id = newId()
    await sessions.change(previous => loggedIn(previous, id, keptOf(tokens, config)))
    if (isDevelopment)
      note(request, `taken as session ${id}: the page gets ${config.redactTokens ? 'placeholders' : 'the tokens too'}`)
    return config.redactTokens ? redact(response, json.text, tokens, config) : response
  }

  // The answer to a refresh of another session's that came after this one's would leave its cookie in place of ours.
  if (config.refreshTokenIn === 'cookie') return (request, kind) => alone(locks, config, () => login(request, kind))
  return login

  function read({ body }: JsonBody, kind: LoginKind): Tokens | null {
    try {
      return readTokens(body, config, now())
    } catch (error) {
      if (!(error instanceof RefreshWorkerError)) throw error
      if (kind === 'login' || error.code !== 'token_not_found') log('warn', `a ${kind} was not taken: ${error.message}`)
      return null
    }
  }
}

/** Whether it is an answer of the server that was asked: not opaque, not from where a redirect led. */
function isFromServer(request: Request, response: Response): boolean {
  return (response.type === 'basic' || response.type === 'cors') && !isFromElsewhere(response, request)
}
