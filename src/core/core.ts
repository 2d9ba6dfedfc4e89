import { envelope, type PageRequest, type StateReason, type WorkerReply } from '../protocol.ts'
import { createAnswerKind } from './answer.ts'
import { type CoreDevtools, createCoreDevtools } from './core-devtools.ts'
import { BODIES, COOKIES, DPOP, HOLD, MEMORY } from './features.ts'
import { createHooks } from './hooks/ask-hook.ts'
import { sendable } from './http/body.ts'
import { type About, createAnswerMessage, createDescribeState } from './messages.ts'
import type { Config } from './options/config.ts'
import type { Ports, WaitUntil, WatchPage } from './ports.ts'
import type { ApiPart, ApiRoute, Extendable } from './requests/api-route.ts'
import { createAuthorize } from './requests/authorize.ts'
import { createForEndpoint } from './requests/for-endpoint.ts'
import { createHearNavigation } from './requests/hear-navigation.ts'
import { createHold } from './requests/hold.ts'
import { createLogin } from './requests/login.ts'
import { createLogout } from './requests/logout.ts'
import { createNavigate, type Navigate } from './requests/navigation.ts'
import { createRenew } from './requests/renewal.ts'
import { createIsLeaving, createMatcher, type MatchRequest, type RequestKind } from './requests/routes.ts'
import { createSendLogout } from './requests/send-logout.ts'
import { createTakeTokens } from './requests/take-tokens.ts'
import { createTellLogout } from './requests/tell-logout.ts'
import { createTellTokens } from './requests/tell-tokens.ts'
import { createIsUnauthorized } from './requests/unauthorized.ts'
import { createAdopt } from './session/adopt.ts'
import { createBackOff } from './session/back-off.ts'
import type { FallbackStore } from './session/fallback-store.ts'
import { createFreshSession } from './session/fresh-session.ts'
import { createRecheck } from './session/recheck.ts'
import { createSaved } from './session/saved.ts'
import { type Session, sessionIdOf } from './session/session.ts'
import { createSessionStore, type OnChange } from './session/session-store.ts'
import { createStoppable } from './session/stoppable.ts'
import { createTokenVault } from './session/token-vault.ts'
import { createUnsure } from './session/unsure.ts'
import { createDpop } from './tokens/dpop.ts'
import { createEndpoints } from './tokens/endpoints.ts'
import { createReadAnswer } from './tokens/read-answer.ts'
import { createRevoke } from './tokens/revocation.ts'
import { createTokenEndpoint } from './tokens/token-endpoint.ts'
import { followed, isDevelopment } from './trace.ts'

/** All that a host does for one configuration, and its session. */
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
  readonly answer: (kind: RequestKind, request: Request, event: Extendable, watchPage?: WatchPage) => Promise<Response>
  /** Hears of a page whose navigation it has not seen. */
  readonly arrive: () => void
  /**
   * Hears of a navigation, or of what may be the prefetch of one: to where a logout ends, the session is over. What answers it; null: it is not touched, as are all
   * but those that have to wait for a refresh of a session in cookies.
   */
  readonly navigate: Navigate
  /** Answers a page's message; never rejects. */
  readonly answerMessage: (message: PageRequest, waitUntil: WaitUntil) => Promise<WorkerReply>
  /** In development builds. */
  readonly devtools?: CoreDevtools
}

interface Needs {
  readonly config: Config
  /** Whether pages that name no session mean this one. */
  readonly isDefault: boolean
  readonly about: About
  /** Routes to come, for what the API answers out of caches. */
  readonly routes: readonly ApiRoute[]
  /** Hears whose session it is now, after every change; null: nobody's. */
  readonly onSession: (storageKey: string, sessionId: string | null) => Promise<unknown>
  readonly store: FallbackStore
  readonly ports: Ports
}

