import * as oauth from 'oauth4webapi'
import { OidcClient, type RefreshState, WebStorageStateStore } from 'oidc-client-ts'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ACCESS_TOKEN_PLACEHOLDER as ACCESS, REFRESH_TOKEN_PLACEHOLDER as REFRESH } from '../../src/protocol.ts'
import { createFreshSession } from '../../sw/fresh-session.ts'
import { createLogin } from '../../sw/login.ts'
import { createRenew } from '../../sw/renewal.ts'
import { createSessionStore } from '../../sw/session-store.ts'
import { createTokenEndpoint } from '../../sw/token-endpoint.ts'
import {
  configOf,
  createClock,
  createLocks,
  createMemoryStore,
  createServer,
  createSteadyBackOff,
  jsonResponse,
  ORIGIN,
  revokeNothing,
} from './kit.ts'

const TOKEN_ENDPOINT = `${ORIGIN}/oauth/token`
const MINUTE = 60_000

/** An id token as the libraries check it; none of them looks at the signature. */
function idToken(): string {
  const now = Math.floor(Date.now() / 1000)
  const claims = { iss: ORIGIN, aud: 'web', sub: 'ada', iat: now, exp: now + 600 }
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}.c2lnbmF0dXJl`
}

/** What a page's requests to the token endpoint meet: the worker's own handlers, before a server with real tokens. */
function setUp() {
  const config = configOf({
    loginUrl: '/oauth/token',
    clientId: 'web',
    defaultHeadersForTokenRequests: { 'Content-Type': 'application/x-www-form-urlencoded' },
  })
  const clock = createClock(Date.now())
  const { store } = createMemoryStore()
  let tokens = 0
  const { fetch, sent } = createServer(() =>
    jsonResponse({
      access_token: `secret-access-token-${++tokens}`,
      refresh_token: `secret-refresh-token-${tokens}`,
      token_type: 'Bearer',
      expires_in: 600,
      ...(tokens === 1 ? { id_token: idToken(), scope: 'openid' } : {}),
    }),
  )
  const log = () => undefined
  const locks = createLocks()
  const sessions = createSessionStore({ config, store, onChange: async () => undefined })
  const freshSession = createFreshSession({
    config,
    sessions,
    tokenEndpoint: createTokenEndpoint(config, fetch, clock.now),
    locks,
    now: clock.now,
    backOff: createSteadyBackOff(clock.now),
    revoke: revokeNothing,
    log,
  })
  const login = createLogin({ config, sessions, fetch, locks, now: clock.now, newId: () => 'session-1', log })
  const renew = createRenew({ config, freshSession, now: clock.now })
  const send = async (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input, init)
    return (await renew(request)) ?? login(request, 'login')
  }
  return { clock, sent, send }
}

afterEach(() => vi.unstubAllGlobals())

describe('a page that uses an OAuth library', () => {
  it('oauth4webapi: exchanges a code and refreshes, and holds placeholders', async () => {
    const { clock, sent, send } = setUp()
    const server: oauth.AuthorizationServer = { issuer: ORIGIN, token_endpoint: TOKEN_ENDPOINT }
    const client: oauth.Client = { client_id: 'web' }
    const options = { [oauth.customFetch]: send as typeof fetch }
    const verifier = oauth.generateRandomCodeVerifier()
    const callback = oauth.validateAuthResponse(server, client, new URL(`${ORIGIN}/callback?code=c&state=s`), 's')

    const response = await oauth.authorizationCodeGrantRequest(
      server,
      client,
      oauth.None(),
      callback,
      `${ORIGIN}/callback`,
      verifier,
      options,
    )
    const first = await oauth.processAuthorizationCodeResponse(server, client, response)
    expect(first).toMatchObject({ access_token: ACCESS, refresh_token: REFRESH, token_type: 'bearer', expires_in: 600 })
    expect(oauth.getValidatedIdTokenClaims(first)?.sub).toBe('ada')

    clock.time += 9 * MINUTE
    const refresh = await oauth.refreshTokenGrantRequest(
      server,
      client,
      oauth.None(),
      first.refresh_token ?? '',
      options,
    )
    const second = await oauth.processRefreshTokenResponse(server, client, refresh)
    expect(second).toMatchObject({ access_token: ACCESS, refresh_token: REFRESH, expires_in: 600 })
    // The refresh was the worker's own, with the token that the page has never seen.
    expect(sent).toHaveLength(2)
    expect(sent[1]?.body).toContain('refresh_token=secret-refresh-token-1')
  })

  it('oidc-client-ts: exchanges a code and refreshes, and holds placeholders', async () => {
    const { clock, sent, send } = setUp()
    vi.stubGlobal('fetch', send)
    const items = new Map<string, string>()
    const client = new OidcClient({
      authority: ORIGIN,
      client_id: 'web',
      redirect_uri: `${ORIGIN}/callback`,
      scope: 'openid',
      loadUserInfo: false,
      metadata: { issuer: ORIGIN, authorization_endpoint: `${ORIGIN}/auth`, token_endpoint: TOKEN_ENDPOINT },
      stateStore: new WebStorageStateStore({
        store: {
          getItem: key => items.get(key) ?? null,
          setItem: (key, value) => void items.set(key, value),
          removeItem: key => void items.delete(key),
          key: index => [...items.keys()][index] ?? null,
          clear: () => items.clear(),
          get length() {
            return items.size
          },
        },
      }),
    })
    const { state } = await client.createSigninRequest({})
    const first = await client.processSigninResponse(`${ORIGIN}/callback?code=c&state=${state.id}`)
    expect(first).toMatchObject({ access_token: ACCESS, refresh_token: REFRESH, profile: { sub: 'ada' } })

    clock.time += 9 * MINUTE
    const { profile, id_token, scope = '' } = first
    const session = { refresh_token: REFRESH, id_token, session_state: null, scope, profile }
    const second = await client.useRefreshToken({ state: session as RefreshState })
    expect(second).toMatchObject({ access_token: ACCESS, refresh_token: REFRESH })
    expect(sent).toHaveLength(2)
    expect(sent[1]?.body).toContain('refresh_token=secret-refresh-token-1')
  })
})
