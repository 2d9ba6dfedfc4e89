import * as oauth from 'oauth4webapi'
import { OidcClient, type RefreshState, WebStorageStateStore } from 'oidc-client-ts'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Options } from '../../../../src/core/options/options.ts'
import { createLogin } from '../../../../src/core/requests/login.ts'
import { createRenew } from '../../../../src/core/requests/renewal.ts'
import { createFreshSession } from '../../../../src/core/session/fresh-session.ts'
import { createSessionStore } from '../../../../src/core/session/session-store.ts'
import { ACCESS_TOKEN_PLACEHOLDER, ID_TOKEN_PLACEHOLDER, REFRESH_TOKEN_PLACEHOLDER } from '../../../../src/protocol.ts'
import {
  configOf,
  createClock,
  createLocks,
  createMemoryStore,
  createServer,
  createSteadyBackOff,
  jsonResponse,
  ORIGIN,
  readersOf,
  revokeNothing,
  tokenEndpointOf,
} from '../../kit.ts'

/** As pages see them: each names its session. */
const ACCESS = `${ACCESS_TOKEN_PLACEHOLDER}-session-1`
const REFRESH = `${REFRESH_TOKEN_PLACEHOLDER}-session-1`

const TOKEN_ENDPOINT = `${ORIGIN}/oauth/token`
const MINUTE = 60_000

/** An id token as the libraries check it; none of them looks at the signature. */
function idToken(): string {
  const now = Math.floor(Date.now() / 1000)
  const claims = { iss: ORIGIN, aud: 'web', sub: 'ada', iat: now, exp: now + 600 }
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}.c2lnbmF0dXJl`
}

type Send = ReturnType<typeof setUp>['send']

/** What a page's requests to the token endpoint meet: the worker's own handlers, before a server with real tokens. */
function setUp(options: Partial<Options> = {}) {
  const config = configOf({
    ...options,
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
  const sessions = createSessionStore({ now: clock.now, config, store, onChange: async () => undefined })
  const freshSession = createFreshSession({
    newId: () => 'key',
    config,
    sessions,
    tokenEndpoint: tokenEndpointOf(config, fetch, clock.now),
    locks,
    now: clock.now,
    backOff: createSteadyBackOff(clock.now),
    revoke: revokeNothing,
    farewell: revokeNothing,
    log,
  })
  const login = createLogin({
    config,
    sessions,
    fetch,
    locks,
    readAnswer: readersOf(config, clock.now).readAnswer,
    newId: () => 'session-1',
    log,
  })
  const renew = createRenew({ config, freshSession, now: clock.now })
  const send = async (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input, init)
    return (await renew(request, 'login', () => undefined)) ?? login(request, 'login')
  }
  return { clock, sent, send }
}

/** Logs in by oauth4webapi, as the page does that the authorization server has sent back. */
function byOAuth4WebApi(send: Send) {
  const server: oauth.AuthorizationServer = { issuer: ORIGIN, token_endpoint: TOKEN_ENDPOINT }
  const client: oauth.Client = { client_id: 'web' }
  const options = { [oauth.customFetch]: send as typeof fetch }
  const [verifier, redirectUri] = [oauth.generateRandomCodeVerifier(), `${ORIGIN}/callback`]
  return {
    logIn: async () => {
      const url = new URL(`${redirectUri}?code=c&state=s`)
      const callback = oauth.validateAuthResponse(server, client, url, 's')
      const response = await oauth.authorizationCodeGrantRequest(
        server,
        client,
        oauth.None(),
        callback,
        redirectUri,
        verifier,
        options,
      )
      return oauth.processAuthorizationCodeResponse(server, client, response)
    },
    renew: async (token: string) => {
      const response = await oauth.refreshTokenGrantRequest(server, client, oauth.None(), token, options)
      return oauth.processRefreshTokenResponse(server, client, response)
    },
  }
}

/** Likewise by oidc-client-ts. */
function byOidcClient(send: Send) {
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
  return {
    client,
    logIn: async () => {
      const { state } = await client.createSigninRequest({})
      return client.processSigninResponse(`${ORIGIN}/callback?code=c&state=${state.id}`)
    },
  }
}

afterEach(() => vi.unstubAllGlobals())

describe('a page that uses an OAuth library', () => {
  it('oauth4webapi: exchanges a code and refreshes, and holds placeholders', async () => {
    const { clock, sent, send } = setUp()
    const { logIn, renew } = byOAuth4WebApi(send)
    const first = await logIn()
    expect(first).toMatchObject({ access_token: ACCESS, refresh_token: REFRESH, token_type: 'bearer', expires_in: 600 })
    expect(oauth.getValidatedIdTokenClaims(first)?.sub).toBe('ada')

    clock.time += 9 * MINUTE
    const second = await renew(first.refresh_token ?? '')
    expect(second).toMatchObject({ access_token: ACCESS, refresh_token: REFRESH, expires_in: 600 })
    // The refresh was the worker's own, with the token that the page has never seen.
    expect(sent).toHaveLength(2)
    expect(sent[1]?.body).toContain('refresh_token=secret-refresh-token-1')
  })

  it('oidc-client-ts: exchanges a code and refreshes, and holds placeholders', async () => {
    const { clock, sent, send } = setUp()
    const { client, logIn } = byOidcClient(send)
    const first = await logIn()
    expect(first).toMatchObject({ access_token: ACCESS, refresh_token: REFRESH, profile: { sub: 'ada' } })

    clock.time += 9 * MINUTE
    const { profile, id_token, scope = '' } = first
    const session = { refresh_token: REFRESH, id_token, session_state: null, scope, profile }
    const second = await client.useRefreshToken({ state: session as RefreshState })
    expect(second).toMatchObject({ access_token: ACCESS, refresh_token: REFRESH })
    expect(sent).toHaveLength(2)
    expect(sent[1]?.body).toContain('refresh_token=secret-refresh-token-1')
  })

  it('and hides the id token from it: the placeholder has its claims, which is what the library reads', async () => {
    const { send } = setUp({ exposeIdToken: false })
    const { id_token } = await byOAuth4WebApi(send).logIn()
    expect(id_token).toContain(ID_TOKEN_PLACEHOLDER)
    const other = byOidcClient(setUp({ exposeIdToken: false }).send)
    expect(await other.logIn()).toMatchObject({ profile: { sub: 'ada' } })
  })

  it('and has it see opaque placeholders: the library refuses the login', async () => {
    const { send } = setUp({ exposeIdToken: false, placeholders: 'opaque' })
    await expect(byOAuth4WebApi(send).logIn()).rejects.toThrow('Invalid JWT')
    await expect(byOidcClient(send).logIn()).rejects.toThrow('Invalid token')
  })
})
