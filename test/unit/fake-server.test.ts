import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { type FakeServer, type FakeServerOptions, fakeServer } from '../../src/testing/index.ts'

const ORIGIN = 'http://localhost'

function post(path: string, body: unknown, headers: HeadersInit = {}) {
  return new Request(ORIGIN + path, { method: 'POST', headers, body: JSON.stringify(body) })
}

async function tokensOf(response: Response) {
  expect(response.status).toBe(200)
  const { access_token, refresh_token, expires_in } = await response.json()
  return { access: String(access_token), refresh: String(refresh_token), expires_in }
}

const logIn = async (server: FakeServer, username = 'ada') =>
  tokensOf(await server.fetch(post('/auth/login', { username, password: 'any' })))

const refresh = (server: FakeServer, refresh_token: string, path = '/auth/login') =>
  server.fetch(post(path, { grant_type: 'refresh_token', refresh_token }))

const call = (server: FakeServer, token: string, path = '/api/me') =>
  server.fetch(new Request(ORIGIN + path, { headers: { Authorization: `Bearer ${token}` } }))

describe('a fake server', () => {
  it('logs in, refreshes, logs out and answers as an API, and says what it was asked for', async () => {
    const server = fakeServer()
    const first = await logIn(server)
    expect(first.expires_in).toBe(3600)
    expect(decodeJwt(first.access)).toMatchObject({ sub: 'ada', name: 'ada' })
    expect(Number(decodeJwt(first.access).exp)).toBeCloseTo(Date.now() / 1000 + 3600, -1)
    const second = await tokensOf(await refresh(server, first.refresh))
    expect(second.access).not.toBe(first.access)
    const answer = await call(server, second.access)
    expect([answer.status, await answer.json()]).toEqual([200, { sub: 'ada', name: 'ada' }])
    expect((await server.fetch(post('/auth/logout', {}))).status).toBe(204)
    expect(server.calls).toEqual(['login', 'refresh', 'logout'])
  })

  it('takes a refresh token as often as it is used, and those of other fakes', async () => {
    const { access, refresh: saved } = await logIn(fakeServer())
    const others = [fakeServer(), fakeServer()]
    for (const server of [...others, ...others]) expect((await refresh(server, saved)).status).toBe(200)
    for (const server of others) expect((await call(server, access)).status).toBe(200)
  })

  it('takes no token for the other kind, none of another key, and none that was changed', async () => {
    const server = fakeServer()
    const { access, refresh: saved } = await logIn(server)
    expect(decodeProtectedHeader(access)).toEqual({ alg: 'HS256', typ: 'at+jwt' })
    const foreign = await new SignJWT({ sub: 'ada', iat: 9e9 })
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' })
      .sign(new Uint8Array(32))
    for (const token of [saved, foreign, `${access}x`, `${access}.`, 'x', ''])
      expect([token.length, (await call(server, token)).status]).toEqual([token.length, 401])
    for (const token of [access, foreign]) expect((await refresh(server, token)).status).toBe(401)
    expect((await server.fetch(new Request(`${ORIGIN}/api/me`))).status).toBe(401)
  })

  it('expire() ends the access tokens there are, and refuse() the refresh tokens: later ones are good', async () => {
    const server = fakeServer()
    const first = await logIn(server)
    server.expire()
    expect((await call(server, first.access)).status).toBe(401)
    const second = await tokensOf(await refresh(server, first.refresh))
    expect((await call(server, second.access)).status).toBe(200)

    server.refuse()
    for (const token of [first.refresh, second.refresh]) {
      const answer = await refresh(server, token)
      expect([answer.status, await answer.json()]).toEqual([401, { error: 'invalid_grant' }])
    }
    expect((await call(server, second.access)).status).toBe(200)
    const third = await logIn(server)
    expect((await refresh(server, third.refresh)).status).toBe(200)
  })

  it('a token of a given lifetime expires by itself', async () => {
    const { access, expires_in } = await logIn(fakeServer({ lifetime: 0 }))
    expect(expires_in).toBe(0)
    expect((await call(fakeServer(), access)).status).toBe(401)
  })

  it('takes URLs, users and an API from its options', async () => {
    const options: FakeServerOptions = {
      loginUrl: '/session',
      refreshTokenUrl: `${ORIGIN}/session/refresh`,
      logoutUrl: '/session/end',
      authenticate: ({ password }) => (password === 'lovelace' ? { sub: '1', roles: ['admin'] } : null),
      api: async (request, { roles }) => Response.json({ path: new URL(request.url).pathname, roles }),
    }
    const server = fakeServer(options)
    const refused = await server.fetch(post('/session', { password: 'wrong' }))
    expect([refused.status, await refused.json()]).toEqual([401, { error: 'invalid_grant' }])
    const { refresh: saved } = await tokensOf(await server.fetch(post('/session?x=1', { password: 'lovelace' })))
    const { access } = await tokensOf(await refresh(server, saved, '/session/refresh'))
    expect(await (await call(server, access, '/orders')).json()).toEqual({ path: '/orders', roles: ['admin'] })
    expect((await server.fetch(post('/session/end', {}))).status).toBe(204)
  })

  it('takes a refresh as a form, too', async () => {
    const server = fakeServer()
    const { refresh: saved } = await logIn(server)
    const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: saved })
    expect((await server.fetch(new Request(`${ORIGIN}/auth/login`, { method: 'POST', body }))).status).toBe(200)
    expect(server.calls).toEqual(['login', 'refresh'])
  })
})
