import { own } from '../../protocol.ts'
import { COOKIES, HOOKS } from '../features.ts'
import type { Hooks } from '../hooks/ask-hook.ts'
import { copyOf } from '../hooks/copies.ts'
import { isJson, parseJson } from '../http/json.ts'
import type { Config, TokenResponseOptions } from '../options/config.ts'
import type { FoundTokens } from '../options/hooks.ts'
import type { Clock } from '../ports.ts'
import { createHide, secretsOf } from './hide-tokens.ts'
import { bareOf } from './placeholder.ts'
import { saysNo } from './says-no.ts'
import { isFound, keptOf, readExpiry, readTokens, tokensFrom, walk } from './token-response.ts'
import { type HeldTokens, IN_COOKIE } from './tokens.ts'

/**
 * Reads the tokens of a response, as they may be kept, whose body was read already; null: it holds none, by its media type
 * or by what the application says.
 * @throws {RefreshWorkerError} codes `token_not_found`, `token_malformed`, `hook_failed`
 */
export type ReadAnswer = (response: Response, text: string | null, to?: Question) => Promise<FoundIn | null>

/** What has been answered, where that matters: nothing but `sessionUrl` is asked to say whether there is somebody. */
export type Question = 'login' | 'refresh' | 'session'

export interface FoundIn {
  /** All that were found, which pages are not to see. */
  readonly found: HeldTokens
  /** What of them a session keeps. */
  readonly kept: HeldTokens
  /** To be kept with them, where this is what a refresh is answered with. */
  readonly answer: () => Pick<HeldTokens, 'answer'>
}

/** How long an answer may be (characters) that is kept to be given again. */
const LONGEST_KEPT = 16_384

interface Needs {
  readonly config: TokenResponseOptions & Pick<Config, 'claims' | 'refreshTokenIn'>
  readonly hooks: Hooks
  readonly now: Clock
}

export function createReadAnswer({ config, hooks, now }: Needs): ReadAnswer {
  const read = async (response: Response, text: string | null): Promise<HeldTokens | null> => {
    const { readTokens: hook } = hooks
    const receivedAt = now()
    if (!HOOKS || !hook) {
      const body = text !== null && isJson(response) ? parseJson(text) : undefined
      return body === undefined ? null : readTokens(body, config, receivedAt)
    }
    const isFine = (value: unknown): value is FoundTokens | null => value === null || isFound(value, config)
    const found = await hooks.ask('readTokens', () => hook(copyOf(response, text)), isFine)
    return (
      found &&
      tokensFrom(found, config, receivedAt, () => hooks.report('readTokens', 'returned an expiry that is no time'))
    )
  }
  /** Whether an answer is of somebody who is logged in: JSON that does not say no, or nothing at all. */
  const isSomebody = (body: unknown, text: string | null, question: Question): boolean => {
    if (text === '') return question !== 'session'
    if (body === undefined || saysNo(body)) return false
    const isNamed = isName(walk(body, config.subjectProp))
    if (question !== 'refresh' && config.namesSubject) return isNamed
    return question !== 'session' || Object.keys(Object(body)).length > 0
  }
  const readCookies: ReadAnswer = async (response, text, question = 'refresh') => {
    const body = text !== null && isJson(response) ? parseJson(text) : undefined
    const found = hooks.readTokens ? await read(response, text) : null
    if (hooks.readTokens ? !found : !isSomebody(body, text, question)) return null
    const { receivedAt = now(), expiresAt = readExpiry(body, config, now()) } = found ?? {}
    const nothing = { accessToken: null, refreshToken: null, idToken: null, receivedAt, expiresAt }
    const subject = walk(body, config.subjectProp)
    const claims = config.claims.flatMap(name => (own(body, name) === undefined ? [] : [[name, own(body, name)]]))
    return {
      found: nothing,
      kept: {
        ...nothing,
        accessToken: IN_COOKIE,
        ...(expiresAt === null ? {} : { life: expiresAt - receivedAt }),
        ...(isName(subject) ? { subject: JSON.stringify(subject) } : {}),
        ...(claims.length > 0 ? { claims: Object.fromEntries(claims) } : {}),
      },
      answer: () => ({ answer: 'null', ...answerOf(text, nothing) }),
    }
  }
  if (COOKIES && config.accessTokenIn === 'cookie') return readCookies
  return async (response, text) => {
    const found = await read(response, text)
    return found && { found, kept: keptOf(found, config), answer: () => answerOf(text, found) }
  }
}

function isName(subject: unknown): boolean {
  return subject !== undefined && subject !== null
}

/**
 * Whether a login is answered otherwise than a refresh: at one URL of GraphQL's, or where nothing says which members are
 * tokens.
 */
export function isLoginApart({ accessTokenIn, loginOperations }: Pick<Config, 'accessTokenIn' | 'loginOperations'>) {
  return accessTokenIn === 'cookie' || loginOperations.length > 0
}

function answerOf(text: string | null, found: HeldTokens): Pick<HeldTokens, 'answer'> {
  if (text === null || text.length > LONGEST_KEPT || !/^\s*\{/.test(text) || parseJson(text) === undefined) return {}
  return { answer: createHide(secretsOf(found, bareOf, { exposeIdToken: false })).inBody(text) }
}
