import { isRefusal } from '../../core/tokens/refusal.ts'
import { own } from '../../protocol.ts'
import { checkCookies, checkCors } from './checks.ts'
import { type Answer, type Client, createClient } from './client.ts'
import type { ProbeConfig } from './config.ts'
import type { Say } from './say.ts'

interface Tokens {
  readonly access: string | null
  readonly refresh: string | null
}

/** Plays a worker against a server, step by step; what it says goes to `say`. */
export async function probe(config: ProbeConfig, say: Say): Promise<void> {
  const client = createClient(config.origin)
  await checkCors(config, client, say)

  const anonymous = await client.ask('GET', config.apiUrl)
  if (anonymous.status === 401) say('ok', 'API without a token', '401')
  else
    say(
      'mend',
      'API without a token',
      `${describe(anonymous)}: the worker refreshes after a 401 alone. Have the API answer 401, or tell by isUnauthorized what it says instead`,
    )

  const first = await logIn(config, client, say)
  if (!first) return
  await askApi(config, client, first, 'API with the token', say)

  const key = crypto.randomUUID()
  const before = client.copy()
  const second = await refresh(config, client, first, say, key)
  if (!second) return
  await askApi(config, client, second, 'API after the refresh', say)
  await secondUse(config, { client, before, first, second, key }, say)
  await refusal(config, say)
  await logOut(config, say)
}

function sendLogin({ loginUrl, credentials }: ProbeConfig, client: Client): Promise<Answer> {
  const headers = { 'Content-Type': 'application/json' }
  return client.ask('POST', loginUrl, { headers, body: JSON.stringify(credentials) })
}

async function logIn(config: ProbeConfig, client: Client, say: Say): Promise<Tokens | null> {
  const answer = await sendLogin(config, client)
  if (!isOk(answer)) {
    say('mend', 'login', `${describe(answer)}: it has to take credentials in a POST of JSON, and answer 2xx`)
    return null
  }
  const tokens = tokensIn(config, answer)
  if (config.accessTokenIn === 'header' && tokens.access === null) {
    say('mend', 'login', `no access token at ${config.accessTokenProp}: see accessTokenProp and readTokens`)
    return null
  }
  if (config.refreshTokenIn === 'body' && tokens.refresh === null)
    say(
      'mend',
      'login',
      `no refresh token at ${config.refreshTokenProp}: see refreshTokenProp, or refreshTokenIn: 'cookie'`,
    )
  checkCookies(config, answer, say)
  const life = own(answer.body, 'expires_in')
  say('ok', 'login', `${answer.status}${typeof life === 'number' ? `, for ${life} s` : ''}`)
  if (life === undefined && !isJwt(tokens.access))
    say('note', 'login', 'nothing says when the access token expires: the first 401 will tell')
  if (!/no-store/.test(answer.headers.get('Cache-Control') ?? ''))
    say('note', 'login', 'the answer has no Cache-Control: no-store (RFC 6749 §5.1)')
  return tokens
}

async function askApi(config: ProbeConfig, client: Client, tokens: Tokens, step: string, say: Say) {
  const answer = await client.ask('GET', config.apiUrl, { headers: bearer(tokens) })
  if (isOk(answer)) say('ok', step, String(answer.status))
  else say('mend', step, `${describe(answer)}: the API does not take the token that the login gave`)
}

function refreshRequest(config: ProbeConfig, tokens: Tokens, key: string | null) {
  const fields: Record<string, string> = {
    grant_type: 'refresh_token',
    ...(tokens.refresh === null ? {} : { [config.refreshTokenSubmitProp]: tokens.refresh }),
    ...(config.clientId === null ? {} : { client_id: config.clientId }),
  }
  return {
    headers: {
      'Content-Type': config.formEncoded ? 'application/x-www-form-urlencoded' : 'application/json',
      ...(config.formEncoded ? {} : bearer(tokens)),
      ...(config.refreshTokenIn === 'cookie' ? { 'X-Requested-With': 'refresh-worker' } : {}),
      ...(key === null ? {} : { 'Idempotency-Key': `"${key}"` }),
    },
    body: config.formEncoded ? new URLSearchParams(fields).toString() : JSON.stringify(fields),
  }
}

async function refresh(
  config: ProbeConfig,
  client: Client,
  tokens: Tokens,
  say: Say,
  key: string,
): Promise<Tokens | null> {
  const answer = await client.ask('POST', config.refreshTokenUrl, refreshRequest(config, tokens, key))
  if (!isOk(answer)) {
    say(
      'mend',
      'refresh',
      `${describe(answer)}: see refreshTokenUrl, refreshTokenSubmitProp, clientId, formEncoded, or refreshRequest for another shape; docs/backends.md has presets`,
    )
    return null
  }
  const next = tokensIn(config, answer)
  if (config.accessTokenIn === 'header' && next.access === null) {
    say('mend', 'refresh', `no access token at ${config.accessTokenProp} in the answer`)
    return null
  }
  say('ok', 'refresh', String(answer.status))
  return { access: next.access, refresh: next.refresh ?? tokens.refresh }
}

