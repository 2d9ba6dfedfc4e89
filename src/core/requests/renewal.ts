import { RefreshWorkerError } from '../../errors.ts'
import { ACCESS_TOKEN_PLACEHOLDER, own, REFRESH_TOKEN_PLACEHOLDER } from '../../protocol.ts'
import { readFields } from '../http/body.ts'
import type { Config } from '../options/config.ts'
import type { Clock, WaitUntil } from '../ports.ts'
import type { FreshSession } from '../session/fresh-session.ts'
import { type Authenticated, isUsable, type Usable } from '../session/session.ts'
import { readClaims } from '../tokens/token-response.ts'
import { note } from '../trace.ts'
import { hasOwnCredentials } from './attach.ts'
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
  | 'accessTokenProp'
  | 'authHeader'
  | 'authTokenType'
  | 'exposeIdToken'
  | 'idTokenProp'
  | 'redactTokens'
  | 'refreshTokenIn'
  | 'refreshTokenProp'
  | 'refreshTokenSubmitProp'
>

interface Needs {
  readonly config: RenewalOptions
  readonly freshSession: FreshSession
  readonly now: Clock
}

export function createRenew({ config, freshSession, now }: Needs): Renew {
  return async (request, kind, waitUntil) => {
    const fields = await readFields(request)
    const grant = own(fields, 'grant_type')
    // At a URL that does nothing else, some servers ask for no grant type.
    if (grant !== 'refresh_token' && !(kind === 'token' && grant === undefined)) return null
    const given = [config.refreshTokenSubmitProp, 'refresh_token'].map(name => own(fields, name))
    const isPlaceholder = given.includes(REFRESH_TOKEN_PLACEHOLDER)
    const isWithout = config.refreshTokenIn !== 'body' && given.every(token => token === undefined)
    // A token of the page's own, which it wants renewed.
    if (config.refreshTokenIn === 'access_token' && hasOwnCredentials(request, config)) return null
    try {
      const session = await freshSession.current()
      const isItsOwn = session.status === 'authenticated' && (isWithout || given.includes(session.refreshToken))
      if (!isPlaceholder && !isItsOwn) return null
      note(request, "answered in place of the token endpoint: the page's own refresh request")
      if (session.status === 'anonymous') return failure(400, 'invalid_grant', 'nobody is logged in')
      // Of several tabs with the same thought, one refreshes, and the others get what it has brought.
      return tokenResponse(
        isUsable(session) && isYoung(session, now()) ? session : await freshSession.refresh(session, waitUntil),
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

function isYoung({ receivedAt, expiresAt }: Authenticated, now: number): boolean {
  const age = now - receivedAt
  return age >= 0 && age < (expiresAt === null ? YOUNG : (expiresAt - receivedAt) / 2)
}

/** What the token endpoint would have answered, in its shape (RFC 6749 §5.1), with placeholders unless pages get tokens. */
function tokenResponse(session: Usable, config: RenewalOptions, now: number): Response {
  const { accessToken, refreshToken, expiresAt, isBound, idToken } = session
  const { redactTokens } = config
  const body: Record<string, unknown> = { token_type: isBound ? 'DPoP' : config.authTokenType || 'Bearer' }
  if (expiresAt !== null) body.expires_in = Math.max(0, Math.floor((expiresAt - now) / 1000))
  place(body, config.accessTokenProp, redactTokens ? ACCESS_TOKEN_PLACEHOLDER : accessToken)
  if (refreshToken !== null)
    place(body, config.refreshTokenProp, redactTokens ? REFRESH_TOKEN_PLACEHOLDER : refreshToken)
  // By it a library notices that somebody else has logged in. It refuses one that has expired.
  if (idToken && config.exposeIdToken && expiryOf(idToken) > now) place(body, config.idTokenProp, idToken)
  return json(200, body)
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

function place(body: Record<string, unknown>, path: string, value: string) {
  const names = path.split('.')
  const last = names.pop() ?? path
  let inner = body
  for (const name of names) {
    const next = (own(inner, name) ?? {}) as Record<string, unknown>
    inner[name] = next
    inner = next
  }
  inner[last] = value
}
