import { ACCESS_TOKEN_PLACEHOLDER, ID_TOKEN_PLACEHOLDER, REFRESH_TOKEN_PLACEHOLDER } from '../../protocol.ts'
import { base64url } from '../http/base64url.ts'
import type { DisclosureOptions } from '../options/config.ts'
import { decodeJwt } from './jwt.ts'

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
  const found = text && MARK.exec(text)
  return found ? asPlaceholder(found) : null
}

/** All placeholders in a text. */
export function findPlaceholders(text: string): readonly Placeholder[] {
  return [...text.matchAll(new RegExp(MARK, 'g'))].map(asPlaceholder)
}

/** A text with something else in place of each placeholder in it. */
export function replacePlaceholders(text: string, replace: (found: Placeholder) => string): string {
  return text.replace(
    new RegExp(`(?:[\\w-]+\\.[\\w-]+\\.)?${MARK.source}`, 'g'),
    (_, kind: TokenKind, sessionId: string | undefined) => replace({ kind, sessionId: sessionId ?? null }),
  )
}

/** Whether a placeholder may stand for the tokens of a session. */
export function isOf({ sessionId }: Placeholder, session: { readonly status: string; readonly id?: string }): boolean {
  return sessionId === null || session.status === 'anonymous' || sessionId === session.id
}

function asPlaceholder([, kind, sessionId = null]: readonly (string | undefined)[]): Placeholder {
  return { kind: kind as TokenKind, sessionId }
}

function encode(part: object): string {
  return base64url(new TextEncoder().encode(JSON.stringify(part)))
}
