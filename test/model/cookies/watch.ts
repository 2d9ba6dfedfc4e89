/** Looks on where sessions are in cookies, and notes what breaks an invariant (cases.md, INV1 to INV8; design.md, G1 to G14). */
import { mayBeLeft, type Session, subjectIn } from '../../../src/core/session/session.ts'
import type { Life } from '../machine.ts'
import { createNotes } from '../notes.ts'
import type { Circumstances } from './steps.ts'

/** One refresh on its way. */
interface Refresh {
  readonly by: Life
  readonly cookie: string | null
}

export type Watch = ReturnType<typeof createWatch>

/** Whose session it is, as far as that is known; null: nobody's, or nobody has said. */
export const userIn = (session: Session): string | null => {
  const subject = session.status === 'authenticated' ? subjectIn(session) : null
  return subject === null ? null : JSON.parse(subject)
}

export function createWatch({ kind, locks }: Circumstances) {
  const notes = createNotes()
  const { check } = notes

  let commands = 0
  let lives = 0
  let refreshes = 0
  let successes = 0
  const open = new Set<Refresh>()
  const views = new Map<Life, Session>()
  const loggingOut = new Set<Life>()
  /** Those under way, and whether their worker had logged out before. */
  const rechecks = new Map<Life, boolean>()
  const attempts = new Map<number, (string | null)[]>()
  /** What may end a session: what the server has said no to, or answered for somebody else, or was cut off. */
  let troubles = 0
  /** What may begin one after a logout: logins that are under way, or have come since, and who asks for it. */
  let openLogins = 0
  let logins = 0
  let isNewLogin = false
  /** Pages that go to the logout URL: until they have come, the server may not have heard of it. */
  let openLeaves = 0
  let isLoggedOut = false
  // Without a lock, nobody knows whether the cookies are those after a login or after a logout.
  const mayBeIn = () => isNewLogin || (locks !== 'held' && logins > 0)

  return {
    ...notes,
    lives: () => lives,
    refreshes: () => refreshes,

    commands: () => {
      commands++
    },
    begins: () => {
      lives++
    },
    logsOut: <T>(life: Life, logout: () => T): T => {
      loggingOut.add(life)
      return logout()
    },
    leaves: () => {
      openLeaves++
      return () => void openLeaves--
    },
    /** Somebody logs in by what is called, whatever comes of it. */
    logsIn: () => {
      openLogins++
      logins++
      return () => {
        openLogins--
        isNewLogin = true
      }
    },
    /** The server is asked, whatever there was before. */
    rechecks: (life: Life) => {
      rechecks.set(life, loggingOut.has(life))
      isNewLogin = true
      return () => void rechecks.delete(life)
    },
    hasTrouble: () => {
      troubles++
    },

    sees: (life: Life, session: Session) => void views.set(life, session),

    writes: (_: Life, before: Session, after: Session) => {
      if (before.status === 'authenticated' && after.status === 'anonymous') {
        const { reason } = after
        // A worker tells the server of what another one has not told yet.
        if (reason === 'logout') check(loggingOut.size > 0, 'nobody asked for the logout that was stored')
        else if (reason === 'rejected' || reason === 'lost')
          check(troubles > 0, `G5: a session ended as ${reason}, and nothing was refused or cut off`)
        else check(false, `a session ended as ${reason}`)
      }
      if (before.status === 'authenticated' && after.status === 'authenticated' && before.id === after.id) {
        const [was, is] = [userIn(before), userIn(after)]
        check(was === null || is === was, 'K7: a session goes on under another user')
      }
      if (after.status === 'anonymous' && after.reason === 'logout') {
        if (!isLoggedOut) isNewLogin = false
        isLoggedOut = true
      }
      if (before.status === 'anonymous' && after.status === 'authenticated') {
        // Between two workers, news takes a while.
        const isElsewhere = [...rechecks.values()].includes(false)
        check(
          !isLoggedOut || mayBeIn() || openLogins > 0 || openLeaves > 0 || isElsewhere,
          'who had logged out is logged in again',
        )
        isLoggedOut = false
      }
    },

    sendsApi: (life: Life, id: number, user: string | null) => {
      const users = [...(attempts.get(id) ?? []), user]
      attempts.set(id, users)
      check(users.length <= 2, 'INV6: a request was sent more than twice')
      const view = views.get(life)
      const known = view ? userIn(view) : null
      const [first] = users
      check(
        users.length < 2 || !first || !known || first === known || known !== user,
        'G4: a request is sent again as another user, and the worker knows',
      )
    },

    sendsRefresh: (life: Life, cookie: string | null) => {
      refreshes++
      const others = [...open].filter(each => each.by.isAlive && each.cookie === cookie && cookie !== null)
      check(locks !== 'held' || others.length === 0, 'INV1: two refreshes with one cookie are in flight')
      const refresh = { by: life, cookie }
      open.add(refresh)
      return {
        /** It will not be answered any more, or has been. */
        ends: () => void open.delete(refresh),
        succeeds: () => {
          successes++
          // One for each, and those of start and end.
          check(successes <= commands + 4, 'G1: there are more refreshes than reasons for one')
        },
      }
    },

    /** Nothing is under way any more. */
    rests: (session: Session, user: string | null) => {
      const isOver = session.status === 'anonymous' && session.reason === 'logout' && !mayBeLeft(session)
      // With the refresh token alone in a cookie, a logout that the server has not heard of is over here.
      const isHeard = kind === 'both' || troubles === 0
      check(!isOver || user === null || mayBeIn() || !isHeard, 'K8: logged out, and the cookies of the session go on')
    },
  }
}
