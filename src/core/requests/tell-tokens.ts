import { isJson, readText } from '../http/json.ts'
import type { Log } from '../ports.ts'
import type { ReadAnswer } from '../tokens/read-answer.ts'

/** A longer answer (bytes) is not looked into. */
const LONGEST = 65_536

/** For development: says which answers of the API show pages a token, once for each URL. */
export type TellTokens = (request: Request, response: Response) => Promise<void>

interface Needs {
  readonly readAnswer: ReadAnswer
  readonly log: Log
}

export function createTellTokens({ readAnswer, log }: Needs): TellTokens {
  const told = new Set<string>()
  return async ({ method, url }, response) => {
    const where = `${method} ${new URL(url).pathname}`
    // A copy of anything else, a stream of events for one, would keep its connection open.
    if (told.has(where) || !response.ok || !isJson(response)) return
    const copy = response.clone()
    const text = await readText(copy, LONGEST).catch(() => null)
    const found = text === null ? null : await readAnswer(copy, text).catch(() => null)
    if (!found?.found.accessToken) return
    told.add(where)
    log(
      'warn',
      `the answer to ${where} holds what reads like an access token, and the page gets it: see tokensInBodies`,
    )
  }
}
