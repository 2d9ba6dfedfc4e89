import { RefreshWorkerError } from '../../errors.ts'
import { HOOKS } from '../features.ts'
import { type Hooks, isBoolean } from '../hooks/ask-hook.ts'
import { glimpse } from '../hooks/copies.ts'
import { challengesOf, isForOthers } from '../http/challenges.ts'
import { isJson } from '../http/json.ts'
import type { HeaderOptions } from '../options/config.ts'

/** How much of a body a hook may look into (bytes), and for how long an answer waits for that (milliseconds). */
const GLIMPSE = 65_536
const PAUSE = 1_000

/** More is asked for than a new token: another login (RFC 9470 §3), more rights, another policy (Microsoft's). */
const STEP_UP = /^insufficient_(?:claims|scope|user_authentication)$/i

/** Whether an answer of the API calls for a new access token. */
export type IsUnauthorized = (response: Response) => boolean | Promise<boolean>

export function createIsUnauthorized(config: Pick<HeaderOptions, 'authTokenType'>, hooks: Hooks): IsUnauthorized {
  const ownScheme = (config.authTokenType || 'bearer').toLowerCase()
  const byDefault = (response: Response) => response.status === 401 && isMendable(response.headers, ownScheme)
  const { isUnauthorized: hook } = hooks
  if (!HOOKS || !hook) return byDefault

  return async response => {
    // An opaque one tells nothing.
    if (response.status === 0) return false
    const hasBody = isJson(response) || response.status >= 400
    const { copy, isCut, end } = glimpse(response, hasBody ? GLIMPSE : 0, PAUSE)
    const asked = async () => {
      try {
        return await hook(copy)
      } catch (error) {
        if (isCut()) return byDefault(response)
        throw error
      }
    }
    try {
      return await hooks.ask('isUnauthorized', asked, isBoolean, 2 * PAUSE)
    } catch (error) {
      if (!(error instanceof RefreshWorkerError)) throw error
      return byDefault(response)
    } finally {
      end()
    }
  }
}

/** Whether a 401 with these challenges can be mended by a new token of `ownScheme`. */
function isMendable(headers: Headers, ownScheme: string): boolean {
  const challenges = challengesOf(headers)
  // Other origins need not show them (CORS).
  if (challenges.length === 0) return true
  if (challenges.some(({ error }) => STEP_UP.test(error))) return false
  // UMA wants a ticket redeemed.
  const others = challenges.filter(({ scheme }) => scheme !== 'uma')
  return others.some(({ scheme }) => scheme === ownScheme) || (others.length > 0 && !isForOthers(others))
}
