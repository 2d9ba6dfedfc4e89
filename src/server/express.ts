/** The server's half, for Express 4 and 5. Needs jose (typed, pure ESM, free of dependencies), an optional peer. */
import { ConfigError } from '../errors.ts'
import { own, REQUESTED_WITH } from '../protocol.ts'
import { cookieOf, readCookies, serialize } from './cookie.ts'
import type { RequestLike, ResponseLike } from './express-like.ts'
import { type Config, type Cookie, type RefreshTokenOptions, readOptions, type TokenOptions, text } from './options.ts'
import type { Claims, RefreshSession, TokenResponse } from './session.ts'
import { type Kind, now, sign, verify } from './tokens.ts'

export type { RequestLike, ResponseLike } from './express-like.ts'
export type { RefreshTokenCookie, RefreshTokenOptions, TokenOptions } from './options.ts'
export type { Claims, RefreshSession, TokenResponse } from './session.ts'

/**
 * Starts a session: signs the pair of tokens for the answer to a login. Ignores `exp`, `iat`, `nbf`, `jti` and `sid` of
 * `claims`.
 *
 * @throws {ConfigError} `config_error`, synchronously: a bad option, or no `claims.sub` that names the user.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9068#section-2 RFC 9068 §2}
 */
export function issueTokens(claims: Claims & { sub: string }, options: TokenOptions): Promise<TokenResponse> {
  const config = readOptions(options)
  const sub = text('claims.sub', claims?.sub)
  return signPair(claims, { sub, sid: crypto.randomUUID() }, now(), config)
}

/**
 * Puts the refresh token of a login, or of a refresh of your own, into its cookie, and returns the rest for the answer.
 * Accept logins as JSON only: otherwise a form of another site could log its victim in as somebody else.
 *
 * @throws {ConfigError} `config_error`: no `refreshTokenCookie`, or a token that is too long for a cookie.
 * @see {@link https://www.rfc-editor.org/rfc/rfc6265#section-4.1.2 RFC 6265 §4.1.2}
 */
export function setRefreshTokenCookie(
  response: Pick<ResponseLike, 'appendHeader'>,
  tokens: TokenResponse,
  options: TokenOptions,
): Omit<TokenResponse, 'refresh_token'> {
  const { refresh } = readOptions(options)
  const { refresh_token, ...answer } = tokens
  response.appendHeader('Set-Cookie', serialize(cookieOf(options), refresh_token, refresh.lifetime))
  return answer
}

/**
 * Removes the cookie, on logout.
 *
 * @throws {ConfigError} `config_error`: no `refreshTokenCookie`.
 */
export function clearRefreshTokenCookie(response: Pick<ResponseLike, 'appendHeader'>, options: TokenOptions): void {
  response.appendHeader('Set-Cookie', serialize(cookieOf(options), '', 0))
}

/**
 * Reads the refresh token in the cookie, so that a logout can end its session. Undefined if there is no valid one, or if
 * there are those of several sessions. Before you do more than end the session, check where the request comes from.
 *
 * @throws {ConfigError} `config_error`: no `refreshTokenCookie`.
 */
export async function readRefreshTokenCookie(
  request: RequestLike,
  options: TokenOptions,
): Promise<RefreshSession['refreshClaims'] | undefined> {
  const found = await verifyCookies(request, cookieOf(options), readOptions(options).refresh)
  return isOneSession(found) ? found[0] : undefined
}

/**
 * Makes the middleware that answers `grant_type: 'refresh_token'` like a login. Mount it after the body parser.
 *
 * It answers 200 with a {@link TokenResponse}. It answers 400 `invalid_request` if the refresh or the access token is absent
 * or empty: the client is set up wrongly, and its session may be fine. It answers 401 `invalid_grant` if one is malformed,
 * expired, foreign or refused: this session is over. It accepts an expired access token. Other requests go on to `next`.
 *
 * With `refreshTokenCookie` it reads the refresh token from the cookie, sets the next one, and needs no access token. It
 * answers 400 if the header `X-Requested-With: refresh-worker` is absent, and 401 if the cookie is: it has expired.
 *
 * @throws {ConfigError} `config_error`: a bad option.
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-5.2 RFC 6749 §5.2}
 * @see {@link https://www.rfc-editor.org/rfc/rfc8725#section-3.11 RFC 8725 §3.11}
 */
export function refreshToken(
  options: RefreshTokenOptions,
): (request: RequestLike, response: ResponseLike, next: (error?: unknown) => void) => void {
  const config = readOptions(options)
  return (request, response, next) => {
    if (own(request.body, 'grant_type') !== 'refresh_token') return next()
    refresh(request, config)
      .then(([status, answer]) => {
        response.setHeader('Cache-Control', 'no-store')
        if (status === 401) response.setHeader('WWW-Authenticate', 'Bearer')
        const isInCookie = status === 200 && config.cookie
        response.status(status).json(isInCookie ? setRefreshTokenCookie(response, answer, options) : answer)
      })
      .catch(next) // Express 4 does not catch for us
  }
}

type Refusal = [400 | 401, { error: string; error_description: string }]
type Answer = [200, TokenResponse] | Refusal

