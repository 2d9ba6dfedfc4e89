import { COOKIES } from '../features.ts'
import { isJson, readText } from '../http/json.ts'
import { limited } from '../http/limit.ts'
import type { Config } from '../options/config.ts'
import type { Clock, Fetch, Locks, NewId, WaitUntil } from '../ports.ts'
import type { ReadAnswer } from '../tokens/read-answer.ts'
import type { TokenEndpoint } from '../tokens/token-endpoint.ts'
import type { HeldTokens, Tokens } from '../tokens/tokens.ts'
import { alone, type FreshSession, type LockOptions } from './fresh-session.ts'
import { isOfSameUser, loggedIn, refreshed, type Session } from './session.ts'
import type { SessionStore } from './session-store.ts'

/**
 * For sessions of which a cookie is a part, and which may begin where the worker does not see it: asks the server whether
 * there is one, and whose it is, once for all who ask at the same time. Never rejects; where the server does not say, the session is as it
 * was. A refresh that may not be due is tried where nobody was ever known, or with `isAsked`.
 */
export type Recheck = (waitUntil: WaitUntil, isAsked?: boolean) => Promise<Session>

interface Needs {
  readonly config: LockOptions & Pick<Config, 'accessTokenIn' | 'sessionUrl'>
  readonly sessions: SessionStore
  readonly freshSession: Pick<FreshSession, 'refresh'>
  readonly tokenEndpoint: TokenEndpoint
  readonly readAnswer: ReadAnswer
  readonly locks: Locks
  readonly fetch: Fetch
  readonly newId: NewId
  readonly now: Clock
}

/** What a server has said: who is there, nobody, or nothing that tells. */
type Said = HeldTokens | 'nobody' | null

export function createRecheck(needs: Needs): Recheck {
  const { config, sessions, freshSession, tokenEndpoint, readAnswer, locks, fetch, newId, now } = needs
  let running: Promise<Session> | undefined
  /** A visitor who was never logged in is not to cause a refresh with every page. */
  let hasTried = false

  const read = async (response: Response): Promise<Said> => {
    if (response.status === 401 || response.status === 403) return 'nobody'
    if (!response.ok || response.redirected) return null
    const text = isJson(response) ? await readText(response) : null
    return (await readAnswer(response, text))?.kept ?? 'nobody'
  }

  /** Takes what the server has said, unless a login or logout has come in between. */
  const take = (said: HeldTokens, before: Session) => {
    const id = newId()
    return sessions.change(latest => {
      if (latest.generation !== before.generation) return latest
      if (latest.status === 'anonymous' || !isOfSameUser(latest, said)) return loggedIn(latest, id, said)
      // It is no new life.
      return said.expiresAt === null ? latest : refreshed(latest, said as Tokens)
    })
  }

  const ask = async (waitUntil: WaitUntil, isAsked: boolean): Promise<Session> => {
    const before = await sessions.load()
    if (before.status === 'anonymous' && before.isCookieLeft) return before
    // Who has a token of it knows.
    if (before.status === 'authenticated' && config.accessTokenIn !== 'cookie') return before
    const said = config.sessionUrl ? await askSessionUrl(config.sessionUrl.href) : 'nobody'
    if (said === null) return before
    if (said !== 'nobody') return take(said, before)
    // The access token may have expired, and the refresh token not.
    if (before.status === 'authenticated') return freshSession.refresh(before, waitUntil).catch(() => sessions.latest())
    if ((before.reason !== 'none' || hasTried) && !isAsked) return before
    hasTried = true
    const answer = await alone(locks, config, () =>
      tokenEndpoint(
        { accessToken: null, refreshToken: null, idToken: null, receivedAt: now(), expiresAt: null },
        newId(),
      ),
    )
    if (answer.outcome !== 'refreshed') return before
    // Who that is, a refresh need not say.
    const again = config.sessionUrl && !answer.tokens.subject ? await askSessionUrl(config.sessionUrl.href) : null
    return take(
      again === null || again === 'nobody'
        ? answer.tokens
        : { ...answer.tokens, ...again, expiresAt: answer.tokens.expiresAt ?? again.expiresAt },
      before,
    )
  }

  const askSessionUrl = async (href: string): Promise<Said> => {
    const signal = AbortSignal.timeout(config.timeout)
    const request = new Request(href, {
      credentials: 'include',
      cache: 'no-store',
      headers: { Accept: 'application/json' },
      signal,
    })
    return limited(signal, fetch(request).then(read))
  }

  return (waitUntil, isAsked = false) => {
    running ??= ask(waitUntil, isAsked)
      .catch(() => sessions.latest())
      .finally(() => {
        running = undefined
      })
    return running
  }
}

/** How long a page waits for its first state (milliseconds), if the server has to be asked for that. */
const PATIENCE = 2_000

/** Knows whether the server may have begun or ended a session by itself since it was last asked. */
export interface Unsure {
  /** A form, or another site, may have logged somebody in. */
  readonly hear: (navigation: Request) => void
  /** Anything may have happened before this page. */
  readonly doubt: () => void
  readonly check: (waitUntil: WaitUntil) => Promise<unknown>
}

interface UnsureNeeds {
  readonly config: Pick<Config, 'accessTokenIn' | 'sessionUrl'>
  readonly sessions: Pick<SessionStore, 'current'>
  readonly recheck: Recheck
}

export function createUnsure({ config, sessions, recheck }: UnsureNeeds): Unsure {
  const sure = { hear: () => undefined, doubt: () => undefined, check: async () => undefined }
  if (!COOKIES) return sure
  if (config.accessTokenIn !== 'cookie') return sure
  /** Of whoever is logged in, and of nobody. */
  let isSure = true
  let isSureOfNobody = config.sessionUrl === null
  let isInDoubt = false
  return {
    hear: ({ method, referrer, url }) => {
      const isFromHere = URL.canParse(referrer) && new URL(referrer).origin === new URL(url).origin
      if (method !== 'GET' || (referrer !== '' && !isFromHere)) isSure = false
      isSureOfNobody = config.sessionUrl === null
    },
    doubt: () => {
      isInDoubt = config.sessionUrl !== null
      isSureOfNobody = config.sessionUrl === null
    },
    check: async waitUntil => {
      const { status } = await sessions.current()
      if (isSure && !isInDoubt && (status === 'authenticated' || isSureOfNobody)) return
      const checked = recheck(waitUntil, !isSure)
      isSure = true
      isInDoubt = false
      isSureOfNobody = true
      waitUntil(checked)
      await limited(AbortSignal.timeout(PATIENCE), checked).catch(() => undefined)
    },
  }
}
