import { own } from '../protocol.ts'
import type { Core } from './core.ts'
import { isForm, readFields, sendable } from './http/body.ts'
import type { Fetch, Log, WatchPage } from './ports.ts'
import type { Extendable } from './requests/api-route.ts'
import { withoutHeaders } from './requests/attach.ts'
import { cleaned, withoutPlaceholders } from './requests/placeholders.ts'
import { isScripted, type RequestKind } from './requests/routes.ts'
import { isDevelopment } from './trace.ts'
import type { TellUntouched } from './untouched.ts'

/** Answers a request. */
export type Answer = (event: Extendable, watchPage?: WatchPage) => Promise<Response>

/** Tells who answers a request; null: nobody, it is not to be touched. Synchronous, as `respondWith` needs it. */
export type Dispatch = (request: Request) => Answer | null

interface Needs {
  readonly cores: readonly Core[]
  readonly fetch: Fetch
  readonly log: Log
  /** For devtools, in development builds. */
  readonly tellUntouched?: TellUntouched
}

interface Claim {
  readonly core: Core
  readonly kind: RequestKind
}

export function createDispatch(needs: Needs): Dispatch {
  const { cores, fetch, log } = needs
  const claimsOf = (request: Request): readonly Claim[] => {
    const url = new URL(request.url)
    return cores.flatMap(core => {
      const kind = core.match(request, url)
      return kind ? [{ core, kind }] : []
    })
  }

  const answerOf =
    (request: Request, [claim, ...others]: readonly [Claim, ...Claim[]]): Answer =>
    async (event, watchPage) => {
      if (others.length === 0) return claim.core.answer(claim.kind, request, event, watchPage)
      // Only predicates come to this; whose token it would get nobody can say.
      const keys = [claim, ...others].map(({ core }) => core.config.storageKey)
      log(
        'warn',
        `a request was refused, since the configurations ${keys.join(' and ')} both claim it: have their predicates say no to the other's`,
      )
      return Response.error()
    }

  /** A form that may be for an endpoint which nobody knows yet. */
  const decide = async (request: Request, ...[event, watchPage]: Parameters<Answer>): Promise<Response> => {
    const copy = await sendable(request)
    const fields = await readFields(copy)
    const isGrant = own(fields, 'grant_type') !== undefined
    if (isGrant || own(fields, 'token') !== undefined) await Promise.all(cores.map(core => core.prepare()))
    const claims = claimsOf(request)
    if (isSome(claims)) return answerOf(copy, claims)(event, watchPage)
    if (!isGrant || cores.every(core => core.isPrepared())) {
      const ready = await cleaned(copy)
      return ready instanceof Response ? ready : fetch(ready)
    }
    // The page would see the tokens of its answer.
    log('warn', 'a token request was refused, since it may be for the issuer, whose token endpoint is not known')
    return Response.error()
  }

  return request => {
    const isOpen = cores.some(core => !core.isPrepared())
    if (isOpen && request.method === 'POST' && isScripted(request) && isForm(request))
      return (event, watchPage) => decide(request, event, watchPage)
    const claims = claimsOf(request)
    if (isSome(claims)) return answerOf(request, claims)
    const clean = withoutPlaceholders(request)
    if (isDevelopment) needs.tellUntouched?.(request, clean !== null)
    // Only the worker knows what that says: another origin would be asked whether it allows it.
    const bypass =
      clean instanceof Response
        ? []
        : cores.map(core => core.config.bypassHeader).filter(name => request.headers.has(name))
    const instead = bypass.length > 0 ? withoutHeaders((clean ?? request) as Request, ...bypass) : clean
    return instead && (async () => (instead instanceof Response ? instead : fetch(instead)))
  }
}

function isSome<T>(list: readonly T[]): list is readonly [T, ...T[]] {
  return list.length > 0
}
