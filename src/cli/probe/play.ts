import { read, UsageError } from '../files.ts'
import { readProbeConfig } from './config.ts'
import { probe } from './probe.ts'
import type { Level } from './say.ts'

export const PROBE_HELP = `Usage: refresh-worker probe FILE

Logs in with an account for tests, asks the API, refreshes, uses a refresh token twice, sends one that
is none, and logs out; says what holds, and what to change on the server or in the options. Exit code
1 where something has to change. It prints no token.

FILE is JSON: origin (of the pages), loginUrl, credentials (the body of a login), apiUrl (a GET that
needs a login), and as in the worker's options refreshTokenUrl, logoutUrl, logoutMethod, accessTokenIn,
refreshTokenIn, accessTokenProp, refreshTokenProp, refreshTokenSubmitProp, clientId; and formEncoded.
`

interface Job {
  /** The file's path. */
  readonly folder: string
  readonly out: (text: string) => void
}

const LEVELS: Readonly<Record<Level, string>> = { ok: 'ok   ', note: 'note ', mend: 'MEND ' }

/** @throws {UsageError} what is wrong with the file, or which server cannot be reached */
export async function play({ folder: file, out }: Job): Promise<0 | 1> {
  const text = await read(file)
  if (text === null) throw new UsageError(`${file} is not there`)
  let code: 0 | 1 = 0
  try {
    await probe(readProbeConfig(text, file), (level, step, text) => {
      if (level === 'mend') code = 1
      out(`${LEVELS[level]} ${step}: ${text}\n`)
    })
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof DOMException)) throw error
    throw new UsageError('a server of this file cannot be reached, or does not answer: is it up?')
  }
  return code
}
