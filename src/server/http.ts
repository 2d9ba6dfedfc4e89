import { REQUESTED_WITH } from '../protocol.ts'

/** No login or refresh is longer (bytes). */
const LONGEST_BODY = 65_536

/** When to try again after a 503 (seconds). */
const RETRY_AFTER = '5'

/** @see RFC 6749 §5.2, and for 503 §4.1.2.1 */
export function failure(status: 400 | 401 | 403 | 404 | 405 | 413 | 415 | 503, error: string, text: string): Response {
  const headers = new Headers()
  if (status === 401) headers.set('WWW-Authenticate', 'Bearer')
  if (status === 503) headers.set('Retry-After', RETRY_AFTER)
  return json({ error, error_description: text }, { status, headers })
}

export function json(
  body: unknown,
  { status = 200, headers = {} }: { status?: number; headers?: HeadersInit } = {},
): Response {
  const all = new Headers(headers)
  all.set('Content-Type', 'application/json')
  all.set('Cache-Control', 'no-store')
  return new Response(body === undefined ? null : JSON.stringify(body), { status, headers: all })
}

/** The fields of a body of JSON or of a form; a response where it is neither, or too long. */
export async function readFields(
  request: Request,
  takesForms: boolean,
): Promise<Readonly<Record<string, unknown>> | Response> {
  const type = request.headers.get('Content-Type')?.split(';')[0]?.trim().toLowerCase() ?? ''
  const isForm = takesForms && type === 'application/x-www-form-urlencoded'
  if (!isForm && type !== 'application/json')
    return failure(415, 'invalid_request', `The body must be application/json${takesForms ? ' or a form' : ''}.`)
  const text = await readText(request)
  if (text === null) return failure(413, 'invalid_request', 'The body is too long.')
  if (isForm) return Object.fromEntries(new URLSearchParams(text))
  try {
    const body: unknown = JSON.parse(text)
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Record<string, unknown>
  } catch {
    // Told below.
  }
  return failure(400, 'invalid_request', 'The body is no JSON object.')
}

/** Null where it is too long. */
async function readText({ body }: Request): Promise<string | null> {
  if (!body) return ''
  const decoder = new TextDecoder()
  let text = ''
  const reader = body.getReader()
  for (let size = 0; ; ) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    size += value.byteLength
    if (size > LONGEST_BODY) {
      await reader.cancel()
      return null
    }
    text += decoder.decode(value, { stream: true })
  }
}

/**
 * Whether a request may change something by cookies alone: it comes from this site's own pages, or those of an origin that
 * is trusted. @see https://www.w3.org/TR/fetch-metadata/
 */
export function isTrusted({ headers, url }: Request, origins: ReadonlySet<string>): boolean {
  const site = headers.get('Sec-Fetch-Site')
  const origin = headers.get('Origin')
  if (origin !== null && origins.has(origin)) return true
  if (site !== null) return site === 'same-origin' || site === 'none'
  // Older browsers, and what is none. Behind a proxy the URL may have another scheme.
  return origin === null || hostOf(origin) === (headers.get('Host') ?? hostOf(url))
}

/** No form of another site can send it, and no script of another origin unless CORS lets it. */
export function isRequestedWith({ headers }: Request): boolean {
  return headers.get('X-Requested-With') === REQUESTED_WITH
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : ''
}

/** The name of a refresh: a structured field's string, or the bare text. Null: it has none. */
export function idempotencyKeyOf({ headers }: Request): string | null {
  const value =
    headers
      .get('Idempotency-Key')
      ?.trim()
      .replace(/^"(.*)"$/, '$1') ?? ''
  return /^[\x21-\x7e]{8,128}$/.test(value) ? value : null
}
