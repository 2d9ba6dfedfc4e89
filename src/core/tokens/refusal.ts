import { own } from '../../protocol.ts'

/** Final whatever the status: RFC 6749 §5.2. */
const FINAL_ERRORS: ReadonlySet<unknown> = new Set(['invalid_grant', 'invalid_client', 'unauthorized_client'])

/** Error codes of an answer that asks for patience (RFC 6749 §4.1.2.1, RFC 8628 §3.5, RFC 9449 §8). */
const PASSING_ERRORS: ReadonlySet<unknown> = new Set([
  'temporarily_unavailable',
  'server_error',
  'slow_down',
  'use_dpop_nonce',
  'invalid_dpop_proof',
])

/** Request Timeout, Misdirected Request, Too Early, Too Many Requests: the same request may succeed later. */
const PASSING_STATUSES: ReadonlySet<number> = new Set([408, 421, 425, 429])

/** What a framework says in place of a body of its own (characters). */
const SHORT = 256

/** An answer of the token endpoint that holds no tokens. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** Empty where there is none, or where it was too long to be read. */
  readonly text: string
  /** The value of a JSON text; undefined for anything else. */
  readonly body: unknown
}

/**
 * Whether an answer says that this refresh token will never do. What cannot be told apart from a refusal is one: a user
 * who has to log in again is better off than one whose session neither works nor ends.
 */
export function isRefusal(answer: Answer): boolean {
  const { status, body, text } = answer
  const error = own(body, 'error')
  if (status < 300) return FINAL_ERRORS.has(error) || isUnauthenticatedGraphQL(body)
  if (status >= 500) return body !== undefined && namesBadToken(text)
  if (status < 400 || PASSING_STATUSES.has(status) || PASSING_ERRORS.has(error)) return false
  return body !== undefined || isFrameworks(answer)
}

/** The GraphQL servers' own way to say 401, with the status 200. */
function isUnauthenticatedGraphQL(body: unknown): boolean {
  const errors = own(body, 'errors')
  if (!Array.isArray(errors)) return false
  return errors.some(error =>
    /^(UNAUTHENTICATED|UNAUTHORIZED|FORBIDDEN)$/.test(String(own(own(error, 'extensions'), 'code'))),
  )
}

/** Some servers let the exception of their token library become a 500, such as `The token has been blacklisted`. */
function namesBadToken(text: string): boolean {
  return /\b(token|jwt|signature)\b[^"]*\b(blacklisted|expired|invalid|revoked|verified|not found)\b/i.test(text)
}

/** Whether an answer that is no JSON is of a server's framework, and not of what stands in front of it. */
function isFrameworks({ status, headers, text }: Answer): boolean {
  // A proxy asks for credentials of its own; the framework of a bearer API has no such challenge.
  if (/\b(basic|negotiate|ntlm)\b/i.test(headers.get('WWW-Authenticate') ?? '')) return false
  // In the middle of a deploy there is nothing at this URL. Cloudflare writes its numbers as text.
  if (status === 404 || /^error code: \d+/.test(text)) return false
  const isPage = /^\s*</.test(text) || /html/i.test(headers.get('Content-Type') ?? '')
  // Frameworks write their 401 as a page, and firewalls their 403.
  return isPage ? status === 401 : text.length <= SHORT
}
