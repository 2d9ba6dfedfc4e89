import { afterEach, describe, expect, it } from 'vitest'
import { createRevoke } from '../../../../src/core/tokens/revocation.ts'
import { type AuthServer, type AuthServerOptions, postForm, type TokenResponse } from '../../../servers/app.ts'
import { openOAuth2Server } from '../../../servers/oauth2-server.ts'
import { openOidcServer } from '../../../servers/oidc.ts'
import { configOf, sessionOf, tokenEndpointOf } from '../../kit.ts'

const FORM = 'application/x-www-form-urlencoded'

/** Node aborts a fetch whose Request was collected before its signal fires. */
const kept: Request[] = []
const keepAndFetch = (request: Request) => {
  kept.push(request)
  return fetch(request)
}

let server: AuthServer
afterEach(() => server.close())

/** One refresh by the library's token endpoint. */
function refresh(
  refreshToken: string,
  { contentType = FORM, clientId = server.clientId, accessToken = 'access-1' } = {},
) {
  const config = configOf({
    refreshTokenUrl: server.tokenUrl,
    clientId,
    defaultHeadersForTokenRequests: { 'Content-Type': contentType },
    timeout: 5,
  })
  return tokenEndpointOf(config, keepAndFetch, Date.now)({ ...sessionOf({ accessToken }), refreshToken }, 'key')
}

/** A refresh that has to succeed. */
async function refreshed(refreshToken: string) {
  const answer = await refresh(refreshToken)
  if (answer.outcome !== 'refreshed') throw new Error(`${answer.outcome}: ${answer.detail}`)
  return { ...answer.tokens, refreshToken: answer.tokens.refreshToken ?? '' }
}

/** The refresh request of the library, written out, with what it leaves out. */
async function rawRefresh(tokens: TokenResponse, headers: Record<string, string>, clientId = server.clientId) {
  const fields = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token, client_id: clientId }
  const response = await postForm(server.tokenUrl, fields, headers)
  return { status: response.status, body: await response.json() }
}

const SERVERS: [string, (options?: AuthServerOptions) => Promise<AuthServer>][] = [
  ['oidc-provider', openOidcServer],
  ['@node-oauth/oauth2-server', openOAuth2Server],
]

describe.each(SERVERS)('%s', (_, open) => {
  it('refreshes a form-encoded request, and rotates the refresh token (R14)', async () => {
    server = await open()
    const first = await server.login()
    const before = Date.now()
    const tokens = await refreshed(first.refresh_token)

    expect(new Set([tokens.accessToken, tokens.refreshToken, first.access_token, first.refresh_token]).size).toBe(4)
    // One of the servers rounds down what is left of the lifetime.
    expect(tokens.expiresAt).toBeGreaterThanOrEqual(before + 599_000)
    expect(tokens.expiresAt).toBeLessThanOrEqual(tokens.receivedAt + 600_000)
    expect(await server.isValid(tokens.accessToken)).toBe(true)
    expect(server.stats).toMatchObject({ refreshRequests: 1, refreshes: 1, refreshFailures: 0 })

    await refreshed(tokens.refreshToken)
    expect(server.stats).toMatchObject({ refreshes: 2, refreshFailures: 0 })
  })

  it('rejects a refresh token that was used, one that was made up, and one that was revoked', async () => {
    server = await open()
    const { access_token, refresh_token } = await server.login()
    expect((await refresh('never-issued')).outcome).toBe('rejected')
    await refreshed(refresh_token)
    expect((await refresh(refresh_token)).outcome).toBe('rejected')

    const other = await server.login()
    await fetch(`${server.origin}/auth/logout`, { headers: { Authorization: `Bearer ${other.access_token}` } })
    expect((await refresh(other.refresh_token)).outcome).toBe('rejected')
    expect(await server.isValid(other.access_token)).toBe(false)
    expect(server.secrets).toContain(access_token)
    expect(server.stats).toMatchObject({ refreshes: 1, refreshFailures: 3 })
  })

  it('rejects a client that it does not know', async () => {
    server = await open()
    const tokens = await server.login()
    const { body } = await rawRefresh(tokens, {}, 'somebody-else')
    expect(body.error).toBe('invalid_client')
    expect((await refresh(tokens.refresh_token, { clientId: 'somebody-else' })).outcome).toBe('rejected')
    // Nothing is lost by that: the configuration is to be mended, and the token is as good as before.
    await refreshed(tokens.refresh_token)
  })

  it('understands no JSON, which ends the session and says what to set (R14, B11)', async () => {
    server = await open()
    const { refresh_token } = await server.login()
    expect(await refresh(refresh_token, { contentType: 'application/json' })).toMatchObject({
      outcome: 'rejected',
      detail: expect.stringContaining('defaultHeadersForTokenRequests'),
    })
  })

  it('keeps the session where it fails before it looks at the refresh token', async () => {
    let count = 0
    server = await open({
      beforeRefresh: () => {
        if (++count === 1) throw new Error('out of order')
      },
    })
    const { refresh_token } = await server.login()
    expect(await refresh(refresh_token)).toMatchObject({ outcome: 'unavailable' })
    await refreshed(refresh_token)
  })

  it('is reached in vain where its answer breaks off, and rejects the token that this has cost (B22)', async () => {
    server = await open({ losesAnswer: count => count === 1 })
    const { refresh_token } = await server.login()
    expect(await refresh(refresh_token)).toMatchObject({ outcome: 'network_error' })
    expect(server.stats).toMatchObject({ refreshes: 1, refreshFailures: 0 })
    expect(await refresh(refresh_token)).toMatchObject({ outcome: 'rejected' })
  })

  it('lets its API take an access token for as long as it lives', async () => {
    server = await open({ lifetime: 2 })
    const { access_token, refresh_token } = await server.login()
    const statusOf = async (token: string) =>
      (await fetch(`${server.origin}/api/me`, { headers: { Authorization: `Bearer ${token}` } })).status
    expect(await statusOf(access_token)).toBe(200)
    await expect.poll(() => statusOf(access_token), { timeout: 4_000 }).toBe(401)
    const { accessToken } = await refreshed(refresh_token)
    expect(await statusOf(accessToken)).toBe(200)
    expect(server.stats.earlyRefreshes).toBe(0)
    server.forgetAccessTokens()
    expect(await statusOf(accessToken)).toBe(401)
    expect(await statusOf('never-issued')).toBe(401)
  })
})

