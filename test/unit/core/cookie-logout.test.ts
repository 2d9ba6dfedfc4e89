/** The logout of a session in cookies: only the server can clear them, and it may not take the request. */
import { describe, expect, it } from 'vitest'
import type { Options } from '../../../src/core/options/options.ts'
import { configOf, jsonResponse } from '../kit.ts'
import { anonymous, authenticated, html, nothing, openCookies, redirect, unauthorized, user } from './cookie-core.ts'
import { openCore } from './whole-core.ts'

/** A server where ada logs in, and which answers a logout as `logout` says. */
function open(logout: () => Response | Promise<Response>, options: Partial<Options> = {}) {
  const server = { who: null as string | null, isRefreshGood: true }
  const core = openCookies(
    {
      '/auth/login': ({ body }) => {
        server.who = JSON.parse(body || '{}').name ?? 'ada'
        return user(server.who as string, 600)
      },
      '/auth/refresh': () => (server.who && server.isRefreshGood ? nothing() : unauthorized()),
      '/auth/logout': () => logout(),
      '/api/session': () => (server.who ? user(server.who, 600) : unauthorized()),
      '/api/data': ({ request }) => (server.who && request.credentials !== 'omit' ? jsonResponse({}) : unauthorized()),
    },
    options,
  )
  return { ...core, server }
}

const LEFT = anonymous({ reason: 'logout', isCookieLeft: true })

describe('a logout that the server does not take', () => {
  it.each([403, 404, 405, 422, 429, 503])('says so: %s (K12)', async status => {
    const { post, ask, state, load, log } = open(() => jsonResponse({ error: 'csrf' }, { status }))
    await post('/auth/login')
    expect(await ask('logout')).toMatchObject({ state: LEFT })
    expect(log.join()).toContain('could not be told of a logout')
    // Nor does a reload log the same user in again.
    expect(await load('/app/', { referrer: '' })).toEqual(LEFT)
    expect(await state()).toEqual(LEFT)
  })

  it('says so: 401, where the session lives on for all that a refresh tells', async () => {
    const { post, ask, to } = open(unauthorized)
    await post('/auth/login')
    expect(await ask('logout')).toMatchObject({ state: LEFT })
    expect([to('/auth/refresh').length, to('/auth/logout').length]).toEqual([1, 2])
  })
})

describe('a logout is taken', () => {
  it.each([
    ['by a redirect, which is not followed', redirect],
    ['by a page', html],
    ['by 204', nothing],
  ])('%s', async (_, logout) => {
    const { post, ask, to } = open(logout)
    await post('/auth/login')
    expect(await ask('logout')).toMatchObject({ state: anonymous({ reason: 'logout' }) })
    expect(await ask('logout')).not.toHaveProperty('state.isCookieLeft')
    expect(to('/auth/logout')[0]?.request.redirect).toBe('manual')
  })

  it('by a 401 where a refresh is refused too: there is no session', async () => {
    const { post, ask, server } = open(unauthorized)
    await post('/auth/login')
    server.isRefreshGood = false
    expect(await ask('logout')).not.toHaveProperty('state.isCookieLeft')
    expect(await ask('logout')).not.toHaveProperty('state.isCookieLeft')
  })
})

it("the worker's own logout has the headers of its refresh", async () => {
  const { post, ask, to } = open(nothing)
  await post('/auth/login')
  await ask('logout')
  const [sent] = to('/auth/logout')
  expect(sent).toMatchObject({ method: 'POST', request: { credentials: 'include' } })
  expect(sent?.request.headers.get('X-Requested-With')).toBe('refresh-worker')
  expect(sent?.request.headers.get('Accept')).toBe('application/json')
})

describe('logoutRequest', () => {
  it('makes it of what there is, for a CSRF token or the like', async () => {
    const asked: unknown[] = []
    const { post, ask, to } = open(nothing, {
      logoutRequest: needs => {
        asked.push(needs)
        return { headers: { 'X-CSRF-Token': 'c' } }
      },
    })
    await post('/auth/login')
    await ask('logout')
    expect(asked).toEqual([
      { refreshToken: null, accessToken: null, idToken: null, url: 'https://app.example/auth/logout' },
    ])
    const [sent] = to('/auth/logout')
    expect(sent).toMatchObject({ method: 'POST', request: { credentials: 'include', redirect: 'manual' } })
    expect(sent?.request.headers.get('X-CSRF-Token')).toBe('c')
    expect(sent?.request.headers.get('X-Requested-With')).toBe('refresh-worker')
  })

  it.each<[string, Options['logoutRequest']]>([
    ['throws', () => Promise.reject(new Error('secret'))],
    ['returns what makes no request', () => ({ body: 'x', method: 'GET' })],
    ['returns nothing', () => null as never],
    ['asks for http', () => new Request('http://app.example/auth/logout', { method: 'POST' })],
  ])('that %s fails the logout, and says so', async (_, logoutRequest) => {
    const { post, ask, to, inspect } = open(nothing, { logoutRequest: logoutRequest ?? null })
    await post('/auth/login')
    expect(await ask('logout')).toMatchObject({ state: LEFT })
    expect(to('/auth/logout')).toEqual([])
    expect((await inspect()).hookFailures).toMatchObject([{ hook: 'logoutRequest' }])
  })

  it('replaces logoutMethod', () => {
    expect(() => configOf({ logoutUrl: '/out', logoutMethod: 'post', logoutRequest: () => ({}) })).toThrow(
      'option logoutMethod: is replaced by logoutRequest',
    )
  })

  it('gets the tokens of a bearer session, and is asked again where the token had expired', async () => {
    let count = 0
    const { post, ask, sent } = openCore(
      {
        useRefreshToken: true,
        refreshTokenUrl: '/auth/refresh',
        logoutUrl: '/auth/logout',
        logoutRequest: ({ refreshToken }) => ({ body: `of ${refreshToken}` }),
      },
      ({ url, authorization }) => {
        if (url.endsWith('/auth/logout')) return authorization === 'Bearer a2' ? nothing() : unauthorized()
        count++
        return jsonResponse({ access_token: `a${count}`, refresh_token: `r${count}` })
      },
    )
    await post('/auth/login')
    await ask('logout')
    while (sent.length < 4) await new Promise(resolve => setTimeout(resolve))
    expect(
      sent.filter(({ url }) => url.endsWith('/auth/logout')).map(({ body, authorization }) => [body, authorization]),
    ).toEqual([
      ['of r1', 'Bearer a1'],
      ['of r2', 'Bearer a2'],
    ])
  })
})

it('nobody is logged in again by what is loaded after a logout that was taken', async () => {
  const core = open(() => {
    core.server.who = null
    return redirect()
  })
  await core.post('/auth/login')
  await core.ask('logout')
  expect(await core.load('/')).toEqual(anonymous({ reason: 'logout' }))
  await core.post('/auth/login', { name: 'grace' })
  expect(await core.state()).toMatchObject(authenticated('grace'))
})
