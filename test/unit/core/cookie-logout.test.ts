/** The logout of a session in cookies: only the server can clear them, and it may not take the request. */
import { describe, expect, it } from 'vitest'
import type { Options } from '../../../src/core/options/options.ts'
import { configOf, deferred, jsonResponse } from '../kit.ts'
import { anonymous, authenticated, html, nothing, openCookies, redirect, unauthorized, user } from './cookie-core.ts'
import { openCore } from './whole-core.ts'

/** A server where ada logs in, and which answers a logout as `logout` says. */
function open(
  logout: () => Response | Promise<Response>,
  options: Partial<Options> = {},
  { server = { who: null as string | null, isRefreshGood: true }, records = new Map<string, unknown>() } = {},
) {
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
    records,
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

describe('a logout that the server has not heard of yet', () => {
  const never = () => new Promise<Response>(() => undefined)

  it('is not undone by a page that is loaded meanwhile, and the API gets no cookies (K8)', async () => {
    const answer = deferred<Response>()
    const { post, ask, load, send, told, to } = open(() => answer.promise)
    await post('/auth/login')
    const logout = ask('logout')
    await expect.poll(() => to('/auth/logout').length).toBe(1)
    expect(await load('/', { referrer: '' })).toEqual(anonymous({ reason: 'logout' }))
    expect((await send('/api/data')).status).toBe(401)
    answer.resolve(nothing())
    expect(await logout).toMatchObject({ state: anonymous({ reason: 'logout' }) })
    // By this one alone, and pages are told once.
    expect(to('/auth/logout')).toHaveLength(1)
    expect(told.filter(({ reason }) => reason === 'logout')).toHaveLength(1)
  })

  it('is asked about by recheck() once the server has heard', async () => {
    const answer = deferred<Response>()
    const { post, ask, recheck, server, to } = open(() => answer.promise)
    await post('/auth/login')
    const logout = ask('logout')
    const asked = recheck()
    await expect.poll(() => to('/auth/logout').length).toBe(1)
    expect(to('/api/session')).toHaveLength(0)
    server.who = null
    answer.resolve(nothing())
    expect(await asked).toMatchObject({ state: anonymous({ reason: 'logout' }) })
    await logout
  })

  it.each([
    ['by auth.logout()', { sessionUrl: '/api/session' }, (core: ReturnType<typeof open>) => core.ask('logout')],
    ['by a request', { sessionUrl: '/api/session' }, (core: ReturnType<typeof open>) => core.post('/auth/logout')],
    ['without a sessionUrl', { sessionUrl: null }, (core: ReturnType<typeof open>) => core.ask('logout')],
  ])('is told by the next worker, where this one is stopped (K10, N8): %s', async (_, options, logOut) => {
    const first = open(never, options)
    await first.post('/auth/login')
    void logOut(first)
    await expect.poll(() => first.to('/auth/logout').length).toBe(1)

    const { server, records } = first
    const next = open(
      () => {
        server.who = null
        return nothing()
      },
      options,
      { server, records },
    )
    expect(await next.load('/', { referrer: '' })).toEqual(anonymous({ reason: 'logout' }))
    await expect.poll(() => server.who).toBeNull()
    await next.settle()
    expect(await next.load('/', { referrer: '' })).toEqual(anonymous({ reason: 'logout' }))
    expect(next.to('/auth/logout')).toHaveLength(1)
    expect(next.stored()).not.toHaveProperty('isUntold')
  })

  it('and that no worker can tell says so', async () => {
    const first = open(never)
    await first.post('/auth/login')
    void first.ask('logout')
    await expect.poll(() => first.to('/auth/logout').length).toBe(1)
    const { server, records } = first
    const next = open(() => jsonResponse({}, { status: 503 }), {}, { server, records })
    await next.load()
    await expect.poll(() => next.state()).toEqual(LEFT)
  })

  it('is told before who logs in by a form after it is found', async () => {
    const first = open(never)
    await first.post('/auth/login')
    void first.ask('logout')
    await expect.poll(() => first.to('/auth/logout').length).toBe(1)
    const { server, records } = first
    const next = open(nothing, {}, { server, records })
    await next.navigate('/login', 'POST')
    server.who = 'grace'
    expect(await next.load('/app/')).toMatchObject(authenticated('grace'))
    expect(next.to('/auth/logout')).toHaveLength(0)
  })
})

it.each(['maxIdle', 'maxAge'] as const)('who has reached %s is not logged in again by what is loaded', async limit => {
  const { post, load, clock } = open(() => jsonResponse({}, { status: 503 }), { [limit]: 3600 })
  await post('/auth/login')
  clock.time += 3_600_000
  const ended = anonymous({ reason: limit === 'maxIdle' ? 'idle' : 'max_age' })
  expect(await load('/', { referrer: '' })).toMatchObject(ended)
  expect(await load('/', { referrer: '' })).toMatchObject({ ...ended, isCookieLeft: true })
})

it('a form that was sent before a logout is no login after it', async () => {
  const { navigate, ask, load, server, post } = open(() => jsonResponse({}, { status: 503 }))
  await post('/auth/login')
  await navigate('/search', 'POST')
  await ask('logout')
  expect(server.who).toBe('ada')
  expect(await load('/', { referrer: '' })).toEqual(LEFT)
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
