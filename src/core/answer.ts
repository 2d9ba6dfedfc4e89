import { COOKIES, OPERATIONS } from './features.ts'
import type { Config } from './options/config.ts'
import type { Fetch, WaitUntil, WatchPage } from './ports.ts'
import type { ApiPart, ApiRoute, Extendable } from './requests/api-route.ts'
import { attach, hasOwnCredentials, isCookieless, withoutHeaders } from './requests/attach.ts'
import type { Authorize } from './requests/authorize.ts'
import type { ForEndpoint } from './requests/for-endpoint.ts'
import type { Login, LoginKind } from './requests/login.ts'
import type { Logout } from './requests/logout.ts'
import { runsOperation } from './requests/operations.ts'
import { refuseMisplaced } from './requests/placeholders.ts'
import type { Renew } from './requests/renewal.ts'
import type { RequestKind } from './requests/routes.ts'

/** Answers a request by what it is to us. */
export type AnswerKind = (
  kind: RequestKind,
  request: Request,
  event: Extendable,
  watchPage?: WatchPage,
) => Promise<Response>

interface Needs {
  readonly config: Pick<
    Config,
    'accessTokenIn' | 'authHeader' | 'authTokenType' | 'bypassHeader' | 'loginOperations' | 'ownOrigin'
  >
  readonly part: ApiPart
  /** Routes to come, for what the API answers out of caches. */
  readonly routes: readonly ApiRoute[]
  readonly authorize: Authorize
  readonly renew: Renew
  readonly login: Login
  readonly forEndpoint: ForEndpoint
  readonly logout: Pick<Logout, 'forward' | 'revocation'>
  readonly untilSaved: (waitUntil: WaitUntil) => WaitUntil
  readonly fetch: Fetch
}

export function createAnswerKind(needs: Needs): AnswerKind {
  const { config, part, routes, authorize, renew, login, forEndpoint, logout, untilSaved, fetch } = needs

  const logIn = async (request: Request, kind: LoginKind, waitUntil: WaitUntil) => {
    const ready = await forEndpoint(request, kind, waitUntil)
    return ready instanceof Response ? ready : login(ready, kind, waitUntil)
  }

  const withoutBypass = (request: Request) =>
    request.headers.has(config.bypassHeader) ? withoutHeaders(request, config.bypassHeader) : request

  const bypassOr = (kind: RequestKind, { headers }: Request) => (headers.has(config.bypassHeader) ? 'bypass' : kind)

  const answerKind: AnswerKind = async (kind, original, event, watchPage) => {
    const waitUntil = untilSaved(promise => event.waitUntil(promise))
    // Of an operation it says something.
    const request = kind === 'operation' ? original : withoutBypass(original)
    switch (kind) {
      case 'login':
      case 'signup':
      case 'token':
        return (await renew(request, kind, waitUntil)) ?? logIn(request, kind, waitUntil)
      case 'revocation':
        return logout.revocation(request, waitUntil)
      case 'logout':
        return logout.forward(request, waitUntil)
      case 'operation':
        return answerKind(
          OPERATIONS && (await runsOperation(request, config.loginOperations)) ? 'login' : bypassOr('api', request),
          request,
          event,
          watchPage,
        )
      case 'bypass': {
        const refused = await refuseMisplaced(request, config)
        if (refused) return refused
        return fetch(hasOwnCredentials(request, config) ? request : attach(request, config, null))
      }
      case 'api': {
        // Not awaited where there is nothing to be read, as for most requests.
        const looked = refuseMisplaced(request, config)
        const refused = looked && (await looked)
        if (refused) return refused
        for (const route of routes) {
          const response = route(part, request, event)
          if (response) return response
        }
        if (COOKIES && config.accessTokenIn === 'cookie' && isCookieless(request, config)) return fetch(request)
        return authorize(request, waitUntil, watchPage)
      }
      case 'bodies':
      case 'api-bodies':
        return authorize(request, waitUntil, watchPage, kind)
    }
  }
  return answerKind
}
