import { RefreshWorkerError } from '../../errors.ts'
import { own, REQUESTED_WITH } from '../../protocol.ts'
import { readRetryAfter } from '../http/dates.ts'
import { isJson, parseJson, readText } from '../http/json.ts'
import type { Endpoint } from '../http/urls.ts'
import type { Config, Endpoints, TokenRequestOptions, TokenResponseOptions } from '../options/config.ts'
import type { Clock, Fetch } from '../ports.ts'
import { authorization } from './authorization.ts'
import type { EndpointFinder } from './endpoints.ts'
import { isRefusal } from './refusal.ts'
import { keptOf, readTokens } from './token-response.ts'
import type { HeldTokens, Tokens } from './tokens.ts'

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

export type TokenEndpoint = (held: HeldTokens) => Promise<RefreshAnswer>

/** So many times as long as requests wait for a refresh, its answer is taken: it may have spent the refresh token. */
const PATIENCE = 6

/**
 * How long an answer is waited for (milliseconds). With a cookie no longer than `timeout`: an answer that came after that
 * of a logout would bring the cookie back.
 */
export function patienceOf({ refreshTokenIn, timeout }: Pick<Config, 'refreshTokenIn' | 'timeout'>): number {
  return refreshTokenIn === 'cookie' ? timeout : timeout * PATIENCE
}

/** What a refresh is asked and read by. */
type RefreshOptions = TokenRequestOptions & TokenResponseOptions & Endpoints & Pick<Config, 'refreshTokenSubmitProp'>

export function createTokenEndpoint(
  config: RefreshOptions,
  fetch: Fetch,
  now: Clock,
  find: EndpointFinder['find'] = async () => config,
): TokenEndpoint {
  return async session => {
    const patience = patienceOf(config)
    let signal = AbortSignal.timeout(patience)
    try {
      const { refreshTokenUrl } = await find()
      signal = AbortSignal.timeout(patience)
      const response = await fetch(refreshRequest(config, refreshTokenUrl as Endpoint, session, signal))
      return await classify(response, config, now())
    } catch (error) {
      if (error instanceof RefreshWorkerError) {
        const isNetwork = error.code === 'refresh_network_error'
        return { outcome: isNetwork ? 'network_error' : 'unavailable', detail: error.message }
      }
      // No cause goes on: an engine's message may quote what was sent.
      return signal.aborted
        ? { outcome: 'unavailable', detail: `the token endpoint did not answer in ${patience / 1000} s` }
        : {
            outcome: 'network_error',
            detail:
              'the token endpoint could not be reached, answered with a redirect, or does not allow this origin (CORS)',
          }
    }
  }
}

function refreshRequest(config: RefreshOptions, url: Endpoint, session: HeldTokens, signal: AbortSignal): Request {
  const { refreshToken } = session
  const fields = {
    grant_type: 'refresh_token',
    ...(refreshToken === null ? {} : { [config.refreshTokenSubmitProp]: refreshToken }),
  }
  return tokenRequest(config, url, fields, session, signal)
}

/** A request of the worker's own to the authorization server, in the encoding that it takes. */
export function tokenRequest(
  config: TokenRequestOptions,
  { href }: Endpoint,
  fields: Readonly<Record<string, string>>,
  session: Pick<HeldTokens, 'accessToken' | 'isBound'>,
  signal: AbortSignal,
): Request {
  const isInCookie = config.refreshTokenIn === 'cookie'
  const { accessToken } = session
  const all = { ...fields, ...(config.clientId ? { client_id: config.clientId } : {}) }
  const headers = new Headers(config.defaultHeadersForTokenRequests)
  if (!headers.has('Content-Type')) headers.set('Content-Type', 'application/json')
  // Servers of RFC 6749 reject a bearer token here; JSON servers of the predecessor's kind want the old one.
  if (!config.formEncoded && accessToken !== null)
    headers.set(config.authHeader, authorization(config, { ...session, accessToken }))
  if (isInCookie) headers.set('X-Requested-With', REQUESTED_WITH)
  return new Request(href, {
    method: 'POST',
    headers,
    body: config.formEncoded ? new URLSearchParams(all).toString() : JSON.stringify(all),
    credentials: isInCookie ? 'include' : 'same-origin',
    // A redirect would post the tokens on to wherever it points.
    redirect: 'error',
    cache: 'no-store',
    referrerPolicy: 'no-referrer',
    signal,
  })
}

async function classify(response: Response, config: RefreshOptions, receivedAt: number): Promise<RefreshAnswer> {
  const { ok, status, headers } = response
  const text = (await readText(response)) ?? ''
  const body = isJson(response) ? parseJson(text) : undefined
  const error = own(body, 'error')
  const said = `the token endpoint answered ${typeof error === 'string' ? error : status}${isOurFault(status, error) ? HINT : ''}`
  if (isRefusal({ status, headers, text, body })) return { outcome: 'rejected', detail: said }
  if (!ok) {
    const retryAfter = readRetryAfter(headers, receivedAt)
    return { outcome: 'unavailable', detail: said, isAnswer: true, ...(retryAfter === null ? {} : { retryAfter }) }
  }
  if (body === undefined)
    return {
      outcome: 'unavailable',
      detail: 'the token endpoint answered with something else than JSON',
      isAnswer: true,
    }
  try {
    return { outcome: 'refreshed', tokens: keptOf(readTokens(body, config, receivedAt), config) }
  } catch (error) {
    if (!(error instanceof RefreshWorkerError)) throw error
    return { outcome: 'unavailable', detail: `in the token endpoint's answer, ${error.message}`, isAnswer: true }
  }
}

const HINT = ': see refreshTokenUrl, clientId and defaultHeadersForTokenRequests'

/** Whether the server does not understand the request: nothing that a later one, or another login, would mend. */
function isOurFault(status: number, error: unknown): boolean {
  return [404, 405, 415].includes(status) || error === 'invalid_request' || error === 'unsupported_grant_type'
}
