import { own } from '../../protocol.ts'
import { challengesOf, isForOthers } from '../http/challenges.ts'
import { parseJson } from '../http/json.ts'

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

/** Of a proxy, Request Timeout, Misdirected Request, Too Early, Too Many Requests: the same request may succeed later. */
const PASSING_STATUSES: ReadonlySet<number> = new Set([407, 408, 421, 425, 429])

/** What a framework says in place of a body of its own (characters). */
const SHORT = 256

/** How much of a text is looked into for words (characters). */
const LONGEST = 4_096

/*
 * What texts say, once `wordsOf` has taken them apart. Words that only stand near each other tell nothing: a token store
 * that was not found is an outage.
 */

/** `invalid or expired refresh token`, `could not decode token`; not `invalid token response`. */
const BAD_TOKEN =
  /\b(?:bad|blacklisted|decode|expired|inactive|incorrect|invalid|malformed|revoked|unknown|wrong) (?:(?:access|auth|bearer|json|or|refresh|session|the|web|\w+ed) )*(?:token|jwt|signature)\b(?! (?:cache|endpoint|response|serv|store))/i
/** `The token has been blacklisted`, `jwt malformed`, `Signature verification failed`. */
const TOKEN_IS_BAD =
  /\b(?:token|jwt|signature|refresh)(?: (?:been|given|has|is|passed|provided|signature|was))* (?:blacklisted|expired|inactive|incorrect|invalid|malformed|revoked|unknown|verification failed|not (?:active|found|valid)|(?:can|could) ?not be (?:decoded|found|verified)|does not exist|must be provided)\b/i

/** Cognito, Firebase and Google throttle by other statuses than 429. */
const THROTTLED = /\btoo many (?:attempts|requests)|\brate (?:exceeded|limit)|\blimit exceeded|\bthrottl/i

/** Express and NestJS, Kong, Laravel and Fastify, AWS: in the middle of a deploy there is nothing at this URL. */
const NO_ROUTE =
  /\bcannot (?:get|patch|post|put) |\bno (?:route|static resource)|\broute .*\bnot\b.*\bfound|\bmissing authentication token/i

/** `User not found`, of which an application speaks; `Page not found`, and no more than `Not Found`, say its router. */
const THING_NOT_FOUND =
  /\b(?!(?:been|could|does|endpoint|has|is|page|path|resource|uri|url|was)\b)[a-z]\w* (?:(?:could|does|has|is|was) )*not (?:be )?(?:exist|found)/i

/** Members of a success by which servers say that it is none. */
const SAYING = ['code', 'detail', 'error', 'error_description', 'errors', 'message', 'msg', 'status', 'statusCode']

/** GraphQL's 200 with `UNAUTHENTICATED` or `Unauthorized`, and statuses that servers write in bodies. */
const UNAUTHORIZED =
  /"(?:code|status|statusCode)":"?40[13]\b|"code":"[^"]*(?:forbidden|invalid.jwt|not.auth|unauth)|"(?:error|message|msg)":"(?:forbidden|unauth\w*)\.?"/i

/** An answer of the token endpoint that holds no tokens. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** Empty where there is none, or where it was too long to be read. */
  readonly text: string
}

/**
 * Whether an answer says that this refresh token will never do. What cannot be told apart from a refusal is one: a user
 * who has to log in again is better off than one whose session neither works nor ends.
 */
export function isRefusal(answer: Answer): boolean {
  const { status, headers, text } = answer
  const body = parseJson(text)
  const isData = typeof body === 'object' && body !== null
  const error = own(body, 'error')
  if (status < 300) return isData && (FINAL_ERRORS.has(error) || isUnauthorized(body))
  const words = wordsOf(text)
  if (status < 400 || headers.has('Retry-After') || THROTTLED.test(words)) return false
  const isOwn = isData || isFrameworks(answer)
  // Some servers let the exception of their token library become a 500.
  if (status >= 500) return status === 500 && isOwn && namesBadToken(words)
  if (PASSING_STATUSES.has(status) || PASSING_ERRORS.has(error) || NO_ROUTE.test(words)) return false
  if (status === 404 && !THING_NOT_FOUND.test(words)) return isData && !/\bnot found\b/i.test(words)
  return isOwn
}

/** Whether a success without tokens says that the user is not logged in any more. */
function isUnauthorized(body: object): boolean {
  const said = JSON.stringify(Object.fromEntries(SAYING.map(name => [name, own(body, name)])))
  return UNAUTHORIZED.test(said) || namesBadToken(wordsOf(said))
}

function namesBadToken(words: string): boolean {
  return BAD_TOKEN.test(words) || TOKEN_IS_BAD.test(words)
}

/** `refreshToken`, `refresh_token`, `REFRESH-TOKEN` and `refresh token` are the same words. */
function wordsOf(text: string): string {
  return text
    .slice(0, LONGEST)
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replace(/[_-]/g, ' ')
}

/** Whether an answer that is no JSON is of a server's framework, and not of what stands in front of it. */
function isFrameworks({ status, headers, text }: Answer): boolean {
  // A proxy asks for credentials of its own, and Cloudflare writes its numbers as text.
  if (isForOthers(challengesOf(headers)) || /^error code: \d+/.test(text)) return false
  // By its text, since frameworks and PHP call anything HTML. They write their 401 as a page, and firewalls their 403.
  return /^\s*</.test(text) ? status === 401 : text.length <= SHORT
}
