import { isBodiless } from '../hooks/copies.ts'
import { createHide, type Secret } from '../tokens/hide-tokens.ts'

/** Headers that speak of the very bytes that a redaction changes. */
const OF_THE_BYTES = ['Content-Length', 'Content-Encoding', 'ETag', 'Digest', 'Repr-Digest', 'Content-Digest']

/**
 * The same response with placeholders in place of the tokens, wherever in body or headers they stand.
 * @param text the body of `response`; null where that was not read, and goes on as it is
 */
export function redact(response: Response, text: string | null, secrets: readonly Secret[]): Response {
  const hide = createHide(secrets)
  const body = text === null ? response.body : hide.inBody(text)
  const headers = new Headers()
  for (const [name, value] of response.headers)
    headers.append(name, name === 'content-type' ? value.replace(/;.*/, hide.inText) : hide.inValue(value))
  if (text !== null) {
    for (const name of OF_THE_BYTES) headers.delete(name)
    headers.set('Cache-Control', 'no-store')
  }
  const { status, statusText } = response
  return new Response(isBodiless(status) ? null : body, { status, statusText, headers })
}
