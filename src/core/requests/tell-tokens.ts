import { isJson, readText } from '../http/json.ts'
import type { Log } from '../ports.ts'
import type { ReadAnswer } from '../tokens/read-answer.ts'

/** A longer answer (bytes) is not looked into. */
const LONGEST = 65_536

/** For development: says which answers of the API show pages a token, once for each URL. Gets a copy of the answer. */
export type TellTokens = (request: Request, copy: Response) => Promise<void>

interface Needs {
  readonly readAnswer: ReadAnswer
  readonly log: Log
}

export function createTellTokens({ readAnswer, log }: Needs): TellTokens {
  const told = new Set<string>()
  return async ({ method, url }, copy) => {
    const where = `${method} ${new URL(url).pathname}`
    if (told.has(where) || !copy.ok || !isJson(copy)) return
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