interface Use {
  readonly client: Client
  /** With the cookies from before the refresh. */
  readonly before: Client
  readonly first: Tokens
  readonly second: Tokens
  readonly key: string
}

async function secondUse(config: ProbeConfig, { client, before, first, second, key }: Use, say: Say) {
  const isRotated = config.refreshTokenIn === 'cookie' || first.refresh !== second.refresh
  if (!isRotated)
    return say(
      'note',
      'rotation',
      'the refresh token stays the same: RFC 9700 §2.2.2 has those of browsers replaced, or bound',
    )
  const repeated = await before.copy().ask('POST', config.refreshTokenUrl, refreshRequest(config, first, key))
  const isSame =
    isOk(repeated) && tokensIn(config, repeated).refresh === second.refresh && config.refreshTokenIn === 'body'
  const again = await before.copy().ask('POST', config.refreshTokenUrl, refreshRequest(config, first, null))
  const isTakenTwice = isOk(again)
  if (isSame && !isTakenTwice)
    say(
      'ok',
      'rotation',
      "a repetition by its Idempotency-Key is answered alike, and a second use is refused: set idempotencyKeys: 'always'",
    )
  else if (isTakenTwice)
    say('note', 'rotation', 'a refresh token works twice, at least for a while: whoever copies one shares the session')
  else
    say(
      'ok',
      'rotation',
      'a refresh token works once. One whose answer is lost ends the session: see Idempotency-Key in docs/server.md',
    )
  if (isTakenTwice) return
  const after = await client.ask('POST', config.refreshTokenUrl, refreshRequest(config, second, crypto.randomUUID()))
  if (after.status >= 400 && after.status < 500) say('ok', 'second use', 'ends the session (RFC 9700 §4.14.2)')
  else say('note', 'second use', 'is refused, and the session goes on')
}

/** What the worker would make of the server's refusal. */
async function refusal(config: ProbeConfig, say: Say) {
  const client = createClient(config.origin)
  const login = await sendLogin(config, client)
  const { access } = tokensIn(config, login)
  const stranger = createClient(config.origin)
  const wrong = { access, refresh: config.refreshTokenIn === 'cookie' ? null : 'not-a-token' }
  const answer = await stranger.ask('POST', config.refreshTokenUrl, refreshRequest(config, wrong, null))
  if (isRefusal(answer)) say('ok', 'refusal', `${answer.status}, which ends the session`)
  else
    say(
      'mend',
      'refusal',
      `${describe(answer)} to a refresh token that is none: the worker takes that for a failure, and tries for a day. Answer 400 or 401 with invalid_grant in JSON, or tell by isRefreshRejected`,
    )
}

async function logOut(config: ProbeConfig, say: Say) {
  if (config.logoutUrl === null)
    return say(
      'note',
      'logout',
      'there is no logoutUrl: the server does not hear of a logout, and its tokens go on, unless you set revocationUrl, which is not tried here',
    )
  const client = createClient(config.origin)
  const login = await sendLogin(config, client)
  const tokens = tokensIn(config, login)
  const before = client.copy()
  const answer = await client.ask(config.logoutMethod, config.logoutUrl, { headers: bearer(tokens) })
  if (answer.status >= 400) return say('mend', 'logout', `${describe(answer)}: see logoutUrl and logoutMethod`)
  const after = await before.ask('POST', config.refreshTokenUrl, refreshRequest(config, tokens, null))
  if (isOk(after)) say('mend', 'logout', 'the refresh token works on after it: have the server end the session')
  else say('ok', 'logout', `${answer.status}, and the refresh token is dead`)
}

function tokensIn(
  { accessTokenIn, accessTokenProp, refreshTokenIn, refreshTokenProp }: ProbeConfig,
  { body }: Answer,
): Tokens {
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : null)
  return {
    access: accessTokenIn === 'cookie' ? null : text(at(body, accessTokenProp)),
    refresh: refreshTokenIn === 'cookie' ? null : text(at(body, refreshTokenProp)),
  }
}

function at(body: unknown, path: string): unknown {
  return path.split('.').reduce(own, body)
}

function bearer({ access }: Tokens): Record<string, string> {
  return access === null ? {} : { Authorization: `Bearer ${access}` }
}

function isOk({ status }: Answer): boolean {
  return status >= 200 && status < 300
}

function isJwt(token: string | null): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]*$/.test(token ?? '')
}

/** What it was, without a word of the body, which may hold a token. */
function describe({ status, headers }: Answer): string {
  const location = headers.get('Location')
  return `${status}${location ? ', a redirect' : ''} (${headers.get('Content-Type')?.split(';')[0] ?? 'no body'})`
}
