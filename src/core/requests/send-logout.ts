import { keepForReplay } from '../http/body.ts'
import type { Config, HeaderOptions } from '../options/config.ts'
import type { Fetch, NewId } from '../ports.ts'
import { type Authenticated, isRefreshable, isUsable, refreshed } from '../session/session.ts'
import type { Prover } from '../tokens/dpop.ts'
import type { TokenEndpoint } from '../tokens/token-endpoint.ts'
import { hasOwnCredentials } from './attach.ts'
import { createSend } from './send.ts'
import type { IsUnauthorized } from './unauthorized.ts'

/**
 * Sends a request to the logout URL with the token of the session that has ended, or as it is if it brings its own. If
 * the server refuses that token, mostly because it has expired, the request goes out once more with a fresh one: else
 * the server's session would live on, and nobody would notice. Settles with the answer, and with whether the server has
 * heard of the logout.
 */
export type SendLogout = (
  request: Request,
  was: Authenticated | null,
) => Promise<{ readonly response: Response; readonly isTold: boolean }>

interface Needs {
  readonly config: HeaderOptions &
    Pick<
      Config,
      'autoUpdateToken' | 'httpInterceptor' | 'issuer' | 'refreshTokenIn' | 'replayBodyLimit' | 'revocationUrl'
    >
  readonly fetch: Fetch
  readonly prover: Prover | null
  readonly isUnauthorized: IsUnauthorized
  readonly tokenEndpoint: TokenEndpoint
  readonly newId: NewId
}

export function createSendLogout(needs: Needs): SendLogout {
  const { config, fetch, prover, isUnauthorized, tokenEndpoint, newId } = needs
  const send = createSend({ config, fetch, prover })
  // A revocation ends the server's session too, and takes no access token.
  const isRevoked = config.revocationUrl !== null || config.issuer !== null
  const mayRenew = config.httpInterceptor && config.autoUpdateToken && !isRevoked

  return async (request, was) => {
    const answered = (response: Response) => ({ response, isTold: response.status < 500 })
    if (hasOwnCredentials(request, config)) return answered(await fetch(request))
    const token = config.httpInterceptor && was && isUsable(was) ? was : null
    const isRenewable = mayRenew && was !== null && isRefreshable(was, config)
    const replay = isRenewable || token?.isBound ? keepForReplay(request, config.replayBodyLimit) : null
    const response = await send(replay?.request ?? request, token, replay?.again)
    if (!replay || !isRenewable || !(await isUnauthorized(response))) return answered(response)

    const copy = await replay.again()
    const renewal = copy && (await tokenEndpoint(was, newId()))
    // Without a refresh token that it takes, the server has no session either.
    if (renewal?.outcome !== 'refreshed') return { response, isTold: renewal?.outcome === 'rejected' }
    response.body?.cancel().catch(() => undefined)
    return answered(await send(copy as Request, refreshed(was, renewal.tokens), replay.again))
  }
}
