import { RefreshWorkerError } from '../../errors.ts'
import { isFromElsewhere } from '../http/redirects.ts'
import type { DisclosureOptions } from '../options/config.ts'
import { isSame, refreshed, type Usable } from '../session/session.ts'
import type { SessionStore } from '../session/session-store.ts'
import { createPlaceholders } from '../tokens/placeholder.ts'
import type { ReadAnswer } from '../tokens/read-answer.ts'
import { note } from '../trace.ts'
import { redact } from './redact.ts'

/**
 * For servers that send a new token with every answer: to be called when a request is sent, with the session that it is
 * sent for. What it returns takes the tokens of the answer's headers, and settles with that answer, redacted.
 */
export type TakeTokens = (request: Request, used: Usable) => (response: Response) => Promise<Response>

interface Needs {
  readonly config: Pick<DisclosureOptions, 'exposeIdToken' | 'placeholders' | 'redactTokens'>
  readonly sessions: SessionStore
  readonly readAnswer: ReadAnswer
}

export function createTakeTokens({ config, sessions, readAnswer }: Needs): TakeTokens {
  let sent = 0
  /** Of the requests whose answers brought tokens, the one that was sent last. */
  let newest = 0

  return (request, used) => {
    const order = ++sent
    return async response => {
      if (response.status === 0 || isFromElsewhere(response, request)) return response
      const tokens = await readAnswer(response, null).catch(error => {
        if (!(error instanceof RefreshWorkerError)) throw error
        // Noted already; the answer is the API's all the same.
        return null
      })
      const accessToken = tokens?.kept.accessToken
      if (!tokens || !accessToken) return response
      // Answers may overtake each other: the server gave its last token to the last request.
      if (order > newest) {
        newest = order
        const kept = { ...tokens.kept, accessToken }
        await sessions.change(latest =>
          isSame(latest, used) && latest.accessToken !== accessToken ? refreshed(latest, kept) : latest,
        )
        note(request, 'its answer brought a new access token')
      }
      if (!config.redactTokens) return response
      return redact(response, null, tokens.found, createPlaceholders(config, used.id, tokens.kept.receivedAt), config)
    }
  }
}
