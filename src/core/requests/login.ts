import { RefreshWorkerError } from '../../errors.ts'
import { own } from '../../protocol.ts'
import { COOKIES } from '../features.ts'
import { isJson, readText } from '../http/json.ts'
import { isFromElsewhere } from '../http/redirects.ts'
import type { Config, DisclosureOptions } from '../options/config.ts'
import type { Fetch, Locks, Log, NewId, WaitUntil } from '../ports.ts'
import { alone, type LockOptions } from '../session/alone.ts'
import { loggedIn } from '../session/session.ts'
import type { SessionStore } from '../session/session-store.ts'
import { secretsOf } from '../tokens/hide-tokens.ts'
import { decodeJwt } from '../tokens/jwt.ts'
import { createPlaceholders } from '../tokens/placeholder.ts'
import { type FoundIn, isLoginApart, type ReadAnswer } from '../tokens/read-answer.ts'
import { IN_COOKIE } from '../tokens/tokens.ts'
import { isDevelopment, note } from '../trace.ts'
import { problem } from './problem.ts'
import { redact } from './redact.ts'
import type { RequestKind } from './routes.ts'

/**
 * Sends a login, a signup, or a request to the token endpoint, keeps the tokens of its response, and answers with that
 * response, redacted.
 */
export type Login = (request: Request, kind: LoginKind, waitUntil?: WaitUntil) => Promise<Response>

export type LoginKind = Extract<RequestKind, 'login' | 'signup' | 'token'>

interface Needs {
  readonly config: LockOptions &
    Pick<DisclosureOptions, 'exposeIdToken' | 'placeholders' | 'redactTokens'> &
    Pick<
      Config,
      'accessTokenIn' | 'keepsRefreshToken' | 'loginOnSignup' | 'loginOperations' | 'readTokens' | 'refreshTokenIn'
    >
  readonly sessions: SessionStore
  readonly fetch: Fetch
  readonly locks: Locks
  readonly newId: NewId
  readonly readAnswer: ReadAnswer
  /** Finds out whether somebody has logged in, where an answer in cookies does not say so. */
  readonly onUnclear?: ((waitUntil: WaitUntil) => void) | undefined
  readonly log: Log
}

export function createLogin({ config, sessions, fetch, locks, newId, readAnswer, onUnclear, log }: Needs): Login {
  const isInCookie = COOKIES && config.accessTokenIn === 'cookie'

  const login: Login = async (request, kind, waitUntil) => {
    const response = await fetch(request)
    if (!response.ok || (kind === 'signup' && !config.loginOnSignup)) return response

    const isItsOwn = isFromServer(request, response)
    const isRead = isItsOwn && (config.readTokens || isInCookie || isJson(response))
    const text = isRead ? await readText(response.clone()).catch(() => null) : null
    try {
      const tokens = isItsOwn ? await readAnswer(response, text, 'login') : null
      if (tokens) return await take(request, response, text, tokens)
      if (isInCookie && waitUntil) onUnclear?.(waitUntil)
      // A hook that finds nothing knows why: the answer may ask for a second factor.
      if (kind === 'login' && !(isItsOwn && config.readTokens))
        log(
          'warn',
          `a login was not taken: its answer ${isInCookie ? NOBODY : 'is no JSON of the server that was asked'}`,
        )
    } catch (error) {
      if (!(error instanceof RefreshWorkerError)) throw error
      if (kind === 'login' || error.code !== 'token_not_found') log('warn', `a ${kind} was not taken: ${error.message}`)
      // It may hold tokens, which a page would take for placeholders.
      if (error.code === 'hook_failed') return problem(502, error)
    }
    return response
  }

  const take = async (request: Request, response: Response, text: string | null, { found, kept, answer }: FoundIn) => {
    // Durable before the page hears of it; whoever completes a login last is logged in.
    const id = newId()
    const tokens = isLoginApart(config) ? kept : { ...kept, ...answer() }
    await sessions.change(previous => loggedIn(previous, id, tokens))
    if (isDevelopment && config.keepsRefreshToken && kept.refreshToken === null)
      log(
        'warn',
        'a login was taken without a refresh token, so the session ends with its access token: see refreshTokenProp',
      )
    if (isDevelopment && own(found.idToken && decodeJwt(found.idToken), 'at_hash') !== undefined)
      note(request, 'its id token has an at_hash: a library that checks it refuses the placeholder of the access token')
    if (isDevelopment)
      note(request, `taken as session ${id}: the page gets ${config.redactTokens ? 'placeholders' : 'the tokens too'}`)
    if (!config.redactTokens || kept.accessToken === IN_COOKIE) return response
    const placeholderOf = createPlaceholders(config, id, kept.receivedAt)
    return redact(response, text, secretsOf(found, placeholderOf, config))
  }

  // The answer to a refresh of another session's that came after this one's would leave its cookie in place of ours.
  if (config.refreshTokenIn === 'cookie')
    return (request, kind, waitUntil) => alone(locks, config, () => login(request, kind, waitUntil))
  return login
}

const NOBODY = 'names nobody, says no, or is no JSON of the server that was asked: see subjectProp and sessionUrl'

/** Whether it is an answer of the server that was asked: not opaque, not from where a redirect led. */
function isFromServer(request: Request, response: Response): boolean {
  return (response.type === 'basic' || response.type === 'cors') && !isFromElsewhere(response, request)
}
