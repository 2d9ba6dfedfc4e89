import { RefreshWorkerError } from '../../errors.ts'
import { HOOKS } from '../features.ts'
import { type Hooks, isBoolean } from '../hooks/ask-hook.ts'
import { glimpse } from '../hooks/copies.ts'
import { isJson } from '../http/json.ts'
import type { HeaderOptions } from '../options/config.ts'

/** How much of a body a hook may look into (bytes), and for how long an answer waits for that (milliseconds). */
const GLIMPSE = 65_536
const PAUSE = 1_000

/** Another login is asked for, and a new access token is none (RFC 9470 §3). */
const STEP_UP = /\berror\s*=\s*"?insufficient_user_authentication\b/i

/** Schemes that browsers and proxies have credentials of their own for. */
const OTHER_SCHEMES: ReadonlySet<string> = new Set(['basic', 'digest', 'negotiate', 'ntlm'])

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
  const challenges = headers.get('WWW-Authenticate')
  // Other origins need not show it (CORS).
  if (!challenges) return true
  if (STEP_UP.test(challenges)) return false
  const schemes = schemesOf(challenges)
  return (
    schemes.some(scheme => [ownScheme, 'bearer', 'dpop'].includes(scheme)) ||
    !schemes.every(scheme => OTHER_SCHEMES.has(scheme))
  )
}

/** RFC 9110 §11.6.1: a list of challenges, and a list of parameters in each. */
function schemesOf(challenges: string): readonly string[] {
  const parts = challenges.replace(/"(?:[^"\\]|\\.)*"/g, '""').split(',')
  return parts.flatMap(part => /^\s*([\w!#$%&'*+.^`|~-]+)(?:\s+[^\s=]|\s*$)/.exec(part)?.[1]?.toLowerCase() ?? [])
}
