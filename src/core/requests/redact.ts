import { isBodiless } from '../hooks/copies.ts'
import { parseJson } from '../http/json.ts'
import type { Config } from '../options/config.ts'
import type { createPlaceholders, TokenKind } from '../tokens/placeholder.ts'
import type { HeldTokens } from '../tokens/tokens.ts'

/** A shorter one may be a part of any word: it is replaced only where it is the whole value. */
const SHORTEST_SECRET = 16

/** Headers that speak of the very bytes that a redaction changes. */
const OF_THE_BYTES = ['Content-Length', 'Content-Encoding', 'ETag', 'Digest', 'Repr-Digest', 'Content-Digest']

/**
 * The same response with placeholders in place of the tokens, wherever in body or headers they stand.
 * @param text the body of `response`; null where that was not read, and goes on as it is
 */
export function redact(
  response: Response,
  text: string | null,
  tokens: Pick<HeldTokens, 'accessToken' | 'idToken' | 'refreshToken'>,
  placeholderOf: ReturnType<typeof createPlaceholders>,
  { exposeIdToken }: Pick<Config, 'exposeIdToken'>,
): Response {
  const secrets: [string, string][] = []
  const hide = (kind: TokenKind, token: string | null) => {
    if (token !== null) secrets.push([token, placeholderOf(kind, token)])
  }
  hide('access', tokens.accessToken)
  hide('refresh', tokens.refreshToken)
  if (!exposeIdToken) hide('id', tokens.idToken)
  // The longest first, for one may contain the other.
  secrets.sort(([a], [b]) => b.length - a.length)
  const replaceLong = (text: string) =>
    secrets.reduce(
      (result, [secret, placeholder]) =>
        secret.length < SHORTEST_SECRET ? result : result.replaceAll(secret, placeholder),
      text,
    )
  const replace = (value: string) => secrets.find(([secret]) => secret === value)?.[1] ?? replaceLong(value)

  const body =
    text === null
      ? response.body
      : parseJson(text) === undefined
        ? replace(text)
        : redactJson(text, secrets, replace, replaceLong)
  const headers = new Headers()
  for (const [name, value] of response.headers)
    headers.append(name, name === 'content-type' ? value.replace(/;.*/, replaceLong) : replace(value))
  if (text !== null) {
    for (const name of OF_THE_BYTES) headers.delete(name)
    headers.set('Cache-Control', 'no-store')
  }
  const { status, statusText } = response
  return new Response(isBodiless(status) ? null : body, { status, statusText, headers })
}

type Replace = (text: string) => string

function redactJson(
  text: string,
  secrets: readonly [string, string][],
  replace: Replace,
  replaceLong: Replace,
): string {
  // Of two members of one name JSON.parse takes the last: the first may hold a token too, and nobody knows its value.
  const shadowed = new Map<string, string>()
  editStrings(text, (value, member) => {
    for (const [secret, placeholder] of secrets) if (member && value === secret) shadowed.set(member, placeholder)
    return value
  })
  return editStrings(text, (value, member) => (member && shadowed.get(member)) || replace(value), replaceLong)
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
