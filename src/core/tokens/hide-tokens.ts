import { parseJson } from '../http/json.ts'
import type { TokenKind } from './placeholder.ts'
import type { HeldTokens } from './tokens.ts'

/** A shorter one may be a part of any word: it is replaced only where it is the whole value. */
export const SHORTEST_SECRET = 16

/** A token, and what is to stand in its place. */
export type Secret = readonly [token: string, placeholder: string]

/** The tokens that are not to be seen. */
export function secretsOf(
  tokens: Pick<HeldTokens, 'accessToken' | 'idToken' | 'refreshToken'>,
  placeholderOf: (kind: TokenKind, token: string) => string,
  { exposeIdToken }: { readonly exposeIdToken: boolean },
): readonly Secret[] {
  const secrets: Secret[] = []
  const hide = (kind: TokenKind, token: string | null) => {
    if (token !== null) secrets.push([token, placeholderOf(kind, token)])
  }
  hide('access', tokens.accessToken)
  hide('refresh', tokens.refreshToken)
  if (!exposeIdToken) hide('id', tokens.idToken)
  return secrets
}

/** What hides secrets in texts. */
export interface Hide {
  /** In a value: as the whole of it, or as a part. */
  readonly inValue: (value: string) => string
  /** As a part of any text. */
  readonly inText: (text: string) => string
  /** In a body: in JSON in its strings, so that everything else stays as it was written. */
  readonly inBody: (text: string) => string
}

export function createHide(secrets: readonly Secret[]): Hide {
  // The longest first, for one may contain the other.
  const sorted = [...secrets].sort(([a], [b]) => b.length - a.length)
  const parts = sorted.flatMap(([secret, placeholder]) =>
    secret.length < SHORTEST_SECRET ? [] : [[asWritten(secret), placeholder] as const],
  )
  const inText = (text: string) =>
    parts.reduce((result, [secret, placeholder]) => result.replaceAll(secret, placeholder), text)
  const inValue = (value: string) => sorted.find(([secret]) => secret === value)?.[1] ?? inText(value)
  const inJson = (json: string) => {
    // Of two members of one name JSON.parse takes the last: the first may hold a token too, and nobody knows its value.
    const shadowed = new Map<string, string>()
    editStrings(json, (value, member) => {
      for (const [secret, placeholder] of sorted) if (member && value === secret) shadowed.set(member, placeholder)
      return value
    })
    return editStrings(json, (value, member) => (member && shadowed.get(member)) || inValue(value), inText)
  }
  return { inText, inValue, inBody: text => (parseJson(text) === undefined ? inValue(text) : inJson(text)) }
}

/** What finds a token in a text, also where it is encoded for a URL or a form, or a script has its slashes escaped. */
function asWritten(token: string): string | RegExp {
  if (!/[^\w.-]/.test(token)) return token
  const pattern = token.replace(/[^\w-]/g, sign => {
    const code = sign.charCodeAt(0).toString(16)
    return `(?:\\\\?\\${sign}|%(?:${code}|${code.toUpperCase()}))`
  })
  return new RegExp(pattern, 'g')
}

/**
 * Edits the strings of a JSON text in place, so that everything else stays as it was written.
 * `member` tells each member of each object from every other, but not from one of the same name; an element of an array
 * has none.
 */
function editStrings(
  json: string,
  edit: (value: string, member: string | null) => string,
  editName = (name: string) => name,
): string {
  let opened = 0
  const path: { readonly id: number; name: string | null }[] = []
  return json.replace(/[{}[\]]|("(?:[^"\\]|\\.)*")(\s*:)?/g, (match, literal?: string, colon?: string) => {
    if (literal === undefined) {
      if (match === '{' || match === '[') path.push({ id: ++opened, name: null })
      else path.pop()
      return match
    }
    const value: string = JSON.parse(literal)
    const inner = path.at(-1)
    if (inner && colon) inner.name = value
    const edited = colon
      ? editName(value)
      : edit(value, inner && inner.name !== null ? `${inner.id} ${inner.name}` : null)
    return edited === value ? match : JSON.stringify(edited) + (colon ?? '')
  })
}
