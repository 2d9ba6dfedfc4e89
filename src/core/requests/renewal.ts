import { RefreshWorkerError } from '../../errors.ts'
import { own } from '../../protocol.ts'
import { COOKIES } from '../features.ts'
import { isForm, mayHaveBody, readFields } from '../http/body.ts'
import type { Config } from '../options/config.ts'
import type { Clock, WaitUntil } from '../ports.ts'
import type { FreshSession } from '../session/fresh-session.ts'
import { type Authenticated, isUsable, type Usable } from '../session/session.ts'
import { SHORTEST_SECRET } from '../tokens/hide-tokens.ts'
import {
  createPlaceholders,
  findPlaceholders,
  isGiven,
  isOf,
  type Placeholder,
  replacePlaceholders,
  type TokenKind,
} from '../tokens/placeholder.ts'
import { isLoginApart } from '../tokens/read-answer.ts'
import { readClaims } from '../tokens/token-response.ts'
import { IN_COOKIE } from '../tokens/tokens.ts'
import { note } from '../trace.ts'
import { hasOwnCredentials, spokenIn } from './attach.ts'
import type { RequestKind } from './routes.ts'

/** How old (milliseconds) a token of unknown life may be that is fresh enough for a page that asks for a new one. */
const YOUNG = 30_000

/**
 * Answers a page's own refresh request (RFC 6749 §6) for the session: one that sends the placeholder of a login response
 * back, as OAuth libraries do, or the session's refresh token, or leaves that to the cookie or to the access token. Null for
 * any other request.
 * The placeholder means "the session's own", and goes nowhere.
 */
export type Renew = (request: Request, kind: RequestKind, waitUntil: WaitUntil) => Promise<Response | null>

type RenewalOptions = Pick<
  Config,
  | 'accessTokenIn'
  | 'accessTokenProp'
  | 'authHeader'
  | 'authTokenType'
  | 'exposeIdToken'
  | 'idTokenProp'
  | 'loginOperations'
  | 'loginUrls'
  | 'placeholders'
  | 'redactTokens'
  | 'refreshRequest'
  | 'refreshTokenIn'
  | 'refreshTokenProp'
  | 'refreshTokenSubmitProp'
  | 'refreshTokenUrl'
>

interface Needs {
  readonly config: RenewalOptions
  readonly freshSession: FreshSession
  readonly now: Clock
}

export function createRenew({ config, freshSession, now }: Needs): Renew {
  const { loginUrls, refreshTokenUrl } = config
  const isRefreshedThere = !refreshTokenUrl || loginUrls.some(({ href }) => href === refreshTokenUrl.href)
  return async (request, kind, waitUntil) => {
    const { grant, given, texts, placeholder } = await readRefresh(request, kind, config)
    // At a URL that does nothing else, some servers ask for no grant type, or for one of their own.
    const isRefresh = /refresh/i.test(grant) || (kind === 'token' && grant === '')
    const mayBe = isRefresh || grant === '' || (kind === 'token' && !grant.includes(':'))
    // Code adds what it holds to every request: a login, too, which is to log in.
    const isLogin = kind !== 'token' && grant === ''
    if (isLogin && !isRefreshedThere) return null
    const isPlaceholder = mayBe && placeholder?.kind === 'refresh'
    if (!isRefresh && !isPlaceholder && kind !== 'token') return null
    // What else a GET may be for, at the URL of a refresh by POST, nobody knows.
    const isByPost = request.method === 'POST' || config.refreshRequest !== null
    const isWithout = isRefresh && config.refreshTokenIn !== 'body' && given.length === 0 && isByPost
    // A token of the page's own, which it wants renewed.
    if (config.refreshTokenIn === 'access_token' && hasOwnCredentials(request, config)) return null
    try {
      const session = await freshSession.current()
      const { refreshToken = null } = session.status === 'authenticated' ? session : {}
      const holds = (token: string) =>
        given.includes(token) || (token.length >= SHORTEST_SECRET && texts.some(text => text.includes(token)))
      const isItsOwn =
        session.status === 'authenticated' && (isWithout || (mayBe && refreshToken !== null && holds(refreshToken)))
      const isStale = placeholder !== null && !(session.status === 'authenticated' && isOf(placeholder, session))
      if ((!isPlaceholder && !isItsOwn) || (isLogin && isStale)) return null
      note(request, "answered in place of the token endpoint: the page's own refresh request")
      if (session.status === 'anonymous') return failure(400, 'invalid_grant', 'nobody is logged in')
      if (isStale) return failure(400, 'invalid_grant', 'another login has taken the place of this session')
      // Of several tabs with the same thought, one refreshes, and the others get what it has brought.
      const isKnown = session.answer !== undefined || !isLoginApart(config)
      return tokenResponse(
        isUsable(session) && isYoung(session, now()) && isKnown
          ? session
          : await freshSession.refresh(session, waitUntil),
        config,
        now(),
      )
    } catch (error) {
      if (!(error instanceof RefreshWorkerError)) throw error
      if (error.code === 'refresh_network_error') return Response.error()
      return error.code === 'refresh_unavailable'
        ? failure(503, 'temporarily_unavailable', error.message)
        : failure(400, 'invalid_grant', error.message)
    }
  }
}

