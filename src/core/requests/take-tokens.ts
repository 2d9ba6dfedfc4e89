import { RefreshWorkerError } from '../../errors.ts'
import { isJson, readText } from '../http/json.ts'
import { isFromElsewhere } from '../http/redirects.ts'
import type { Config, DisclosureOptions } from '../options/config.ts'
import type { Clock } from '../ports.ts'
import { isOfSameUser, isSame, refreshed, type Usable } from '../session/session.ts'
import type { SessionStore } from '../session/session-store.ts'
import { secretsOf } from '../tokens/hide-tokens.ts'
import { createPlaceholders } from '../tokens/placeholder.ts'
import type { ReadAnswer } from '../tokens/read-answer.ts'
import { note } from '../trace.ts'
import { redact } from './redact.ts'

/**
 * For servers that send a new token with every answer, or with some: to be called when a request is sent, with the session
 * that it is sent for. What it returns takes the tokens of the answer's headers, or with `inBody` also of its body, and
 * settles with that answer, redacted.
 */
export type TakeTokens = (request: Request, used: Usable, inBody: boolean) => (response: Response) => Promise<Response>

interface Needs {
  readonly config: Pick<DisclosureOptions, 'exposeIdToken' | 'placeholders' | 'redactTokens'> &
    Pick<Config, 'readTokens'>
  readonly sessions: SessionStore
  readonly readAnswer: ReadAnswer
  readonly now: Clock
}

export function createTakeTokens({ config, sessions, readAnswer, now }: Needs): TakeTokens {
  let sent = 0
  /** Of the requests whose answers brought tokens, the one that was sent last. */
  let newest = 0

  return (request, used, inBody) => {
    const order = ++sent
    return async response => {
      if (response.status === 0 || isFromElsewhere(response, request)) return response
      const isRead = inBody && (config.readTokens !== null || isJson(response))
      const text = isRead ? await readText(response.clone()).catch(() => null) : null
      const tokens = await readAnswer(response, text).catch(error => {
        if (!(error instanceof RefreshWorkerError)) throw error
        // Noted already; the answer is the API's all the same.
        return null
      })
      const accessToken = tokens?.kept.accessToken
      if (!inBody && !accessToken) return response
      // Answers may overtake each other: the server gave its last token to the last request.
      // An administrator may get another user's token.
      const isTheirs = tokens !== null && isOfSameUser(tokens.kept, used)
      // One that repeats what it was sent with gives none, and may come after one that did.
      const isNew = accessToken !== used.accessToken
      if (isTheirs && accessToken && isNew && order > newest) {
        newest = order
        const kept = { ...tokens.kept, accessToken }
        await sessions.change(latest =>
          isSame(latest, used) && latest.accessToken !== accessToken ? refreshed(latest, kept) : latest,
        )
        note(request, 'its answer brought a new access token')
      }
      if (!config.redactTokens) return response
      const placeholderOf = createPlaceholders(config, used.id, now())
      const seen = [...(isTheirs ? [tokens.found] : []), used].flatMap(held => secretsOf(held, placeholderOf, config))
      return redact(response, text, seen)
    }
  }
}
