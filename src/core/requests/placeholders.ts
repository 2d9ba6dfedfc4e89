/** Sees to it that placeholders reach no server: each is replaced by the token it stands for, taken away, or refused. */
import { RefreshWorkerError } from '../../errors.ts'
import { isBinary, mayHaveBody, mayHaveText, readStart, typeOf } from '../http/body.ts'
import { rebuild } from '../http/rebuild.ts'
import type { HeaderOptions } from '../options/config.ts'
import type { Session } from '../session/session.ts'
import {
  findPlaceholder,
  findPlaceholders,
  isOf,
  type Placeholder,
  replacePlaceholders,
} from '../tokens/placeholder.ts'
import { note } from '../trace.ts'
import { spokenIn, withoutHeaders } from './attach.ts'
import { problem } from './problem.ts'

/**
 * How much of the body of a request to the API is looked into (bytes), and for how long that is waited for (milliseconds):
 * what carries tokens is small and there at once, and a stream may wait for an answer to its first part.
 */
const LOOKED_INTO = 65_536
const PAUSE = 100

/** How long a body may be in which placeholders are replaced (bytes). */
const LONGEST_FILLED = 1_048_576

/** What bytes that are no text are decoded to. */
const NO_TEXT = /\ufffd/

/** Refuses a request that carries a placeholder elsewhere than in `authHeader`; null: it carries none. */
export function refuseMisplaced(
  request: Request,
  { authHeader }: Pick<HeaderOptions, 'authHeader'>,
): Promise<Response | null> | Response | null {
  const header = headerOf(request, authHeader)
  if (header) return refusal(request, `the header ${header}`)
  if (isInUrl(request)) return refusal(request, 'the URL')
  // Of files and streams, which often say nothing of what they are, nothing is copied.
  if (!mayHaveBody(request) || isBinary(request)) return null
  return readStart(request, LOOKED_INTO, PAUSE).then(text =>
    findPlaceholder(text) ? refusal(request, 'the body') : null,
  )
}

/**
 * What becomes of a request that is none of ours and carries a placeholder in its URL or a header; null: it carries none.
 * Code that adds its header to every request goes on as somebody who is not logged in.
 */
export function withoutPlaceholders(request: Request): Request | Response | null {
  if (isInUrl(request)) {
    if (request.mode !== 'navigate') return refusal(request, 'the URL')
    // A person is to see the page.
    const { origin, pathname, search } = new URL(request.url)
    return Response.redirect(origin + replacePlaceholders(pathname + search, () => ''), 307)
  }
  const names = namesIn(request)
  return names.length > 0 ? withoutHeaders(request, ...names) : null
}

/** The same of a request whose body is looked into as well: as it may go out, or in its place why it does not. */
export async function cleaned(request: Request): Promise<Request | Response> {
  const clean = withoutPlaceholders(request) ?? request
  return clean instanceof Response ? clean : ((await refuseMisplaced(clean, { authHeader: '' })) ?? clean)
}

/** Whether a request carries a placeholder elsewhere than in `authHeader`. */
export async function carriesPlaceholder(
  request: Request,
  { authHeader }: Pick<HeaderOptions, 'authHeader'>,
): Promise<boolean> {
  if (isInUrl(request) || headerOf(request, authHeader)) return true
  return findPlaceholder(await textOf(request)) !== null
}

/** All placeholders in a request, wherever they stand. */
export async function placeholdersOf(request: Request): Promise<readonly Placeholder[]> {
  const { pathname, search } = new URL(request.url)
  const headers = [...request.headers.values()].map(spokenIn)
  return [...headers, pathname, search, await textOf(request)].flatMap(findPlaceholders)
}

/**
 * The same request with the session's tokens in place of placeholders, wherever in it they stand. `authHeader` is left as it
 * is. A response: it is not to go out, since one of them stands for none of this session's, or cannot be replaced.
 * @param isLoose it goes out without those that stand for none: a login is not to fail for them
 */
export async function filled(
  request: Request,
  { authHeader }: Pick<HeaderOptions, 'authHeader'>,
  session: Session,
  isLoose = false,
): Promise<Request | Response> {
  let isStale = false
  let isMissing = false
  const fill = (text: string, written: (token: string) => string = token => token) =>
    replacePlaceholders(text, found => {
      const isKnown = session.status === 'authenticated' && isOf(found, session)
      const token = isKnown ? session[`${found.kind}Token`] : null
      isStale ||= !isKnown
      isMissing ||= token === null
      return written(token ?? '')
    })

  const headers = new Headers(request.headers)
  for (const name of namesIn(request))
    if (name !== authHeader.toLowerCase()) {
      const value = fill(headers.get(name) ?? '')
      if (value) headers.set(name, value)
      else headers.delete(name)
    }

  const url = new URL(request.url)
  const target = url.origin + fill(url.pathname + url.search, encodeURIComponent)
  const text = await textOf(request)
  const type = typeOf(request)
  const isJson = /json/i.test(type) || /^\s*[[{]/.test(text)
  const next = fill(text, /urlencoded/i.test(type) ? encodeURIComponent : isJson ? inJson : undefined)
  // Of what is not text alone, or too long, a part would be lost.
  if (next !== text && (NO_TEXT.test(text) || text.length >= LONGEST_FILLED)) return refusal(request, 'the body')
  if (isMissing && !isLoose)
    return isStale ? refuseStale(session) : refusal(request, 'the request', 'and the worker keeps no such token')
  // As bytes, which have no type of their own.
  let body: BodyInit | null = next === text ? null : new TextEncoder().encode(next)
  if (target === url.origin + url.pathname + url.search)
    return rebuild(request, { headers, ...(body === null ? {} : { body }) })
  if (body === null && mayHaveBody(request)) body = await request.arrayBuffer()
  return new Request(target, { ...initOf(request), headers, body })
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

function refusal(
  request: Request,
  place: string,
  why = 'where it is not replaced by its token: see tokensInBodies',
): Response {
  note(request, `not sent: it carries a placeholder in ${place}`)
  return problem(400, new RefreshWorkerError('placeholder_misplaced', `a placeholder stands in ${place}, ${why}`))
}

/** The names of the headers in which a placeholder stands. */
function namesIn({ headers }: Request): readonly string[] {
  return [...headers].filter(([, value]) => findPlaceholder(spokenIn(value))).map(([name]) => name)
}

/** The name of a header in which one stands, other than as it is in `authHeader`. */
function headerOf(request: Request, authHeader: string): string | undefined {
  return namesIn(request).find(name => name !== authHeader.toLowerCase() || !findPlaceholder(request.headers.get(name)))
}

/** Without its fragment, which is not sent. */
function isInUrl({ url }: Request): boolean {
  // Every request is asked, and a URL takes longer to parse.
  if (!findPlaceholder(url)) return false
  const { pathname, search } = new URL(url)
  return findPlaceholder(pathname + search) !== null
}

/** The body, as far as it may be filled, where it may be text. */
async function textOf(request: Request): Promise<string> {
  return mayHaveText(request) ? readStart(request, LONGEST_FILLED) : ''
}

function inJson(token: string): string {
  return JSON.stringify(token).slice(1, -1)
}

/** What a request to another URL has in common with this one. */
function initOf(request: Request): RequestInit {
  const { method, mode, credentials, cache, redirect, integrity, keepalive, signal, referrer, referrerPolicy } = request
  return { method, mode, credentials, cache, redirect, integrity, keepalive, signal, referrer, referrerPolicy }
}
