import { isBinary } from '../http/body.ts'
import type { Config } from '../options/config.ts'
import type { Clock } from '../ports.ts'
import { type Authenticated, isDue, isUnchanged, type Usable } from '../session/session.ts'

/** How much of a request's body is kept for another attempt (bytes). */
export interface ReplayLimit {
  readonly of: (request: Request, used: Usable) => number
  /** Hears what the API has answered to a token, which it did not refuse. @returns the answer */
  readonly heard: (used: Usable, response: Response) => Response
}

interface Needs {
  readonly config: Pick<Config, 'refreshAhead' | 'replayBodyLimit'>
  readonly now: Clock
}

/** Of a large body nothing is kept where the API has taken the very token before: it takes time, and hardly ever is of use. */
export function createReplayLimit({ config, now }: Needs): ReplayLimit {
  let taken: Authenticated | null = null
  // Whether one that is bound to a key is taken depends on the proof, too.
  const isTrusted = (used: Usable) =>
    taken !== null && isUnchanged(taken, used) && !used.isBound && !isDue(used, now(), config.refreshAhead)
  return {
    of: (request, used) => (isTrusted(used) && isBinary(request) ? 0 : config.replayBodyLimit),
    heard: (used, response) => {
      if (response.ok) taken = used
      return response
    },
  }
}
