import { ACCESS_TOKEN_PLACEHOLDER, ID_TOKEN_PLACEHOLDER, REFRESH_TOKEN_PLACEHOLDER } from '../../protocol.ts'
import type { Config } from '../options/config.ts'
import type { Tokens } from '../tokens/tokens.ts'

/** A shorter one may be a part of any word: it is replaced only where it is the whole value. */
const SHORTEST_SECRET = 16

/** Headers that speak of the very bytes that a redaction changes. */
const OF_THE_BYTES = ['Content-Length', 'Content-Encoding', 'ETag', 'Digest', 'Repr-Digest', 'Content-Digest']

/**
 * The same response with placeholders in place of the tokens, wherever in body or headers they stand.
 * @param text the body of `response`, which holds a JSON document
 */
export function redact(
  response: Response,
  text: string,
  tokens: Tokens,
  { exposeIdToken }: Pick<Config, 'exposeIdToken'>,
): Response {
  const secrets: [string, string][] = [[tokens.accessToken, ACCESS_TOKEN_PLACEHOLDER]]
  if (tokens.refreshToken !== null) secrets.push([tokens.refreshToken, REFRESH_TOKEN_PLACEHOLDER])
  if (tokens.idToken !== null && !exposeIdToken) secrets.push([tokens.idToken, ID_TOKEN_PLACEHOLDER])
  // The longest first, for one may contain the other.
  secrets.sort(([a], [b]) => b.length - a.length)
  const replaceLong = (text: string) =>
    secrets.reduce(
      (result, [secret, placeholder]) =>
        secret.length < SHORTEST_SECRET ? result : result.replaceAll(secret, placeholder),
      text,
    )
  const replace = (value: string) => secrets.find(([secret]) => secret === value)?.[1] ?? replaceLong(value)

  // Of two members of one name JSON.parse takes the last: the first may hold a token too, and nobody knows its value.
  const shadowed = new Map<string, string>()
  editStrings(text, (value, member) => {
    for (const [secret, placeholder] of secrets) if (member && value === secret) shadowed.set(member, placeholder)
    return value
  })
  const body = editStrings(text, (value, member) => (member && shadowed.get(member)) || replace(value), replaceLong)

  const headers = new Headers()
  for (const [name, value] of response.headers)
    headers.append(name, name === 'content-type' ? value.replace(/;.*/, replaceLong) : replace(value))
  for (const name of OF_THE_BYTES) headers.delete(name)
  headers.set('Cache-Control', 'no-store')
  const { status, statusText } = response
  return new Response(body, { status, statusText, headers })
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