interface Refresh {
  /** Empty: it names none. */
  readonly grant: string
  /** What may be a refresh token of the page's, where one is expected. */
  readonly given: readonly string[]
  /** All in which one may stand, under whatever name. */
  readonly texts: readonly string[]
  /** Wherever it stands. */
  readonly placeholder: Placeholder | null
}

/** Looks for what a refresh is known by: in the body, in whatever form, in the query, and in the headers. */
async function readRefresh(request: Request, kind: RequestKind, config: RenewalOptions): Promise<Refresh> {
  const query = Object.fromEntries(new URL(request.url).searchParams)
  const [fields, text] = mayHaveBody(request)
    ? await Promise.all([readFields(request), request.clone().text()])
    : [null, '']
  const of = (name: string) => own(fields, name) ?? own(query, name)
  // As text, a form is encoded.
  const inForm = isForm(request) ? Object.values(fields as Record<string, string>) : []
  const grant = String(of('grant_type') ?? '')
  const headers = [...request.headers].flatMap(([name, value]) =>
    // Of a login only where a token belongs.
    kind === 'token' || grant || name === config.authHeader.toLowerCase() ? spokenIn(value) : [],
  )
  const texts = [text, ...inForm, ...Object.values(query), ...headers]
  const placeholders = texts.flatMap(findPlaceholders)
  return {
    grant,
    given: [config.refreshTokenSubmitProp, 'refresh_token'].map(of).filter(isGiven),
    texts,
    // The refresh token's before the access token's, which may go along with it.
    placeholder: placeholders.find(({ kind }) => kind === 'refresh') ?? placeholders[0] ?? null,
  }
}

function isYoung({ receivedAt, expiresAt }: Authenticated, now: number): boolean {
  const age = now - receivedAt
  return age >= 0 && age < (expiresAt === null ? YOUNG : (expiresAt - receivedAt) / 2)
}

/**
 * What the token endpoint would answer: what it has answered last, and what of RFC 6749 §5.1 is missing there, with
 * placeholders unless pages get tokens.
 */
function tokenResponse(session: Usable, config: RenewalOptions, now: number): Response {
  const { accessToken, refreshToken, expiresAt, isBound, idToken } = session
  if (COOKIES && accessToken === IN_COOKIE) return cookieResponse(session, now)
  const placeholderOf = createPlaceholders(config, session.id, now)
  const shown = (kind: TokenKind, token: string) => (config.redactTokens ? placeholderOf(kind, token) : token)
  const isIdFine = idToken !== null && expiryOf(idToken) > now
  const shownOf: Record<TokenKind, string | null> = {
    access: shown('access', accessToken),
    refresh: refreshToken === null ? null : shown('refresh', refreshToken),
    // By it a library notices that somebody else has logged in. It refuses one that has expired.
    id: idToken === null ? null : config.exposeIdToken ? (isIdFine ? idToken : null) : placeholderOf('id', idToken),
  }
  const body = completed(session.answer, shownOf)
  body.token_type ??= isBound ? 'DPoP' : config.authTokenType || 'Bearer'
  const seconds = secondsUntil(expiresAt, now)
  if (seconds !== null) body.expires_in = typeof body.expires_in === 'string' ? String(seconds) : seconds
  place(body, config.accessTokenProp, shownOf.access)
  place(body, config.refreshTokenProp, shownOf.refresh)
  if (config.exposeIdToken) place(body, config.idTokenProp, shownOf.id)
  return json(200, body)
}

/** What the server has answered to the last refresh, if that was JSON. */
function cookieResponse({ answer, expiresAt }: Usable, now: number): Response {
  const body: Record<string, unknown> | null = JSON.parse(answer ?? 'null')
  if (!body) return new Response(null, { status: 204 })
  const seconds = secondsUntil(expiresAt, now)
  if (body.expires_in !== undefined && seconds !== null) body.expires_in = seconds
  return json(200, body)
}

/** An answer that was kept, with what a page may see in place of its bare placeholders; a member that has none is left out. */
function completed(answer: string | undefined, shownOf: Record<TokenKind, string | null>): Record<string, unknown> {
  if (answer === undefined) return {}
  return JSON.parse(answer, (_, value: unknown) => {
    if (typeof value !== 'string') return value
    let isMissing = false
    const text = replacePlaceholders(value, ({ kind }) => {
      isMissing ||= shownOf[kind] === null
      return shownOf[kind] ?? ''
    })
    return isMissing ? undefined : text
  })
}

function secondsUntil(expiresAt: number | null, now: number): number | null {
  return expiresAt === null ? null : Math.max(0, Math.floor((expiresAt - now) / 1000))
}

/** Milliseconds since the epoch; NaN where it does not say. */
function expiryOf(idToken: string): number {
  return Number(readClaims(['exp'], { idToken, accessToken: null }).exp) * 1000
}

/** @see RFC 6749 §5.2 */
function failure(status: number, error: string, description: string): Response {
  return json(status, { error, error_description: description })
}

function json(status: number, body: object): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' },
  })
}

/** Puts a value where a dotted path leads to, unless something is there. */
function place(body: Record<string, unknown>, path: string, value: string | null) {
  if (value === null) return
  const names = path.split('.')
  const last = names.pop() ?? path
  let inner = body
  for (const name of names) {
    const next = own(inner, name) ?? {}
    if (typeof next !== 'object') return
    inner[name] = next
    inner = next as Record<string, unknown>
  }
  inner[last] ??= value
}
