/** Sees to it that placeholders reach no server: each is replaced by the token it stands for, taken away, or refused. */
import { RefreshWorkerError } from '../../errors.ts'
import { isBinary, mayHaveBody, readStart, typeOf } from '../http/body.ts'
import { rebuild } from '../http/rebuild.ts'
import type { HeaderOptions } from '../options/config.ts'
import type { Session } from '../session/session.ts'
import { findPlaceholder, isOf, replacePlaceholders } from '../tokens/placeholder.ts'
import { note } from '../trace.ts'
import { withoutHeaders } from './attach.ts'
import { problem } from './problem.ts'

/**
 * How much of the body of a request to the API is looked into (bytes), and for how long that is waited for (milliseconds):
 * what carries tokens is small and there at once, and a stream may wait for an answer to its first part.
 */
const LOOKED_INTO = 65_536
const PAUSE = 100

/** How long a body may be in which placeholders are replaced (bytes). */
const LONGEST_FILLED = 1_048_576

/** Refuses a request to the API that carries a placeholder elsewhere than in `authHeader`; null: it carries none. */
export function refuseMisplaced(
  request: Request,
  { authHeader }: HeaderOptions,
): Promise<Response | null> | Response | null {
  const header = headerOf(request, authHeader)
  if (header) return refusal(request, `the header ${header}`)
  if (isInUrl(request)) return refusal(request, 'the URL')
  if (!mayHaveText(request)) return null
  return readStart(request, LOOKED_INTO, PAUSE).then(text =>
    findPlaceholder(text) ? refusal(request, 'the body') : null,
  )
}

/**
 * What becomes of a request that is none of ours and carries a placeholder in its URL or a header; null: it carries none.
 * Code that adds its header to every request goes on as somebody who is not logged in.
 */
export function withoutPlaceholders(request: Request): Request | Response | null {
  if (isInUrl(request)) return refusal(request, 'the URL')
  const names = namesIn(request)
  return names.length > 0 ? withoutHeaders(request, ...names) : null
}

/** Whether a request carries a placeholder elsewhere than in `authHeader`. */
export async function carriesPlaceholder(
  request: Request,
  { authHeader }: Pick<HeaderOptions, 'authHeader'>,
): Promise<boolean> {
  if (isInUrl(request) || headerOf(request, authHeader)) return true
  return mayHaveText(request) && findPlaceholder(await readStart(request, LONGEST_FILLED)) !== null
}

/**
 * The same request with the session's tokens in place of placeholders, wherever in it they stand; null: one of them stands
 * for none of this session's. `authHeader` is left as it is.
 */
export async function filled(
  request: Request,
  { authHeader }: Pick<HeaderOptions, 'authHeader'>,
  session: Session,
): Promise<Request | null> {
  let isStale = false
  const fill = (text: string, written: (token: string) => string = token => token) =>
    replacePlaceholders(text, found => {
      const token = session.status === 'authenticated' && isOf(found, session) ? session[`${found.kind}Token`] : null
      isStale ||= token === null
      return written(token ?? '')
    })

  const headers = new Headers(request.headers)
  for (const [name, value] of request.headers) if (name !== authHeader.toLowerCase()) headers.set(name, fill(value))

  const url = new URL(request.url)
  const search = fill(url.search, encodeURIComponent)
  let body: BodyInit | null = null
  if (mayHaveText(request)) {
    const text = await readStart(request, LONGEST_FILLED)
    const type = typeOf(request)
    // Of what is not text alone, or too long, a part would be lost.
    if (/multipart/i.test(type) || text.length >= LONGEST_FILLED) return findPlaceholder(text) ? null : request
    const written = /urlencoded/i.test(type) ? encodeURIComponent : /json/i.test(type) ? inJson : undefined
    const next = fill(text, written)
    if (next !== text) body = next
  }
  if (isStale) return null
  if (search === url.search) return rebuild(request, { headers, ...(body === null ? {} : { body }) })
  url.search = search
  if (body === null && mayHaveBody(request)) body = await request.arrayBuffer()
  return new Request(url, { ...initOf(request), headers, body })
}

/** What a request gets whose placeholder stands for nothing that there is. */
export function refuseStale(session: Session): Response {
  return problem(
    401,
    session.status === 'anonymous'
      ? new RefreshWorkerError(
          'not_authenticated',
          'the page holds the placeholder of a session that is over: log in again',
        )
      : new RefreshWorkerError('session_replaced', 'the page holds the placeholder of another session: log in again'),
  )
}

function refusal(request: Request, place: string): Response {
  note(request, `not sent: it carries a placeholder in ${place}`)
  return problem(
    400,
    new RefreshWorkerError(
      'placeholder_misplaced',
      `a placeholder stands in ${place}, where it is not replaced by its token: see tokensInBodies`,
    ),
  )
}

/** The names of the headers in which a placeholder stands. */
function namesIn({ headers }: Request): readonly string[] {
  return [...headers].filter(([, value]) => findPlaceholder(value)).map(([name]) => name)
}

/** The name of another header than `authHeader` in which one stands. */
function headerOf(request: Request, authHeader: string): string | undefined {
  return namesIn(request).find(name => name !== authHeader.toLowerCase())
}

/** Without its fragment, which is not sent. */
function isInUrl({ url }: Request): boolean {
  // Every request is asked, and a URL takes longer to parse.
  if (!findPlaceholder(url)) return false
  const { pathname, search } = new URL(url)
  return findPlaceholder(pathname + search) !== null
}

/** Whether there may be text in the body, by its media type. */
function mayHaveText(request: Request): boolean {
  return mayHaveBody(request) && !isBinary(request)
}

function inJson(token: string): string {
  return JSON.stringify(token).slice(1, -1)
}

/** What a request to another URL has in common with this one. */
function initOf(request: Request): RequestInit {
  const { method, mode, credentials, cache, redirect, integrity, keepalive, signal, referrer, referrerPolicy } = request
  return { method, mode, credentials, cache, redirect, integrity, keepalive, signal, referrer, referrerPolicy }
}
