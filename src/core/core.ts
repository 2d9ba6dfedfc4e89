import type { ApiPart, AuthorizedApi, Extendable } from '../../sw/caches/api-route.ts'
import { envelope, type PageRequest, type WorkerReply } from '../protocol.ts'
import { sendable } from './http/body.ts'
import { type About, createAnswerMessage, createDescribeState } from './messages.ts'
import type { Config } from './options/config.ts'
import type { Clients, Clock, Es256, Fetch, IsOnline, Later, Locks, Log, NewId, Random, WaitUntil } from './ports.ts'
import { createAuthorize } from './requests/authorize.ts'
import { createLogin } from './requests/login.ts'
import { createLogout } from './requests/logout.ts'
import { createRenew } from './requests/renewal.ts'
import { createMatcher, type MatchRequest, type RequestKind } from './requests/routes.ts'
import { createBackOff } from './session/back-off.ts'
import type { FallbackStore } from './session/fallback-store.ts'
import { createFreshSession } from './session/fresh-session.ts'
import { sessionIdOf } from './session/session.ts'
import { createSessionStore, type OnChange } from './session/session-store.ts'
import { createTokenVault } from './session/token-vault.ts'
import { createDpop } from './tokens/dpop.ts'
import { createEndpoints } from './tokens/endpoints.ts'
import { createRevoke } from './tokens/revocation.ts'
import { createTokenEndpoint } from './tokens/token-endpoint.ts'
import { followed, isDevelopment } from './trace.ts'

/** All that the worker does for one configuration, and its session. */
export interface Core {
  readonly config: Config
  readonly match: MatchRequest
  /** Whether `match` knows all that is to know; where not, a form may be for the authorization server. */
  readonly isPrepared: () => boolean
  /** Finds out, if it can be found out now; never rejects. */
  readonly prepare: () => Promise<void>
  /** Begins to read the session, which most events need, while the script is still being evaluated. */
  readonly start: () => void
  /** Answers a request that `match` knows. */
  readonly answer: (kind: RequestKind, request: Request, event: Extendable) => Promise<Response>
  /** Answers a page's message; never rejects. */
  readonly answerMessage: (message: PageRequest, waitUntil: WaitUntil) => Promise<WorkerReply>
}

interface Needs {
  readonly config: Config
  /** Whether pages that name no session mean this one. */
  readonly isDefault: boolean
  readonly about: About
  /** Routes to come, for what the API answers out of caches. */
  readonly api: AuthorizedApi
  readonly store: FallbackStore
  readonly isAnswering: () => boolean
  readonly now: Clock
  readonly newId: NewId
  readonly random: Random
  readonly isOnline: IsOnline
  readonly later: Later
  readonly fetch: Fetch
  readonly locks: Locks
  readonly clients: Clients
  readonly es256: Es256
  readonly log: Log
}

export function createCore(needs: Needs): Core {
  const { config, isDefault, api, store, now, newId, clients, log } = needs
  const describeState = createDescribeState({ config, isDefault, now, newId })
  const onChange: OnChange = async (session, reason) => {
    if (isDevelopment)
      log('debug', `${config.storageKey} is ${session.status}: ${reason}, generation ${session.generation}`)
    // What is stored is stored: that a page could not be told is no reason for a login to fail.
    const told = clients
      .broadcast(envelope({ ...describeState(session), reason }))
      .catch(() => log('warn', 'pages could not be told'))
    await Promise.all([told, api.sweeper?.sweep(config.storageKey, sessionIdOf(session))])
  }
  const sessions = createSessionStore({
    config,
    store: config.storage === 'memory' ? createTokenVault(store) : store,
    onChange,
  })
  const dpop = config.dpop ? createDpop(needs) : null
  const prover = dpop?.prover ?? null
  const fetchTokens = dpop?.refresh ?? needs.fetch
  const { known, isComplete, find } = createEndpoints(needs)
  const tokenEndpoint = createTokenEndpoint(config, fetchTokens, now, find)
  const revoke = createRevoke({ ...needs, fetch: fetchTokens, find })
  const { logout, forward, revocation, farewell } = createLogout({ ...needs, sessions, prover, revoke })
  const backOff = createBackOff(needs)
  const freshSession = createFreshSession({ ...needs, revoke, farewell, sessions, tokenEndpoint, backOff })
  const authorize = createAuthorize({ ...needs, sessions, freshSession, prover })
  const login = createLogin({ ...needs, sessions, fetch: dpop?.login ?? needs.fetch })
  const renew = createRenew({ ...needs, freshSession })
  const match = createMatcher(config, known)
  const part: ApiPart = { ...needs, match, sessions, freshSession, authorize }

  let openRequests = 0
  const answerKind = async (kind: RequestKind, request: Request, event: Extendable): Promise<Response> => {
    const waitUntil: WaitUntil = promise => event.waitUntil(promise)
    switch (kind) {
      case 'login':
      case 'signup':
        return (await renew(request)) ?? login(request, kind)
      case 'token':
        return (await renew(request)) ?? needs.fetch(request)
      case 'revocation':
        return revocation(request, waitUntil)
      case 'logout':
        return forward(request, waitUntil)
      case 'api':
        for (const route of api.routes) {
          const response = route(part, request, event)
          if (response) return response
        }
        return authorize(request, waitUntil)
    }
  }

  return {
    config,
    match,
    isPrepared: isComplete,
    prepare: async () => {
      await find().catch(() => undefined)
    },
    start: () => {
      sessions.current()
    },
    answer: async (kind, original, event) => {
      const request = await sendable(original)
      const work = () => answerKind(kind, request, event)
      openRequests++
      try {
        if (!isDevelopment) return await work()
        const { origin } = new URL(needs.about.scope)
        return await followed(request, work, { matchedAs: `${kind}, ${config.storageKey}`, origin, log, now })
      } finally {
        openRequests--
      }
    },
    answerMessage: createAnswerMessage({
      ...needs,
      sessions,
      freshSession,
      backOff,
      logout,
      describeState,
      endSessionUrl: () => known().endSessionUrl?.href ?? null,
      isDurable: store.isDurable,
      openRequests: () => openRequests,
    }),
  }
}
