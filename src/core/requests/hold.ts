import { mayHaveBody, readBody, withBody } from '../http/body.ts'
import type { Config } from '../options/config.ts'
import type { Clock, Later, WatchPage } from '../ports.ts'
import { type Anonymous, isUsable, type Session, subjectIn, type Usable } from '../session/session.ts'
import { note } from '../trace.ts'

/** How many requests wait at the same time, at most. */
const MOST = 100

/** A request that has waited, and the session to send it for. */
export interface Released {
  readonly request: Request
  readonly session: Usable
}

/**
 * For `whenEnded: 'hold'`: keeps requests whose session has ended, other than by a logout, until the same user has logged
 * in again.
 */
export interface Hold {
  /**
   * Settles with the request, to be sent for the new session; null: it is not to be sent for any, since somebody else has
   * logged in, nobody has in time, too much waits already, or nothing tells whose it was. The request itself stays unread.
   */
  readonly wait: (request: Request, ended: Anonymous, watchPage?: WatchPage) => Promise<Released | null>
  /** How many wait. */
  readonly count: () => number
  /** To be told of every change of the session. */
  readonly hear: (session: Session) => void
}

interface Needs {
  readonly config: Pick<Config, 'holdTime' | 'replayBodyLimit'>
  readonly now: Clock
  readonly later: Later
  /** Hears that others wait than before, once for all that begin or cease to at the same time. */
  readonly onCount: () => void
}

interface Waiting {
  readonly subject: string
  readonly end: (session: Usable | null) => void
}

export function createHold({ config, now, later, onCount }: Needs): Hold {
  const waiting = new Set<Waiting>()
  /** Of all that waits, in bytes. */
  let size = 0

  let isTelling = false
  const tell = () => {
    if (isTelling) return
    isTelling = true
    later(0, () => {
      isTelling = false
      onCount()
    })
  }

  const wait: Hold['wait'] = async (original, { last }, watchPage) => {
    const left = last ? last.endedAt + config.holdTime - now() : 0
    if (!last || left <= 0 || waiting.size >= MOST) return null
    const body = await readBody(original, config.replayBodyLimit)
    if (!body || size + body.size > config.replayBodyLimit) {
      note(original, 'does not wait for a login: its body is too large to be kept')
      return null
    }
    note(original, 'waits for the same user to log in again')
    const isGone = watchPage?.()
    size += body.size
    const session = await new Promise<Usable | null>(resolve => {
      const entry: Waiting = {
        subject: last.subject,
        end: session => {
          if (waiting.delete(entry)) tell()
          resolve(session)
        },
      }
      waiting.add(entry)
      tell()
      later(left, () => entry.end(null))
      original.signal.addEventListener('abort', () => entry.end(null))
    })
    size -= body.size
    if (!session || (await isGone?.())) return null
    return { request: mayHaveBody(original) ? withBody(original, body) : original, session }
  }

  return {
    wait,
    count: () => waiting.size,
    hear: session => {
      for (const entry of waiting) {
        if (session.status === 'anonymous') {
          if (session.reason === 'logout') entry.end(null)
        } else if (isUsable(session)) entry.end(subjectIn(session) === entry.subject ? session : null)
      }
    },
  }
}
