import { COOKIES, HOOKS } from '../features.ts'
import type { Hooks } from '../hooks/ask-hook.ts'
import { keepForReplay, type Replay } from '../http/body.ts'
import type { Config, HeaderOptions } from '../options/config.ts'
import type { Fetch, NewId } from '../ports.ts'
import { type Authenticated, isRefreshable, isUsable, refreshed, type Usable } from '../session/session.ts'
import type { Prover } from '../tokens/dpop.ts'
import type { TokenEndpoint } from '../tokens/token-endpoint.ts'
import { askForRequest, credentialsOf, DISCREET, withMarks } from '../tokens/token-request.ts'
import { NO_TOKENS, sentIn } from '../tokens/tokens.ts'
import { hasOwnCredentials } from './attach.ts'
import { createSend } from './send.ts'
import type { IsUnauthorized } from './unauthorized.ts'

/**
 * Sends a request to the logout URL with the token of the session that has ended, or as it is if it brings its own; an
 * AbortSignal in its place means the worker's own request. If the server refuses that token, mostly because it has expired,
 * the request goes out once more with a fresh one: else the server's session would live on, and nobody would notice.
 * Settles with the answer, and with whether the server has taken the logout.
 */
export type SendLogout = (
  request: Request | AbortSignal,
  was: Authenticated | null,
) => Promise<{ readonly response: Response; readonly isTold: boolean }>

interface Needs {
  readonly config: HeaderOptions &
    Pick<
      Config,
      | 'accessTokenIn'
      | 'autoUpdateToken'
      | 'httpInterceptor'
      | 'issuer'
      | 'logoutMethod'
      | 'logoutUrls'
      | 'refreshTokenIn'
      | 'replayBodyLimit'
      | 'revocationUrl'
    >
  readonly fetch: Fetch
  readonly hooks: Hooks
  readonly prover: Prover | null
  readonly isUnauthorized: IsUnauthorized
  readonly tokenEndpoint: TokenEndpoint
  readonly newId: NewId
}

export function createSendLogout(needs: Needs): SendLogout {
  const { config, fetch, hooks, prover, isUnauthorized, tokenEndpoint, newId } = needs
  const send = createSend({ config, fetch, prover })
  const isInCookie = COOKIES && config.refreshTokenIn === 'cookie'
  // A revocation ends the server's session too, and takes no access token.
  const isRevoked = config.revocationUrl !== null || config.issuer !== null
  const mayRenew = config.httpInterceptor && config.autoUpdateToken && !isRevoked

  const deliver = (request: Request, session: Usable | null, again?: Replay['again']) =>
    hasOwnCredentials(request, config) ? fetch(request) : send(request, session, again)

  /** The worker's own request. Many servers answer a logout with a redirect, which is an answer, and leads nowhere. */
  const make = async (was: Authenticated | null, signal: AbortSignal): Promise<Request> => {
    const { refreshToken, idToken } = was ?? NO_TOKENS
    const url = config.logoutUrls[0]?.href ?? null
    const init = { ...DISCREET, redirect: 'manual', signal } as const
    const { logoutRequest: hook } = hooks
    const needs = { refreshToken, accessToken: sentIn(was ?? NO_TOKENS), idToken, url }
    const request =
      HOOKS && hook
        ? (await askForRequest(hooks, 'logoutRequest', () => hook(needs), config, url, init)).request
        : new Request(url ?? '', { method: config.logoutMethod, credentials: credentialsOf(config), ...init })
    return isInCookie ? withMarks(config, request) : request
  }

  return async (given, was) => {
    const request = given instanceof AbortSignal ? await make(was, given) : given
    const isFixed = request === given && hasOwnCredentials(request, config)
    const token = config.httpInterceptor && was && isUsable(was) ? was : null
    // Of who has logged in before there was a worker, the cookies may be there.
    const isSome = was ? isRefreshable(was, config) : COOKIES && config.accessTokenIn === 'cookie'
    const isRenewable = mayRenew && isSome && !isFixed
    const replay = !isFixed && (isRenewable || token?.isBound) ? keepForReplay(request, config.replayBodyLimit) : null
    const response = await deliver(replay?.request ?? request, token, replay?.again)
    if (!replay || !isRenewable || !(await isUnauthorized(response))) return { response, isTold: isTaken(response) }

    const copy = await replay.again()
    const renewal = copy && (await tokenEndpoint(was ?? NO_TOKENS, newId()))
    // Without a refresh token that it takes, the server has no session either.
    if (renewal?.outcome !== 'refreshed') return { response, isTold: renewal?.outcome === 'rejected' }
    response.body?.cancel().catch(() => undefined)
    const renewed = was && refreshed(was, renewal.tokens)
    const anew = given instanceof AbortSignal ? await make(renewed, given) : (copy as Request)
    const last = await deliver(anew, renewed, replay.again)
    return { response: last, isTold: isTaken(last) }
  }
}

/** Whether the server has done as it was told: where it says that, or leads on to what comes after. */
function isTaken({ ok, redirected, type }: Response): boolean {
  return ok || redirected || type === 'opaqueredirect'
}
