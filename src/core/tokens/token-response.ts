import { RefreshWorkerError } from '../../errors.ts'
import { own } from '../../protocol.ts'
import { parseText } from '../http/dates.ts'
import type { Config, TokenResponseOptions } from '../options/config.ts'
import type { FoundTokens } from '../options/hooks.ts'
import { decodeJwt } from './jwt.ts'
import { type HeldTokens, isToken, LONGEST_TOKEN, type Tokens } from './tokens.ts'

/** A life (milliseconds) beyond this is taken for a mistake of units and cut to it; a 401 tells in time. */
const LONGEST_LIFE = 366 * 86_400_000

/**
 * Reads the tokens of a login or refresh response.
 * @param body the response body, parsed from JSON
 * @param receivedAt milliseconds since the epoch
 * @throws {RefreshWorkerError} codes `token_not_found`, `token_malformed`; the message quotes nothing of the response
 */
export function readTokens(body: unknown, config: TokenResponseOptions, receivedAt: number): Tokens {
  const accessToken = config.getAccessTokenFromResponse
    ? attempt(config.getAccessTokenFromResponse, body)
    : findToken(body, config.accessTokenProp, config.accessTokenName, config.accessTokenRoot)
  if (accessToken === undefined || accessToken === null || accessToken === '')
    throw new RefreshWorkerError(
      'token_not_found',
      `the response holds no access token at ${config.accessTokenProp}: see the options accessTokenProp, accessTokenName and accessTokenRoot`,
    )
  assertToken(accessToken, 'access')
  const type = readTokenType(body, config)

  const idToken = findToken(body, config.idTokenProp, config.idTokenName, config.idTokenRoot)
  return {
    accessToken,
    refreshToken: readRefreshToken(body, config, accessToken),
    // Nor is an access token an id token, which pages may see.
    idToken: typeof idToken === 'string' && idToken !== '' && idToken !== accessToken ? idToken : null,
    receivedAt,
    expiresAt: findExpiry(body, accessToken, config, receivedAt),
    ...(config.dpop && type === 'dpop' ? { isBound: true } : {}),
  }
}

/** What a session keeps of the tokens of a response. */
export function keptOf<T extends HeldTokens>(
  tokens: T,
  { keepsRefreshToken }: Pick<TokenResponseOptions, 'keepsRefreshToken'>,
): T {
  return keepsRefreshToken ? tokens : { ...tokens, refreshToken: null }
}

function readRefreshToken(body: unknown, config: TokenResponseOptions, accessToken: string): string | null {
  const token = config.getRefreshTokenFromResponse
    ? attempt(config.getRefreshTokenFromResponse, body)
    : findToken(body, config.refreshTokenProp, config.refreshTokenName, config.refreshTokenRoot)
  // The rule finds a lone `{ token }` three times over; an access token is no refresh token.
  if (typeof token !== 'string' || token === '' || token === accessToken) return null
  if (!config.keepsRefreshToken) return isToken(token) ? token : null
  assertToken(token, 'refresh')
  return token
}

/**
 * The tokens that the hook `readTokens` has found.
 * @param receivedAt milliseconds since the epoch
 * @param onOddExpiry called where the expiry is no time, and so unknown: no reason to lose tokens
 */
export function tokensFrom(
  found: FoundTokens,
  { dpop }: Pick<TokenResponseOptions, 'dpop'>,
  receivedAt: number,
  onOddExpiry: () => unknown,
): HeldTokens {
  const { accessToken, refreshToken, idToken, expiresIn = null, expiresAt = null } = found
  const given = expiresIn === null ? dateOf(expiresAt) : after(receivedAt, expiresIn)
  if (given === null && (expiresIn ?? expiresAt) !== null) onOddExpiry()
  return {
    accessToken,
    refreshToken: refreshToken === accessToken ? null : (refreshToken ?? null),
    idToken: idToken ?? null,
    receivedAt,
    expiresAt: plausible(given ?? (accessToken === null ? null : dateInToken(accessToken, receivedAt)), receivedAt),
    ...(dpop && found.tokenType?.toLowerCase() === 'dpop' ? { isBound: true } : {}),
  }
}

/** Whether a hook may have found that. */
export function isFound(value: unknown, { refreshTokenIn }: Pick<Config, 'refreshTokenIn'>): value is FoundTokens {
  const text = (name: string, isFine: (value: unknown) => boolean) => {
    const token = own(value, name)
    return token === undefined || token === null || isFine(token)
  }
  const accessToken = own(value, 'accessToken')
  return (
    (isToken(accessToken) || (accessToken === null && refreshTokenIn === 'cookie')) &&
    text('refreshToken', isToken) &&
    text('idToken', token => typeof token === 'string' && token !== '') &&
    text('tokenType', type => typeof type === 'string')
  )
}

