import { COOKIES } from '../features.ts'
import { limited } from '../http/limit.ts'
import type { Config } from '../options/config.ts'
import type { WaitUntil } from '../ports.ts'
import type { Recheck } from './recheck.ts'
import type { Session } from './session.ts'
import type { SessionStore } from './session-store.ts'

/** How long a page waits for its first state (milliseconds), if the server has to be asked for that. */
const PATIENCE = 2_000

/** Knows whether the server may have begun or ended a session by itself since it has last said whose there is. */
export interface Unsure {
  /** A form, or another site, may have logged somebody in. With `isLeaving` it is a logout. */
  readonly hear: (navigation: Request, isLeaving: boolean) => void
  /** Hears of every change of the session: whoever may have logged in before a logout is out. */
  readonly heed: (session: Session) => void
  /** Anything may have happened before this page. */
  readonly doubt: () => void
  /** Asks the server where there is doubt, and waits a while for the answer. */
  readonly check: (waitUntil: WaitUntil) => Promise<unknown>
}

interface Needs {
  readonly config: Pick<Config, 'accessTokenIn' | 'sessionUrl'>
  readonly sessions: Pick<SessionStore, 'current'>
  readonly recheck: Recheck
}

export function createUnsure({ config, sessions, recheck }: Needs): Unsure {
  if (!COOKIES || config.accessTokenIn !== 'cookie')
    return { hear: () => undefined, heed: () => undefined, doubt: () => undefined, check: async () => undefined }
  const canAsk = config.sessionUrl !== null
  /** How often something may have changed whose session it is, and as of which time the server has said. */
  let changes = 0
  let sure = 0
  let isSureOfNobody = !canAsk
  /** A login may be among them. */
  let isLogin = false
  /** A form was sent, and the navigation that it leads to has not come yet: the server may not even have it. */
  let isSent = false
  let isLeaving = false
  /** No page has come of the last navigation yet: it may have led on, by whatever other sites. */
  let isOnItsWay = false
  let asking: { readonly at: number; readonly done: Promise<unknown> } | undefined

  const ask = (waitUntil: WaitUntil) => {
    const at = changes
    const isForLogin = isLogin
    const done = (asking?.done ?? Promise.resolve())
      .then(() => recheck(waitUntil, isForLogin ? 'login' : 'any'))
      .then(hasSaid => {
        if (asking?.done === done) asking = undefined
        if (!hasSaid || isSent || at !== changes) return
        sure = at
        isLogin = false
      })
    asking = { at, done }
    isSureOfNobody = true
    waitUntil(done)
  }

  return {
    hear: ({ method, referrer, url, cache }, isLogout) => {
      const isForm = method !== 'GET'
      const isFromHere = URL.canParse(referrer) && new URL(referrer).origin === new URL(url).origin
      // A page that is loaded again has the referrer that it had.
      const isBack = referrer !== '' && !isFromHere && cache === 'default'
      if (!isLogout && (isForm || isBack)) isLogin = true
      if (isForm || isBack || (canAsk && (!isFromHere || isSent || isOnItsWay))) changes++
      isSent = isForm
      isLeaving = isLogout
      isOnItsWay = true
      isSureOfNobody = !canAsk
    },
    heed: session => {
      // Not by the news that the server could not be told of it: a form may have come since.
      if (session.status === 'anonymous' && session.reason === 'logout' && !session.isCookieLeft) isLogin = false
    },
    doubt: () => {
      isSent = isLeaving = false
      if (canAsk) changes++
      isSureOfNobody = !canAsk
    },
    check: async waitUntil => {
      isOnItsWay = false
      const session = await sessions.current()
      const { status } = session
      const isSure = status === 'authenticated' || (isSureOfNobody && !session.isUntold)
      // Before the server has heard of a logout, it would say that there is a session.
      if (isLeaving || (changes === sure && isSure)) return
      // A refresh alone can tell nothing that is news.
      if (!canAsk && status === 'authenticated') return
      if (asking?.at !== changes) ask(waitUntil)
      await limited(AbortSignal.timeout(PATIENCE), asking?.done ?? Promise.resolve()).catch(() => undefined)
    },
  }
}
