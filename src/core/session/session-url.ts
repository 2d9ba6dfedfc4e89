import { isJson, parseJson, readText } from '../http/json.ts'
import { limited } from '../http/limit.ts'
import type { Config } from '../options/config.ts'
import type { Fetch } from '../ports.ts'
import type { ReadAnswer } from '../tokens/read-answer.ts'
import type { HeldTokens } from '../tokens/tokens.ts'

/** What a server says of who is logged in: who, nobody, or nothing that tells. */
export type Said = HeldTokens | 'nobody' | null

/** Asks `sessionUrl`; never rejects. */
export type AskSessionUrl = () => Promise<Said>

interface Needs {
  readonly config: Pick<Config, 'readTokens' | 'sessionUrl' | 'timeout'>
  readonly readAnswer: ReadAnswer
  readonly fetch: Fetch
}

export function createAskSessionUrl({ config, readAnswer, fetch }: Needs): AskSessionUrl {
  const read = async (response: Response): Promise<Said> => {
    const { ok, status, redirected } = response
    if (status === 401 || status === 403) return 'nobody'
    if (!ok || redirected) return null
    const text = await readText(response)
    // A page, or half an answer, tells nothing; a hook may know better.
    const isJsonOrNone = text === '' || (text !== null && isJson(response) && parseJson(text) !== undefined)
    if (!isJsonOrNone && !config.readTokens) return null
    const found = await readAnswer(response, text, 'session')
    if (!found) return 'nobody'
    // What remains of a life is none.
    const { life, ...said } = found.kept
    return said
  }

  return async () => {
    const signal = AbortSignal.timeout(config.timeout)
    try {
      const request = new Request(config.sessionUrl?.href ?? '', {
        credentials: 'include',
        cache: 'no-store',
        headers: { Accept: 'application/json' },
        signal,
      })
      return await limited(signal, fetch(request).then(read))
    } catch {
      return null
    }
  }
}
