import { RefreshWorkerError } from '../src/errors.ts'
import { ACCESS_TOKEN_PLACEHOLDER, REFRESH_TOKEN_PLACEHOLDER } from '../src/protocol.ts'
import type { Config } from './config.ts'
import type { Clock, Fetch, Log, NewId } from './ports.ts'
import { isFromElsewhere } from './routes.ts'
import { loggedIn, type Tokens } from './session.ts'
import type { SessionStore } from './session-store.ts'
import { type JsonBody, readJson, readTokens } from './token-response.ts'

/** Sends a login or signup, keeps the tokens of its response, and answers with that response, redacted. */
export type Login = (request: Request, kind: 'login' | 'signup') => Promise<Response>

interface Needs {
  readonly config: Config
  readonly sessions: SessionStore
  readonly fetch: Fetch
  readonly now: Clock
  readonly newId: NewId
  readonly log: Log
}

export function createLogin({ config, sessions, fetch, now, newId, log }: Needs): Login {
  return async (request, kind) => {
    const response = await fetch(request)
    if (!response.ok || (kind === 'signup' && !config.loginOnSignup)) return response

    const json = isFromServer(request, response) ? await readJson(response.clone()).catch(() => null) : null
    if (!json && kind === 'login')
      log('warn', 'a login was not taken: its answer is no JSON of the server that was asked')
    const tokens = json && read(json, kind)
    if (!tokens) return response

    // Durable before the page hears of it; whoever completes a login last is logged in.
    const kept = config.useRefreshToken ? tokens : { ...tokens, refreshToken: null }
    const id = newId()
    await sessions.change('login', previous => loggedIn(previous, id, kept))
    return config.redactTokens ? redact(response, json.text, tokens) : response
  }

  function read({ body }: JsonBody, kind: 'login' | 'signup'): Tokens | null {
    try {
      return readTokens(body, config, now())
    } catch (error) {
      if (!(error instanceof RefreshWorkerError)) throw error
      if (kind === 'login' || error.code !== 'token_not_found') log('warn', `a ${kind} was not taken: ${error.message}`)
      return null
    }
  }
}

/** Whether it is an answer of the server that was asked: not opaque, not from where a redirect led. */
function isFromServer(request: Request, response: Response): boolean {
  return (response.type === 'basic' || response.type === 'cors') && !isFromElsewhere(response, request)
}

/** A shorter one may be a part of any word: it is replaced only where it is the whole value. */
const SHORTEST_SECRET = 16

/** Headers that speak of the very bytes that a redaction changes. */
const OF_THE_BYTES = ['Content-Length', 'Content-Encoding', 'ETag', 'Digest', 'Repr-Digest', 'Content-Digest']

/** The same response with placeholders in place of the tokens, wherever in body or headers they stand. */
function redact(response: Response, text: string, tokens: Tokens): Response {
  const secrets: [string, string][] = [[tokens.accessToken, ACCESS_TOKEN_PLACEHOLDER]]
  if (tokens.refreshToken !== null) secrets.push([tokens.refreshToken, REFRESH_TOKEN_PLACEHOLDER])
  // The longest first, for one may contain the other.
  secrets.sort(([a], [b]) => b.length - a.length)
  const replace = (value: string) =>
    secrets.reduce((result, [secret, placeholder]) => {
      if (secret.length < SHORTEST_SECRET) return result === secret ? placeholder : result
      return result.replaceAll(secret, placeholder)
    }, value)

  const headers = new Headers()
  for (const [name, value] of response.headers) headers.append(name, name === 'content-type' ? value : replace(value))
  for (const name of OF_THE_BYTES) headers.delete(name)
  headers.set('Cache-Control', 'no-store')
  const { status, statusText } = response
  return new Response(inStrings(text, replace), { status, statusText, headers })
}

/** Edits the string values of a JSON text in place, so that everything else, names included, stays as it was written. */
function inStrings(json: string, edit: (value: string) => string): string {
  return json.replace(/("(?:[^"\\]|\\.)*")(\s*:)?/g, (match, literal: string, colon?: string) => {
    const value: string = JSON.parse(literal)
    const edited = colon ? value : edit(value)
    return edited === value ? match : JSON.stringify(edited)
  })
}
