import { REQUESTED_WITH } from '../../protocol.ts'
import { HOOKS } from '../features.ts'
import type { Hooks } from '../hooks/ask-hook.ts'
import { type Endpoint, isSecure } from '../http/urls.ts'
import type { Config, TokenRequestOptions } from '../options/config.ts'
import { authorization } from './authorization.ts'
import { type HeldTokens, sentIn } from './tokens.ts'

/** How the worker asks a server of its own accord. A redirect would carry the tokens on to wherever it points. */
export const DISCREET = { redirect: 'error', cache: 'no-store', referrerPolicy: 'no-referrer' } as const

/** How it asks for tokens. That there is a redirect is an answer; a request that fails at one tells as little as no network. */
const ASKING = { ...DISCREET, redirect: 'manual' } as const

/** Whether cookies go along to another origin of the site, too. */
export function credentialsOf({ refreshTokenIn }: Pick<Config, 'refreshTokenIn'>): RequestCredentials {
  return refreshTokenIn === 'cookie' ? 'include' : 'same-origin'
}

/** Makes the request of a refresh. */
type MakeRefreshRequest = (
  url: Endpoint | null,
  session: HeldTokens,
  key: string,
  signal: AbortSignal,
) => Promise<Request>

/** @throws {RefreshWorkerError} code `hook_failed` */
export function createRefreshRequest(
  config: TokenRequestOptions & Pick<Config, 'refreshTokenSubmitProp'>,
  hooks: Hooks,
): MakeRefreshRequest {
  const { refreshRequest: hook } = hooks
  if (!HOOKS || !hook)
    return async (url, session, key, signal) => {
      const { refreshToken } = session
      const fields = {
        grant_type: 'refresh_token',
        ...(refreshToken === null ? {} : { [config.refreshTokenSubmitProp]: refreshToken }),
      }
      // One of the two there is, by the checks of the configuration.
      const request = tokenRequest(config, url as Endpoint, fields, session, signal, ASKING)
      return withKey(config, request, key)
    }

  return async (endpoint, session, key, signal) => {
    const { refreshToken, idToken } = session
    const accessToken = sentIn(session)
    const url = endpoint?.href ?? null
    const needs = { refreshToken, accessToken, idToken, idempotencyKey: key, url }
    const init = { ...ASKING, signal }
    const { request, isWhole } = await askForRequest(hooks, 'refreshRequest', () => hook(needs), config, url, init)
    return isWhole ? withAccept(request) : withKey(config, withMarks(config, request), key)
  }
}

/**
 * The request that a hook makes, as a whole, or as a POST to `url` of what it returns; `init` is the worker's own.
 * @throws {RefreshWorkerError} code `hook_failed`
 */
export async function askForRequest(
  hooks: Hooks,
  name: 'refreshRequest' | 'logoutRequest',
  hook: () => unknown,
  config: Pick<Config, 'refreshTokenIn'>,
  url: string | null,
  init: RequestInit,
): Promise<{ readonly request: Request; readonly isWhole: boolean }> {
  const made = await hooks.ask(name, hook, isRequest)
  try {
    const isWhole = made instanceof Request
    const request = isWhole
      ? new Request(made, init)
      : new Request(url ?? '', { method: 'POST', credentials: credentialsOf(config), ...made, ...init })
    if (isSecure(new URL(request.url))) return { request, isWhole }
  } catch {
    // No cause: the engine's message may quote what the hook gave.
  }
  throw hooks.report(name, 'returned what makes no request, or none to https (http: only for localhost)')
}

/** Names the refresh, unless it has a name. */
function withKey(config: TokenRequestOptions, request: Request, key: string): Request {
  if (isKeyed(config, request)) setDefault(request, 'Idempotency-Key', `"${key}"`)
  return request
}

function isKeyed({ idempotencyKeys, ownOrigin }: TokenRequestOptions, { url }: Request): boolean {
  return idempotencyKeys === 'always' || (idempotencyKeys === 'same-origin' && new URL(url).origin === ownOrigin)
}

function isRequest(value: unknown): value is Request | RequestInit {
  return typeof value === 'object' && value !== null
}

/** A request of the worker's own to the authorization server, in the encoding that it takes. */
export function tokenRequest(
  config: TokenRequestOptions,
  { href }: Endpoint,
  fields: Readonly<Record<string, string>>,
  session: Pick<HeldTokens, 'accessToken' | 'isBound'>,
  signal: AbortSignal,
  how: Pick<RequestInit, 'redirect'> = DISCREET,
): Request {
  const accessToken = sentIn(session)
  const all = { ...fields, ...(config.clientId ? { client_id: config.clientId } : {}) }
  const headers = new Headers(config.defaultHeadersForTokenRequests)
  if (!headers.has('Content-Type')) headers.set('Content-Type', 'application/json')
  // Servers of RFC 6749 reject a bearer token here; JSON servers of the predecessor's kind want the old one.
  const takesToken = !config.formEncoded || config.refreshTokenIn === 'access_token'
  if (takesToken && accessToken !== null)
    headers.set(config.authHeader, authorization(config, { ...session, accessToken }))
  return withMarks(
    config,
    new Request(href, {
      method: 'POST',
      headers,
      body: config.formEncoded ? new URLSearchParams(all).toString() : JSON.stringify(all),
      credentials: credentialsOf(config),
      ...DISCREET,
      ...how,
      signal,
    }),
  )
}

/** Says that a request is the worker's, where cookies come along whoever asks, and that it wants JSON. */
export function withMarks(config: Pick<Config, 'refreshTokenIn'>, request: Request): Request {
  if (config.refreshTokenIn === 'cookie') setDefault(request, 'X-Requested-With', REQUESTED_WITH)
  return withAccept(request)
}

/** Frameworks answer what does not ask for JSON with a page, or send it to a login. */
function withAccept(request: Request): Request {
  setDefault(request, 'Accept', 'application/json')
  return request
}

function setDefault({ headers }: Request, name: string, value: string) {
  if (!headers.has(name)) headers.set(name, value)
}