/** In a cookie the refresh token brings the claims of the next access token: after a restart of the worker no other does. */
type CookieClaims = RefreshSession['refreshClaims'] & { iat: number; claims?: Claims }

async function refresh(request: RequestLike, config: Config): Promise<Answer> {
  const session = config.cookie
    ? await readFromCookie(request, config, config.cookie)
    : await readFromBody(request, config)
  if (!('claims' in session)) return session

  const { claims, refreshClaims } = session
  const { sub, sid, auth_time } = refreshClaims
  if (now() - auth_time >= config.maxAge) return invalidGrant('The login is too long ago.')
  const granted = config.authorize ? await config.authorize(session, request) : claims
  if (granted === null) return invalidGrant('The session has ended.')
  if (typeof granted !== 'object') throw new ConfigError('authorize', 'must return claims or null')
  return [200, await signPair(granted, { sub, sid }, auth_time, config)]
}

async function readFromBody(request: RequestLike, config: Config): Promise<RefreshSession | Refusal> {
  const refreshText = own(request.body, config.submitProp) ?? ''
  const accessText = accessTokenOf(request.headers[config.header], config.scheme)
  if (refreshText === '') return invalidRequest('The request has no refresh token.')
  if (accessText === '') return invalidRequest('The request has no access token.')

  const refreshClaims = await verify<RefreshSession['refreshClaims']>(refreshText, config.refresh)
  if (!refreshClaims) return invalidGrant('The refresh token is invalid or has expired.')
  const claims = await verify<RefreshSession['claims']>(accessText, config.access, { evenExpired: true })
  if (!claims) return invalidGrant('The access token is invalid.')

  const { sub, sid, ati } = refreshClaims
  // ati: an older access token of the same session could bring back claims that `authorize` has taken away since
  if (claims.sub !== sub || claims.sid !== sid || claims.jti !== ati) return foreign
  return { claims, refreshClaims }
}

async function readFromCookie(request: RequestLike, config: Config, cookie: Cookie): Promise<RefreshSession | Refusal> {
  // No form of another site can send it, and no script of another origin unless CORS lets it
  if (request.headers['x-requested-with'] !== REQUESTED_WITH)
    return invalidRequest(`The request has no header X-Requested-With: ${REQUESTED_WITH}.`)
  let found = (await verifyCookies(request, cookie, config.refresh)).filter(({ claims }) => claims)
  if (found.length === 0)
    return invalidGrant('There is no refresh token in the cookie, or it is invalid or has expired.')

  const accessText = accessTokenOf(request.headers[config.header], config.scheme)
  if (accessText !== '') {
    // It brings no claims, so that an older one may come: an answer was lost, and its cookie was not
    const access = await verify<RefreshSession['claims']>(accessText, config.access, { evenExpired: true })
    if (!access) return invalidGrant('The access token is invalid.')
    found = found.filter(({ sub, sid }) => access.sub === sub && access.sid === sid)
  } else if (!isOneSession(found)) return severalSessions(cookie)
  const [newest] = found
  if (!newest) return foreign
  const { claims, ...refreshClaims } = newest
  const { sub, sid, ati, iat } = refreshClaims
  return { claims: { ...claims, sub, sid, jti: ati, exp: iat + config.access.lifetime }, refreshClaims }
}

/** Those that hold, the newest first. */
async function verifyCookies({ headers }: RequestLike, { name }: Cookie, kind: Kind): Promise<CookieClaims[]> {
  const verified = await Promise.all(readCookies(headers.cookie, name).map(text => verify<CookieClaims>(text, kind)))
  return verified.filter(claims => claims !== undefined).sort((a, b) => b.iat - a.iat)
}

function isOneSession(found: readonly CookieClaims[]): boolean {
  return found.every(({ sub, sid }) => sub === found[0]?.sub && sid === found[0]?.sid)
}

const invalidRequest = (text: string): Refusal => [400, { error: 'invalid_request', error_description: text }]
const invalidGrant = (text: string): Refusal => [401, { error: 'invalid_grant', error_description: text }]
const severalSessions = ({ name }: Cookie) =>
  invalidGrant(
    `The cookies named ${name} are of several sessions: another path or domain has set one. Delete it, or let the name begin with __Host- or __Secure-.`,
  )
const foreign = invalidGrant('The two tokens do not belong together.')

function accessTokenOf(header: string | string[] | undefined, scheme: string): string {
  const value = typeof header === 'string' ? header.trim() : ''
  if (scheme === '') return value
  return value.toLowerCase().startsWith(`${scheme} `) ? value.slice(scheme.length).trim() : ''
}

async function signPair(
  claims: Claims,
  session: { sub: string; sid: string },
  auth_time: number,
  config: Config,
): Promise<TokenResponse> {
  const { nbf, exp, iat, jti: _, ...kept } = claims
  const [jti, ati] = [crypto.randomUUID(), crypto.randomUUID()]
  const inCookie = config.cookie ? { claims: kept } : {}
  return {
    access_token: await sign({ ...kept, ...session, jti: ati }, config.access),
    refresh_token: await sign({ ...session, auth_time, jti, ati, ...inCookie }, config.refresh),
    token_type: 'Bearer',
    expires_in: config.access.lifetime,
  }
}
