import { ACCESS_TOKEN_PLACEHOLDER, ID_TOKEN_PLACEHOLDER, NAMESPACE, REFRESH_TOKEN_PLACEHOLDER } from '../../protocol.ts'
import { base64url } from '../http/base64url.ts'
import type { DisclosureOptions } from '../options/config.ts'
import { decodeJwt } from './jwt.ts'
import { NO_TOKEN } from './tokens.ts'

const NAMES = {
  access: ACCESS_TOKEN_PLACEHOLDER,
  refresh: REFRESH_TOKEN_PLACEHOLDER,
  id: ID_TOKEN_PLACEHOLDER,
} as const

export type TokenKind = keyof typeof NAMES

/** What a page has sent in the place of a token. */
export interface Placeholder {
  readonly kind: TokenKind
  /** Null: of 0.1, which named none. */
  readonly sessionId: string | null
}

/**
 * For how long (milliseconds) the placeholder of a JWT is good by its own `exp`, at least. The worker renews what it
 * stands for, and the page does not hear of that: code that checks `exp` would log out, or refresh by itself. No longer,
 * since a timer of more than 2^31 ms, which is 24.8 days, goes off at once, and such code would refresh in a storm.
 */
const LIFE = 20 * 86_400_000

const MARK = /refresh-worker-(access|refresh|id)-token(?:-([\w-]{1,64}))?/
const EACH_MARK = new RegExp(MARK, 'g')

/** The placeholder that names no session: for what is kept, and completed when a page gets it. */
export function bareOf(kind: TokenKind): string {
  return NAMES[kind]
}

/** Makes the placeholders of a session's tokens, for what a page gets to see at `now`. */
export function createPlaceholders(
  { placeholders }: Pick<DisclosureOptions, 'placeholders'>,
  sessionId: string,
  now: number,
): (kind: TokenKind, token: string) => string {
  const until = Math.floor((now + LIFE) / 1000)
  return (kind, token) => {
    const mark = `${NAMES[kind]}-${sessionId}`
    return (placeholders === 'jwt' && asJwt(token, mark, until)) || mark
  }
}

/**
 * The same claims, with a signature that none is: it is text, and no key makes it. Null where the token is no JWT.
 * @param until seconds since the epoch
 */
function asJwt(token: string, mark: string, until: number): string | null {
  const [header, payload, signature] = token.split('.')
  if (header === undefined || payload === undefined || signature === undefined) return null
  const [head, claims] = [decodeJwt(token, true), decodeJwt(token)]
  if (!head || !claims) return null
  // No verifier is to think that none is needed.
  const isSigned = typeof head.alg === 'string' && head.alg.toLowerCase() !== 'none'
  const isShort = typeof claims.exp === 'number' && claims.exp < until
  return [
    isSigned ? header : encode({ ...head, alg: 'RS256' }),
    isShort ? encode({ ...claims, exp: until }) : payload,
    mark,
  ].join('.')
}

/** The placeholder in a text, the first that stands there; null: there is none. */
export function findPlaceholder(text: string | null): Placeholder | null {
  // All headers of all requests come here, and this costs less than a RegExp.
  const found = text?.includes(NAMESPACE) && MARK.exec(text)
  return found ? asPlaceholder(found) : null
}

/** All placeholders in a text. */
export function findPlaceholders(text: string): readonly Placeholder[] {
  return [...text.matchAll(EACH_MARK)].map(asPlaceholder)
}

/** Whether a page may have given a token of its own: not what is there in place of one, or where there is none. */
export function isGiven(token: unknown): token is string {
  return typeof token === 'string' && !NO_TOKEN.test(token) && !findPlaceholder(token)
}

/** A text with something else in place of each placeholder in it. */
export function replacePlaceholders(text: string, replace: (found: Placeholder) => string): string {
  let result = ''
  let end = 0
  for (const found of text.matchAll(EACH_MARK)) {
    result += text.slice(end, startOf(text, found.index, end)) + replace(asPlaceholder(found))
    end = found.index + found[0].length
  }
  return result + text.slice(end)
}

/** Where the JWT begins whose signature is at `at`. Not by a RegExp, which would try a long text from each of its characters. */
function startOf(text: string, at: number, least: number): number {
  let start = at
  for (const _ of ['claims', 'header']) {
    let next = start - 1
    if (text[next] !== '.') return at
    while (next > least && /[\w-]/.test(text[next - 1] ?? '')) next--
    if (next === start - 1) return at
    start = next
  }
  return start
}

/** Whether a placeholder may stand for the tokens of a session. */
export function isOf({ sessionId }: Placeholder, session: Named): boolean {
  const { status, id, formerIds = [] } = session
  return sessionId === null || status === 'anonymous' || sessionId === id || formerIds.includes(sessionId)
}

/** A session, by its name and by those that it had for the same user. */
interface Named {
  readonly status: string
  readonly id?: string
  readonly formerIds?: readonly string[]
}

function asPlaceholder([, kind, sessionId]: readonly (string | undefined)[]): Placeholder {
  return { kind: kind as TokenKind, sessionId: sessionId ?? null }
}

function encode(part: object): string {
  return base64url(new TextEncoder().encode(JSON.stringify(part)))
}
