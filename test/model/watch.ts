/** Looks on, and notes what breaks an invariant (cases.md, INV1 to INV8; design.md, G1 to G6). */
import type { Authenticated, Session } from '../../src/core/session/session.ts'
import type { Life } from './machine.ts'
import { createNotes } from './notes.ts'
import { lineageOf, numberOf, type Oracle } from './oracle.ts'
import type { Circumstances } from './world.ts'

/** What is known of one refresh token on its way to the server. */
interface Use {
  readonly by: Life
  readonly state: 'in flight' | 'cut off' | 'failed' | 'answered'
  /** How many refreshes with it were cut off in a row. */
  readonly cuts: number
}

interface Asked {
  /** The lineages that were current when the page asked: in the store, and for the worker that was asked. */
  readonly current: Set<string | null>
  attempts: number
}

export type Watch = ReturnType<typeof createWatch>

/** The tokens of this model are at rest, where each worker finds them. */
export function accessTokenOf({ accessToken }: Authenticated): string {
  if (accessToken === null) throw new Error('a session without its access token')
  return accessToken
}

const lineageIn = (session: Session) => (session.status === 'authenticated' ? lineageOf(accessTokenOf(session)) : null)

export function createWatch(oracle: Oracle, circumstances: Circumstances) {
  const locksHold = circumstances.locks === 'held'
  const notes = createNotes()
  const { check } = notes

  /** The lineage of the last login that was stored, unless it has ended since. */
  let lastLogin: string | null = null
  const stored = new Set<string>()
  let lives = 0
  let refreshes = 0
  const views = new Map<Life, Session>()
  const held = new Map<Life, Set<string>>()
  const endedBy = new Map<Life, Set<string>>()
  const loggingOut = new Set<Life>()
  const uses = new Map<string, Use>()
  const marks = new Map<Life, string>()
  /** How often a worker was killed that had written that it refreshes with a token, and had not come to an end. */
  const cutMarks = new Map<string, number>()
  const asked = new Map<number, Asked>()
  /** The requests that came while the worker knew of no session, and which of its looks at the store is theirs. */
  const blind: { readonly life: Life; readonly request: Asked; readonly read: number }[] = []

  const checkEnd = (before: Authenticated, reason: string, life: Life) => {
    const { refreshToken } = before
    const wasCutOff = refreshToken !== null && cutMarks.has(refreshToken)
    check(reason !== 'rejected' || !wasCutOff, 'G6: a session ended as rejected, and a refresh of it had been cut off')
    if (reason === 'logout') check(loggingOut.has(life), 'nobody asked for the logout that was stored')
    else if (reason === 'expired') check(refreshToken === null, 'G5: a session expired that could be refreshed')
    else if (reason === 'rejected' || reason === 'lost')
      check(
        refreshToken !== null &&
          (oracle.hasRefused(refreshToken) ||
            (reason === 'lost' && locksHold && (cutMarks.get(refreshToken) ?? 0) > 1)),
        `G5: a session ended as ${reason}, and the server had not refused its refresh token`,
      )
    else check(false, `a session ended as ${reason}`)
  }

  const checkTokens = (before: Session, after: Authenticated) => {
    const { refreshToken } = after
    const accessToken = accessTokenOf(after)
    check(oracle.gave(accessToken, refreshToken), 'INV2: a pair is stored that was never given together')
    const lineage = lineageOf(accessToken)
    if (lineage !== lastLogin && !stored.has(lineage)) {
      stored.add(lineage)
      lastLogin = lineage
    }
    check(lineage === lastLogin, 'INV2: tokens are stored that are not of the last login')
    check(
      before.status === 'anonymous' ||
        lineageIn(before) !== lineage ||
        numberOf(accessTokenOf(before)) <= numberOf(accessToken),
      'G3: a newer token was overwritten by an older one',
    )
  }

  return {
    ...notes,
    lives: () => lives,
    refreshes: () => refreshes,
    view: (life: Life) => views.get(life),

    starts: (session: Session) => {
      lastLogin = lineageIn(session)
      if (lastLogin) stored.add(lastLogin)
    },
    begins: (life: Life) => {
      lives++
      held.set(life, new Set())
      endedBy.set(life, new Set())
    },

    logsOut: <T>(life: Life, logout: () => T): T => {
      loggingOut.add(life)
      return logout()
    },

    requests: (life: Life, session: Session) => {
      const id = asked.size
      const view = views.get(life)
      const request: Asked = { current: new Set([lineageIn(session)]), attempts: 0 }
      if (view) request.current.add(lineageIn(view))
      if (view?.status !== 'authenticated') blind.push({ life, request, read: life.reads + 1 })
      asked.set(id, request)
      return id
    },

    sees: (life: Life, session: Session, read: number | null) => {
      views.set(life, session)
      if (session.status === 'authenticated') held.get(life)?.add(accessTokenOf(session))
      for (const one of blind)
        if (one.life === life && read !== null && read <= one.read) one.request.current.add(lineageIn(session))
    },

    writes: (life: Life, before: Session, after: Session) => {
      if (before.status === 'authenticated' && after.status === 'anonymous') {
        checkEnd(before, after.reason, life)
        endedBy.get(life)?.add(accessTokenOf(before))
        lastLogin = null
      }
      if (after.status !== 'authenticated') return
      checkTokens(before, after)
      const { refreshToken } = after
      if (refreshToken === null || before.status !== 'authenticated') return
      if (before.refreshToken === refreshToken) {
        if (after.begun > before.begun) marks.set(life, refreshToken)
        // As good as new: the server has refreshed with it, and lets it be used again.
        if (before.accessToken !== after.accessToken) uses.delete(refreshToken)
        if (after.begun === 0) cutMarks.delete(refreshToken)
      }
      if (after.begun === 0) marks.delete(life)
    },

    dies: (life: Life, session: Session) => {
      const refreshToken = session.status === 'authenticated' ? session.refreshToken : null
      for (const [token, use] of uses)
        if (use.by === life && use.state !== 'failed') uses.set(token, { ...use, state: 'cut off', cuts: use.cuts + 1 })
      if (refreshToken !== null && marks.get(life) === refreshToken)
        cutMarks.set(refreshToken, (cutMarks.get(refreshToken) ?? 0) + 1)
    },

    sendsApi: (life: Life, id: number, token: string | null) => {
      const request = asked.get(id)
      if (!request) return
      check(++request.attempts <= 2, 'INV6: a request was sent more than twice')
      if (token === null) return
      check(request.current.has(lineageOf(token)), 'INV3: a request carries the token of another session')
      check(held.get(life)?.has(token) === true, 'G2: a token is used that the store has not confirmed')
      check(!isSilent(life), 'INV4: a token is sent, and the worker knows of the logout')
    },

    answers: (life: Life, id: number, response: Response): Response => {
      // The worker's own 401, not the API's.
      const isRefused = response.status === 401 && response.headers.has('WWW-Authenticate')
      const view = views.get(life)
      const lineages = [...(asked.get(id)?.current ?? [])].filter(lineage => lineage !== null)
      // Where another worker has stored a login and its news was on the way, the request was for either session.
      const goesOn = view?.status === 'authenticated' && lineages.every(lineage => lineage === lineageIn(view))
      check(!isRefused || !goesOn || view.refreshToken === null, 'G5: a request is refused for a session that goes on')
      return response
    },

    sendsLogout: (life: Life, token: string | null) =>
      check(token === null || endedBy.get(life)?.has(token) === true, 'a logout carries the token of another session'),

    sendsRefresh: (life: Life, refreshToken: string) => {
      check(!isSilent(life), 'INV4: a refresh token is sent, and the worker knows of the logout')
      refreshes++
      const use = uses.get(refreshToken)
      if (locksHold && use) {
        check(use.state !== 'in flight' || !use.by.isAlive, 'INV1: two refreshes with one refresh token are in flight')
        check(use.state !== 'answered', 'INV8: a refresh token is sent again after it was answered')
        check(
          circumstances.repeats || use.cuts < 2,
          'INV8: a refresh token is sent a third time after two refreshes were cut off',
        )
      }
      uses.set(refreshToken, { by: life, state: 'in flight', cuts: use?.cuts ?? 0 })
    },

    /** `status` null: no answer. */
    refreshAnswered: (refreshToken: string, status: number | null) => {
      const use = uses.get(refreshToken)
      if (!use) return
      const failed = status === null || status >= 500
      uses.set(refreshToken, failed ? { ...use, state: 'failed', cuts: 0 } : { ...use, state: 'answered' })
    },
  }

  function isSilent(life: Life): boolean {
    return views.get(life)?.status === 'anonymous' && life.telling === 0
  }
}
