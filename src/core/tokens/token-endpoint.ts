import { RefreshWorkerError } from '../../errors.ts'
import { own } from '../../protocol.ts'
import { HOOKS } from '../features.ts'
import { type Hooks, isBoolean } from '../hooks/ask-hook.ts'
import { copyOf } from '../hooks/copies.ts'
import { readRetryAfter } from '../http/dates.ts'
import { parseJson, readText } from '../http/json.ts'
import { limited } from '../http/limit.ts'
import type { Config, Endpoints, TokenRequestOptions } from '../options/config.ts'
import type { Clock, Fetch } from '../ports.ts'
import type { EndpointFinder } from './endpoints.ts'
import type { ReadAnswer } from './read-answer.ts'
import { isRefusal } from './refusal.ts'
import { createRefreshRequest } from './token-request.ts'
import { type HeldTokens, IN_COOKIE, type Tokens } from './tokens.ts'

/**
 * What the token endpoint said, by what it means for the session: new tokens; `rejected`, which ends it; or nothing
 * that could (it was not reached, is failing, or does not understand us), which leaves it as it is.
 */
export type RefreshAnswer =
  | { readonly outcome: 'refreshed'; readonly tokens: Tokens }
  | {
      readonly outcome: 'rejected' | 'network_error' | 'unavailable'
      readonly detail: string
      /** Milliseconds, where the server has asked for a pause. */
      readonly retryAfter?: number
      /** Whether something has answered, if only with nonsense. */
      readonly isAnswer?: true
    }

/** @param key names the refresh, however often it is tried */
export type TokenEndpoint = (held: HeldTokens, key: string) => Promise<RefreshAnswer>

/** So many times as long as requests wait for a refresh, its answer is taken: it may have spent the refresh token. */
const PATIENCE = 6

/**
 * How long an answer is waited for (milliseconds). With a cookie no longer than `timeout`: an answer that came after that
 * of a logout would bring the cookie back.
 */
export function patienceOf({ refreshTokenIn, timeout }: Pick<Config, 'refreshTokenIn' | 'timeout'>): number {
  return refreshTokenIn === 'cookie' ? timeout : timeout * PATIENCE
}

/** What a refresh is asked by. */
type RefreshOptions = TokenRequestOptions & Endpoints & Pick<Config, 'refreshTokenSubmitProp'>

interface Needs {
  readonly config: RefreshOptions
  readonly hooks: Hooks
  readonly readAnswer: ReadAnswer
  readonly fetch: Fetch
  readonly now: Clock
  readonly find?: EndpointFinder['find']
}

export function createTokenEndpoint(needs: Needs): TokenEndpoint {
  const { config, hooks, readAnswer, fetch, now, find = async () => config } = needs
  const asked = createRefreshRequest(config, hooks)
  return async (session, key) => {
    const patience = patienceOf(config)
    let signal = AbortSignal.timeout(patience)
    try {
      const { refreshTokenUrl } = await find()
      signal = AbortSignal.timeout(patience)
      const ask = async () => classify(await fetch(await asked(refreshTokenUrl, session, key, signal)), now())
      return await limited(signal, ask())
    } catch (error) {
      if (error instanceof RefreshWorkerError) {
        const isNetwork = error.code === 'refresh_network_error'
        // What a hook has failed at is not mended by waiting, though it may be by the next worker.
        const isAnswer = error.code === 'hook_failed' ? { isAnswer: true as const } : {}
        return { outcome: isNetwork ? 'network_error' : 'unavailable', detail: error.message, ...isAnswer }
      }
      // No cause goes on: an engine's message may quote what was sent.
      return signal.aborted
        ? { outcome: 'unavailable', detail: `the token endpoint did not answer in ${patience / 1000} s` }
        : {
            outcome: 'network_error',
            detail: 'the token endpoint could not be reached, or does not allow this origin (CORS)',
          }
    }
  }

  async function classify(response: Response, receivedAt: number): Promise<RefreshAnswer> {
    const { ok, status, headers } = response
    const unavailable = (detail: string, retryAfter: number | null = null): RefreshAnswer => ({
      outcome: 'unavailable',
      detail,
      isAnswer: true,
      ...(retryAfter === null ? {} : { retryAfter }),
    })
    // It is opaque: to a login, or to somewhere else.
    if (status === 0) return unavailable('the token endpoint answered with a redirect, which a refresh does not follow')
    const whole = await readText(response)
    const text = whole ?? ''
    const error = own(parseJson(text), 'error')
    const said = `the token endpoint answered ${typeof error === 'string' ? error : status}${isOurFault(status, error) ? HINT : ''}`
    const { isRefreshRejected: hook } = hooks
    const byRule = () => isRefusal({ status, headers, text })
    const isRejected =
      HOOKS && hook
        ? await hooks.ask('isRefreshRejected', () => hook(copyOf(response, text)), isBoolean)
        : !ok && byRule()
    if (isRejected) return { outcome: 'rejected', detail: said }
    if (!ok) return unavailable(said, readRetryAfter(headers, receivedAt))
    // Of a success, the tokens say more than any word in it; one in cookies shows none.
    const { tokens, problem } = await tokensIn(response, whole)
    const isSure = tokens && tokens.accessToken !== IN_COOKIE
    if (!isSure && !hook && byRule()) return { outcome: 'rejected', detail: said }
    return tokens ? { outcome: 'refreshed', tokens } : unavailable(problem)
  }

  async function tokensIn(
    response: Response,
    text: string | null,
  ): Promise<{ tokens: Tokens | null; problem: string }> {
    const none = (problem: string) => ({ tokens: null, problem })
    try {
      const found = await readAnswer(response, text)
      if (!found)
        return none('the token endpoint answered without tokens, with something else than JSON, or with an error')
      const { accessToken } = found.kept
      return accessToken === null
        ? none('readTokens found no access token in the answer to a refresh')
        : { tokens: { ...found.kept, ...found.answer(), accessToken }, problem: '' }
    } catch (error) {
      if (!(error instanceof RefreshWorkerError)) throw error
      return none(`in the token endpoint's answer, ${error.message}`)
    }
  }
}

const HINT = ': see refreshTokenUrl, clientId, defaultHeadersForTokenRequests and refreshRequest'

/** Whether the server does not understand the request: nothing that a later one, or another login, would mend. */
function isOurFault(status: number, error: unknown): boolean {
  return [404, 405, 415].includes(status) || error === 'invalid_request' || error === 'unsupported_grant_type'
}