/** Milliseconds since the epoch; null for what is no time. Below 10^11, which was in 1973, a number counts seconds. */
function dateOf(value: unknown): number | null {
  const number = positive(value)
  if (number) return number < 1e11 ? number * 1000 : number
  return positive(
    typeof value === 'string' ? parseText(value) : (value as { getTime?: () => number } | null)?.getTime?.(),
  )
}

/** The named claims of the id token, or else of the access token; never anything else of them. */
export function readClaims(
  names: readonly string[],
  session: Pick<HeldTokens, 'accessToken' | 'idToken'>,
): Record<string, unknown> {
  const claims: [string, unknown][] = []
  const sources = [session.idToken, session.accessToken].map(token => token && decodeJwt(token))
  for (const name of names) {
    const source = sources.find(payload => payload && Object.hasOwn(payload, name))
    if (source) claims.push([name, own(source, name)])
  }
  return Object.fromEntries(claims)
}

/**
 * The rule of the predecessor: walk `prop`; a string is the token; an object is looked into by `root`, then `name`;
 * anything else means that the token is at the top, by its `name`.
 */
function findToken(body: unknown, prop: string, name: string, root: string | false): unknown {
  const found = walk(body, prop)
  if (typeof found === 'string') return found
  if (typeof found !== 'object' || found === null) return own(body, name)
  const inner = root ? walk(found, root) : undefined
  return own(inner ? inner : found, name)
}

/** Whose tokens they are; undefined where nothing says so. */
export function subjectOf({ idToken, subject }: Pick<Tokens, 'idToken' | 'subject'>): unknown {
  if (subject !== undefined) return subject
  return idToken === null ? undefined : own(decodeJwt(idToken), 'sub')
}

/** Calls a function of the configuration; where it throws, there is nothing. */
function attempt<T>(getter: (response: unknown) => T, body: unknown): T | null {
  try {
    return getter(body)
  } catch {
    // A refresh token may have been spent for this response: no reason to lose the rest of it.
    return null
  }
}

/** The value that a dotted path leads to. */
export function walk(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>(own, value)
}

function assertToken(value: unknown, kind: 'access' | 'refresh'): asserts value is string {
  if (isToken(value)) return
  throw new RefreshWorkerError(
    'token_malformed',
    `the ${kind} token of the response is not a string of at most ${LONGEST_TOKEN} visible ASCII characters: see ${kind}TokenProp`,
  )
}

/** RFC 6749 §7.1: a client must not use a token whose type it does not understand. */
function readTokenType(body: unknown, config: TokenResponseOptions): string {
  const type = own(body, 'token_type')
  if (type === undefined) return 'bearer'
  const known = ['bearer', config.authTokenType || 'bearer', config.dpop ? 'dpop' : 'bearer']
  if (typeof type === 'string' && known.some(name => name.toLowerCase() === type.toLowerCase()))
    return type.toLowerCase()
  throw new RefreshWorkerError(
    'token_malformed',
    `the response holds an access token of another token_type than Bearer${config.dpop ? ' or DPoP' : ''}: see authTokenType and dpop`,
  )
}

function findExpiry(
  body: unknown,
  accessToken: string,
  config: TokenResponseOptions,
  receivedAt: number,
): number | null {
  const { accessTokenProp, getExpirationDateFromResponse } = config
  // At the top, in the object that has the token, or beside the token.
  const places = [body, walk(body, accessTokenProp), walk(body, accessTokenProp.replace(/\.?[^.]*$/, ''))]
  const expiresIn = places.map(place => own(place, 'expires_in')).find(positive)
  const expiresAt =
    (getExpirationDateFromResponse && after(0, attempt(getExpirationDateFromResponse, body))) ??
    after(receivedAt, expiresIn) ??
    dateInToken(accessToken, receivedAt)
  return plausible(expiresAt, receivedAt)
}

/** When a session in cookies expires, by an answer; null: that is not known. */
export function readExpiry(body: unknown, config: TokenResponseOptions, receivedAt: number): number | null {
  return findExpiry(body, '', config, receivedAt)
}

/** One that comes expired has another clock behind it; to believe it would mean a refresh with every request. */
function plausible(expiresAt: number | null, receivedAt: number): number | null {
  if (expiresAt === null || expiresAt <= receivedAt) return null
  return Math.min(expiresAt, receivedAt + LONGEST_LIFE)
}

function dateInToken(accessToken: string, receivedAt: number): number | null {
  const payload = decodeJwt(accessToken)
  const exp = positive(own(payload, 'exp'))
  const iat = positive(own(payload, 'iat'))
  if (!exp) return null
  // By the token's own span, so that a wrong clock on this machine does no harm.
  return iat && exp > iat ? after(receivedAt, exp - iat) : after(0, exp)
}

/** So many seconds after a time in milliseconds. */
function after(time: number, seconds: unknown): number | null {
  const span = positive(seconds)
  return span && time + span * 1000
}

/** A finite number above zero, or the digits of one, as some servers send `expires_in`. */
function positive(value: unknown): number | null {
  const number = typeof value === 'string' && /^\d+(\.\d+)?$/.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) && number > 0 ? number : null
}