describe('oidc-provider', () => {
  it('revokes the whole grant when a refresh token is used twice: the newest one is rejected as well', async () => {
    server = await openOidcServer()
    const first = await server.login()
    const second = await refreshed(first.refresh_token)
    const third = await refreshed(second.refreshToken)
    expect(await server.isValid(third.accessToken)).toBe(true)

    expect((await refresh(first.refresh_token)).outcome).toBe('rejected')
    expect((await refresh(third.refreshToken)).outcome).toBe('rejected')
    expect(await server.isValid(third.accessToken)).toBe(false)
  })

  it('refuses a refresh request that carries a bearer token (R14, B24)', async () => {
    server = await openOidcServer()
    const tokens = await server.login()
    expect(await rawRefresh(tokens, { Authorization: `Bearer ${tokens.access_token}` })).toEqual({
      status: 400,
      body: { error: 'invalid_request', error_description: 'invalid authorization header value format' },
    })
    expect(await rawRefresh(tokens, {})).toMatchObject({ status: 200 })
  })
})

describe('@node-oauth/oauth2-server', () => {
  it('leaves the tokens of a newer refresh alone when an older refresh token is used again', async () => {
    server = await openOAuth2Server()
    const first = await server.login()
    const second = await refreshed(first.refresh_token)
    expect((await refresh(first.refresh_token)).outcome).toBe('rejected')
    expect(await server.isValid(second.accessToken)).toBe(true)
    await refreshed(second.refreshToken)
  })

  it('takes no notice of a bearer token with a refresh request (B24)', async () => {
    server = await openOAuth2Server()
    const tokens = await server.login()
    expect(await rawRefresh(tokens, { Authorization: `Bearer ${tokens.access_token}` })).toMatchObject({ status: 200 })
  })
})

it('oidc-provider revokes what a session had when it ended (RFC 7009)', async () => {
  server = await openOidcServer()
  const { access_token: accessToken, refresh_token: refreshToken } = await server.login()
  const config = configOf({
    revocationUrl: `${server.tokenUrl}/revocation`,
    clientId: server.clientId,
    defaultHeadersForTokenRequests: { 'Content-Type': FORM },
  })
  const log: string[] = []
  const revoke = createRevoke({
    config,
    fetch: keepAndFetch,
    now: Date.now,
    later: (delay, task) => void setTimeout(task, delay),
    log: (_, line) => log.push(line),
  })
  await revoke(sessionOf({ accessToken, refreshToken }))
  expect(log).toEqual([])
  expect((await refresh(refreshToken)).outcome).toBe('rejected')
  expect(await server.isValid(accessToken)).toBe(false)
})
