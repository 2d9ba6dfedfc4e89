import type { Replay } from '../http/body.ts'
import type { HeaderOptions } from '../options/config.ts'
import type { Fetch } from '../ports.ts'
import type { Usable } from '../session/session.ts'
import type { Prover } from '../tokens/dpop.ts'
import { attach } from './attach.ts'

/**
 * Sends a request with the session's access token, or with none, and with a proof where the token is bound to a key.
 * `again` gives the same request once more, for the case that the server wants another proof.
 */
export type Send = (request: Request, session: Usable | null, again?: Replay['again']) => Promise<Response>

interface Needs {
  readonly config: HeaderOptions
  readonly fetch: Fetch
  readonly prover: Prover | null
}

export function createSend({ config, fetch, prover }: Needs): Send {
  return (request, session, again) => {
    const attached = attach(request, config, session)
    if (!prover || !session?.isBound) return fetch(attached)
    return prover(attached, async () => {
      const copy = await again?.()
      return copy ? attach(copy, config, session) : null
    })
  }
}