export function createCore({ config, isDefault, about, routes, onSession, store, ports }: Needs): Core {
  const { now, newId, random, isOnline, later, fetch, locks, broadcast, es256, isRetired, log, trace } = ports
  const waiting = () => hold?.count() ?? 0
  const describeState = createDescribeState({ config, isDefault, isDurable: store.isDurable, waiting, now, newId })
  // What is stored is stored: that a page could not be told is no reason for a login to fail.
  const tell = (session: Session, reason: StateReason) =>
    broadcast(envelope({ ...describeState(session), reason })).catch(() => log('warn', 'pages could not be told'))
  const onChange: OnChange = async (session, reason) => {
    if (isDevelopment) {
      log('debug', `${config.storageKey} is ${session.status}: ${reason}, generation ${session.generation}`)
      devtools?.tellState(session, reason)
    }
    hold?.hear(session)
    unsure.heed(session)
    await Promise.all([tell(session, reason), onSession(config.storageKey, sessionIdOf(session))])
  }
  const sessions = createSessionStore({
    config,
    scope: about.scope,
    store: MEMORY && config.storage === 'memory' ? createTokenVault(store) : store,
    now,
    onChange,
  })
  const devtools = isDevelopment && trace ? createCoreDevtools({ config, trace, now, sessions: () => sessions }) : null
  const onCount = () => {
    const session = sessions.latest()
    if (session.status === 'anonymous') tell(session, session.reason)
  }
  const hold = HOLD && config.whenEnded === 'hold' ? createHold({ config, now, later, onCount }) : null
  const dpop = DPOP && config.dpop ? createDpop({ config, store, es256, fetch, now, newId }) : null
  const prover = dpop?.prover ?? null
  const fetchTokens = dpop?.refresh ?? fetch
  const { known, isComplete, find } = createEndpoints({ config, fetch, log })
  const hooks = createHooks({ config, now, log })
  const readAnswer = createReadAnswer({ config, hooks, now })
  const refreshes = createStoppable(devtools?.refusing(fetchTokens) ?? fetchTokens, config)
  const endpoint = createTokenEndpoint({ config, hooks, readAnswer, fetch: refreshes.fetch, now, find })
  const tokenEndpoint = isDevelopment && devtools ? devtools.told(endpoint) : endpoint
  const revoke = createRevoke({ config, fetch: fetchTokens, now, later, log, find })
  const isUnauthorized = createIsUnauthorized(config, hooks)
  const sendLogout = createSendLogout({ config, fetch, hooks, prover, isUnauthorized, tokenEndpoint, newId })
  const tellLogout = createTellLogout({ config, sessions, sendLogout, locks, log })
  const { cookies: logouts } = tellLogout
  const { logout, left, forward, revocation, farewell } = createLogout({ config, sessions, fetch, tellLogout, revoke })
  const backOff = createBackOff({ now, random, isOnline })
  const freshSession = createFreshSession({
    config,
    sessions,
    tokenEndpoint,
    locks,
    isRetired,
    newId,
    now,
    backOff,
    revoke,
    farewell,
    onOvertaken: logouts?.again,
    onNameless: COOKIES && config.sessionUrl ? session => confirm(session) : undefined,
    log,
  })
  const takesTokens = BODIES && (config.tokensInAnswers || config.tokensInBodies.length > 0)
  const takeTokens = takesTokens ? createTakeTokens({ config, sessions, readAnswer, now }) : null
  const tellTokens =
    isDevelopment && config.redactTokens && !config.readTokens ? createTellTokens({ readAnswer, log }) : null
  const authorize = createAuthorize({
    config,
    sessions,
    freshSession,
    isUnauthorized,
    takeTokens,
    tellTokens,
    hold,
    fetch,
    prover,
    now,
  })
  const onUnclear = config.sessionUrl ? (waitUntil: WaitUntil) => waitUntil(recheck(waitUntil, 'login')) : undefined
  const login = createLogin({ config, sessions, fetch: dpop?.login ?? fetch, locks, newId, readAnswer, log, onUnclear })
  const forEndpoint = createForEndpoint({ config, sessions, freshSession, now })
  const renew = createRenew({ config, freshSession, now })
  const match = createMatcher(config, known, hooks.note)
  const navigate: Navigate = COOKIES
    ? createNavigate({ config, sessions, freshSession, backOff, fetch, now })
    : () => null
  const { recheck, confirm } =
    COOKIES && logouts
      ? createRecheck({ config, sessions, freshSession, tokenEndpoint, readAnswer, locks, fetch, newId, logouts })
      : { recheck: () => freshSession.current().then(() => true), confirm: async () => undefined }
  const unsure = createUnsure({ config, sessions, recheck })
  const isLeaving = createIsLeaving(config, known, hooks.note)
  const hear = createHearNavigation({ config, known, isLeaving, left, unsure, refreshes })
  const part: ApiPart = { config, match, sessions, freshSession, authorize, fetch }

  const { saved, untilSaved } = createSaved({ store, sessions, tell })

  const answerKind = createAnswerKind({
    config,
    part,
    routes,
    authorize,
    renew,
    login,
    forEndpoint,
    logout: { forward, revocation },
    untilSaved,
    fetch,
  })

  let openRequests = 0
  const answerMessage = createAnswerMessage({
    config,
    adopt: createAdopt({ config, sessions, sha256: es256.sha256, newId, now, log }),
    sessions,
    freshSession,
    backOff,
    logout,
    recheck,
    whenUnsure: unsure.check,
    isLeaving: url => isLeaving(new Request(url), url),
    describeState,
    now,
    log,
    about,
    endSessionUrl: () => known().endSessionUrl?.href ?? null,
    isDurable: store.isDurable,
    openRequests: () => openRequests,
    hookFailures: hooks.failures,
  })

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
    answer: async (kind, original, event, watchPage) => {
      const request = await sendable(original)
      const work = () => answerKind(kind, request, event, watchPage)
      openRequests++
      try {
        if (!isDevelopment) return await work()
        const { origin } = new URL(about.scope)
        const session = config.storageKey
        return await followed(request, work, { original, matchedAs: kind, session, origin, log, trace, now })
      } finally {
        openRequests--
        if (!store.isDurable()) event.waitUntil(saved())
      }
    },
    arrive: unsure.doubt,
    navigate: (request, waitUntil, clientId) => {
      if (request.mode === 'navigate') hear(request, untilSaved(waitUntil))
      return navigate(request, untilSaved(waitUntil), clientId)
    },
    answerMessage: (message, waitUntil) => {
      const reply = answerMessage(message, untilSaved(waitUntil))
      waitUntil(reply.then(saved))
      return reply
    },
    ...(isDevelopment && devtools ? { devtools } : {}),
  }
}
