/** `accessTokenIn: 'cookie'`: the server keeps both tokens in HttpOnly cookies; the worker knows who, and until when. */
import { describe, expect, it } from 'vitest'
import type { Options } from '../../../src/core/options/options.ts'
import type { Authenticated } from '../../../src/core/session/session.ts'
import { envelope, type PageRequest } from '../../../src/protocol.ts'
import { configOf, jsonResponse, jwt, type Sent } from '../kit.ts'
import { openCore } from './whole-core.ts'

const pathOf = ({ url }: Sent) => new URL(url).pathname

interface Server {
  /** Whose session the cookie is; null: nobody's. */
  user: string | null
  isAccessGood: boolean
  isRefreshGood: boolean
  isLogoutDown: boolean
  /** What a refresh is answered with. */
  refreshBody: object | null
}

/** A server that has its own idea of who is logged in, as one with cookies has. */
function open(options: Partial<Options> = {}, initial: Partial<Server> = {}) {
  const server: Server = {
    user: null,
    isAccessGood: true,
    isRefreshGood: true,
    isLogoutDown: false,
    refreshBody: null,
    ...initial,
  }
  const who = () => ({ user: { id: server.user, name: `the name of ${server.user}` } })
  const core = openCore(
    {
      accessTokenIn: 'cookie',
      refreshTokenUrl: '/auth/refresh',
      logoutUrl: '/auth/logout',
      logoutMethod: 'post',
      subjectProp: 'user.id',
      claims: ['user'],
      navigations: ['/app/'],
      ...options,
    },
    sent => {
      switch (pathOf(sent)) {
        case '/auth/login': {
          server.user = JSON.parse(sent.body).name
          server.isAccessGood = server.isRefreshGood = true
          return jsonResponse({ ...who(), expires_in: 60 })
        }
        case '/auth/refresh': {
          if (!server.isRefreshGood || server.user === null) return jsonResponse({ error: 'expired' }, { status: 401 })
          server.isAccessGood = true
          return server.refreshBody ? jsonResponse(server.refreshBody) : new Response(null, { status: 204 })
        }
        case '/auth/logout': {
          if (server.isLogoutDown) throw new TypeError('network')
          server.user = null
          return new Response(null, { status: 204 })
        }
        default: {
          const isIn = server.user !== null && server.isAccessGood && sent.request.credentials !== 'omit'
          return isIn ? jsonResponse(who()) : jsonResponse({}, { status: 401 })
        }
      }
    },
  )
  const expire = () => {
    server.isAccessGood = false
    core.clock.time += 60_000
  }
  const refreshes = () => core.sent.filter(sent => pathOf(sent) === '/auth/refresh')
  return {
    ...core,
    server,
    expire,
    refreshes,
    logIn: (name = 'ada') => core.post('/auth/login', { name }),
    me: async () => (await core.send('/api/me')).status,
    recheck: () => core.answer(envelope({ type: 'recheck' }) as PageRequest),
  }
}

describe('a session in cookies', () => {
  it('begins with an ok answer of loginUrl, which the page gets as it is (K1)', async () => {
    const { logIn, state, stored, me, sent } = open()
    expect(await (await logIn()).json()).toEqual({ user: { id: 'ada', name: 'the name of ada' }, expires_in: 60 })
    expect(await state()).toMatchObject({ status: 'authenticated', claims: { user: { id: 'ada' } } })
    expect(stored()).toMatchObject({ refreshToken: null, idToken: null, subject: '"ada"' })
    expect(await me()).toBe(200)
    expect(sent.at(-1)?.authorization).toBeNull()
  })

  it('is refreshed once for all who ask, by a POST with credentials, whose answer may have no body (K2)', async () => {
    const { logIn, expire, me, refreshes, state, clock } = open()
    await logIn()
    expire()
    expect(await Promise.all([me(), me(), me()])).toEqual([200, 200, 200])
    expect(refreshes()).toHaveLength(1)
    const [{ request, authorization }] = refreshes() as [Sent]
    expect([request.credentials, request.headers.get('X-Requested-With'), authorization]).toEqual([
      'include',
      'refresh-worker',
      null,
    ])
    // As long as the one before it.
    expect(await state()).toMatchObject({ expiresAt: clock.time + 60_000, claims: { user: { id: 'ada' } } })
  })

  it('is refreshed after a 401, where nothing tells when it expires', async () => {
    const { post, server, me, refreshes, state } = open({ getExpirationDateFromResponse: () => Number.NaN })
    await post('/auth/login', { name: 'ada' })
    server.isAccessGood = false
    expect(await me()).toBe(200)
    expect(refreshes()).toHaveLength(1)
    expect(await state()).toMatchObject({ status: 'authenticated' })
  })

  it('ends when its refresh is refused (G12)', async () => {
    const { logIn, expire, me, server, state } = open()
    await logIn()
    server.isRefreshGood = false
    expire()
    expect(await me()).toBe(401)
    expect(await state()).toEqual({ status: 'anonymous', reason: 'rejected' })
  })

  it('never goes on under another user (K7)', async () => {
    const { logIn, expire, me, server, state, refreshes } = open()
    await logIn()
    server.user = 'grace'
    server.refreshBody = { user: { id: 'grace' }, expires_in: 60 }
    expire()
    const before = await state()
    // Not hers: who asked is not who is logged in now.
    expect(await me()).toBe(0)
    const after = await state()
    expect(after).toMatchObject({ status: 'authenticated', claims: { user: { id: 'grace' } } })
    expect(after).not.toHaveProperty('sessionId', (before as { sessionId: string }).sessionId)
    expect(refreshes()).toHaveLength(1)
    expect(await me()).toBe(200)
  })

  it("answers a page's own refresh from the session", async () => {
    const { logIn, post, refreshes, clock, server } = open()
    await logIn()
    // What a refresh is answered with, nobody knows before there was one.
    server.refreshBody = { isFine: true, expires_in: 60 }
    expect(await (await post('/auth/refresh')).json()).toEqual({ isFine: true, expires_in: 60 })
    clock.time += 10_000
    expect(await (await post('/auth/refresh')).json()).toEqual({ isFine: true, expires_in: 50 })
    expect(refreshes()).toHaveLength(1)
  })

  it('answers it without a body, where the server does', async () => {
    const { logIn, post, refreshes } = open()
    await logIn()
    expect([(await post('/auth/refresh')).status, (await post('/auth/refresh')).status]).toEqual([204, 204])
    expect(refreshes()).toHaveLength(1)
  })

  it('leaves a page alone that asks who is logged in, also where that is how the session is refreshed', async () => {
    const url = '/api/session'
    const { logIn, send, sent, state } = open({
      sessionUrl: url,
      refreshTokenUrl: url,
      refreshRequest: () => ({ method: 'GET' }),
    })
    await logIn()
    const before = await state()
    for (const name of ['ada', 'ada']) expect(await (await send(url)).json()).toMatchObject({ user: { id: name } })
    expect(sent.filter(sent => pathOf(sent) === url)).toHaveLength(2)
    expect(await state()).toEqual(before)
  })

  it('waits for the same user, if that is asked for (W60)', async () => {
    const { logIn, expire, send, server, advance } = open({ whenEnded: 'hold' })
    await logIn()
    server.isRefreshGood = false
    expire()
    const held = send('/api/me')
    await advance(0)
    await logIn()
    expect((await held).status).toBe(200)
  })
})

describe('the logout of a session in cookies', () => {
  it('has the server clear its cookies', async () => {
    const { logIn, ask, server, state } = open()
    await logIn()
    await ask('logout')
    expect(server.user).toBeNull()
    expect(await state()).toEqual({ status: 'anonymous', reason: 'logout' })
  })

  it.each([
    ['auth.logout()', async ({ ask }: ReturnType<typeof open>) => void (await ask('logout'))],
    [
      "a page's own",
      ({ send }: ReturnType<typeof open>) => send('/auth/logout', { method: 'POST' }).catch(() => undefined),
    ],
  ])('says where it could not: %s', async (_, logOut) => {
    const core = open()
    await core.logIn()
    core.server.isLogoutDown = true
    await logOut(core)
    expect(await core.state()).toEqual({ status: 'anonymous', reason: 'logout', isCookieLeft: true })
    // The cookie would still let it in.
    expect(await core.me()).toBe(401)
    core.server.isLogoutDown = false
    await core.ask('logout')
    expect(await core.state()).toEqual({ status: 'anonymous', reason: 'logout' })
    expect(core.server.user).toBeNull()
  })
})

describe('a refresh of a session in cookies', () => {
  /** A server whose answers to refreshes are held. */
  function openHeld() {
    const held: (() => void)[] = []
    let user: string | null = null
    const core = openCore(
      { accessTokenIn: 'cookie', refreshTokenUrl: '/auth/refresh', logoutUrl: '/auth/logout', subjectProp: 'user' },
      async sent => {
        const path = pathOf(sent)
        if (path === '/auth/login') user = JSON.parse(sent.body).user
        if (path === '/auth/logout') {
          user = null
          return new Response(null, { status: 204 })
        }
        if (path !== '/auth/refresh')
          return user ? jsonResponse({ user, expires_in: 60 }) : jsonResponse({}, { status: 401 })
        const whose = user
        await new Promise<void>(resolve => held.push(resolve))
        // Its cookies come with the answer, whenever that is.
        user = whose
        return jsonResponse({ user, expires_in: 60 })
      },
    )
    const until = async (isTrue: () => boolean) => {
      while (!isTrue()) await new Promise(resolve => setTimeout(resolve))
    }
    return { ...core, until, held, userOf: () => user }
  }

  it('does not bring back the cookies of a logout that came meanwhile (K8, N8)', async () => {
    const { post, send, clock, ask, held, until, userOf, state, sent, told } = openHeld()
    await post('/auth/login', { user: 'ada' })
    clock.time += 60_000
    const request = send('/api/me')
    await until(() => held.length === 1)
    const logout = ask('logout')
    // Over for every page, at once; the server is told once the refresh is through.
    await until(() => told.at(-1)?.reason === 'logout')
    expect(await state()).toEqual({ status: 'anonymous', reason: 'logout' })
    expect(sent.map(pathOf)).not.toContain('/auth/logout')
    held.pop()?.()
    await logout
    expect(userOf()).toBeNull()
    await request
    expect(await state()).toEqual({ status: 'anonymous', reason: 'logout' })
  })

  it('does not take the place of a login that came meanwhile (K9, N6)', async () => {
    const { post, send, clock, held, until, userOf, state } = openHeld()
    await post('/auth/login', { user: 'ada' })
    const before = await state()
    clock.time += 60_000
    const request = send('/api/me')
    await until(() => held.length === 1)
    const login = post('/auth/login', { user: 'grace' })
    held.pop()?.()
    await login
    expect(userOf()).toBe('grace')
    await request
    expect(await state()).toMatchObject({ status: 'authenticated' })
    expect(await state()).not.toMatchObject({ sessionId: (before as { sessionId: string }).sessionId })
  })

  /** A server that takes each refresh token once, and whose cookies may come though its answer is lost. */
  function openStrict({ doCookiesCome }: { doCookiesCome: boolean }) {
    let [issued, inCookie, count] = [0, 0, 0]
    return openCore({ accessTokenIn: 'cookie', refreshTokenUrl: '/auth/refresh' }, sent => {
      if (pathOf(sent) !== '/auth/refresh') return jsonResponse({ expires_in: 60 })
      if (inCookie !== issued) return jsonResponse({ error: 'used before' }, { status: 401 })
      issued++
      count++
      if (count > 1 || doCookiesCome) inCookie = issued
      if (count === 1) throw new TypeError('network')
      return jsonResponse({ expires_in: 60 })
    })
  }

  it('whose answer is lost, and whose cookies have come, is tried again with those (B5, B21)', async () => {
    const { post, send, clock, state, sent } = openStrict({ doCookiesCome: true })
    await post('/auth/login')
    clock.time += 60_000
    await send('/api/me')
    expect(await state()).toMatchObject({ status: 'authenticated', failingSince: clock.time })
    clock.time += 60_000
    expect((await send('/api/me')).status).toBe(200)
    expect(await state()).not.toHaveProperty('failingSince')
    expect(sent.filter(sent => pathOf(sent) === '/auth/refresh')).toHaveLength(2)
  })

  it('whose answer is lost with its cookies ends the session at the next, once (B5, B22)', async () => {
    const { post, send, clock, state, sent } = openStrict({ doCookiesCome: false })
    await post('/auth/login')
    clock.time += 60_000
    await send('/api/me')
    clock.time += 60_000
    await send('/api/me')
    expect(await state()).toEqual({ status: 'anonymous', reason: 'lost' })
    await send('/api/me')
    expect(sent.filter(sent => pathOf(sent) === '/auth/refresh')).toHaveLength(2)
  })
})

describe('a session that the worker did not see begin', () => {
  const sessionUrl = '/api/me'

  it('is found where a page asks for the state, once', async () => {
    const { state, sent } = open({ sessionUrl }, { user: 'ada' })
    expect(await state()).toMatchObject({ status: 'authenticated', claims: { user: { id: 'ada' } } })
    await state()
    expect(sent.map(pathOf)).toEqual(['/api/me'])
  })

  it('is found where its access token has expired', async () => {
    const { state, sent, me } = open({ sessionUrl }, { user: 'ada', isAccessGood: false })
    expect(await state()).toMatchObject({ status: 'authenticated', claims: { user: { id: 'ada' } } })
    expect(sent.map(pathOf)).toEqual(['/api/me', '/auth/refresh', '/api/me'])
    expect(await me()).toBe(200)
  })

  it('is nobody where the server says so, and that causes one refresh at most', async () => {
    const { state, refreshes, navigate } = open({ sessionUrl })
    expect(await state()).toEqual({ status: 'anonymous', reason: 'none' })
    await navigate('/app/')
    await state()
    expect(refreshes()).toHaveLength(1)
  })

  it('is found after a form, by which somebody else has logged in (K4, K7)', async () => {
    const { logIn, state, navigate, server } = open({ sessionUrl })
    await logIn()
    const before = await state()
    server.user = 'grace'
    expect(await state()).toEqual(before)
    await navigate('/login', 'POST')
    const after = await state()
    expect(after).toMatchObject({ status: 'authenticated', claims: { user: { id: 'grace' } } })
    expect(after).not.toMatchObject({ sessionId: (before as { sessionId: string }).sessionId })
  })

  it('is the same one where the same user is back from another site (K5)', async () => {
    const { logIn, state, navigate, sent } = open({ sessionUrl })
    await logIn()
    const before = await state()
    await navigate('/callback?code=1', 'GET', { referrer: 'https://id.example/' })
    expect(await state()).toEqual(before)
    expect(sent.map(pathOf)).toEqual(['/auth/login', '/api/me'])
  })

  it('is found by recheck(), also without a sessionUrl', async () => {
    const { recheck, state, refreshes } = open({}, { user: 'ada' })
    expect(await state()).toEqual({ status: 'anonymous', reason: 'none' })
    await recheck()
    expect(await state()).toMatchObject({ status: 'authenticated' })
    expect(refreshes()).toHaveLength(1)
  })

  it('is left as it is where the server does not say', async () => {
    const { logIn, recheck, state, server } = open({ sessionUrl: '/auth/logout', logoutUrl: null })
    await logIn()
    const before = await state()
    server.isLogoutDown = true
    await recheck()
    expect(await state()).toEqual(before)
  })
})

describe('the options', () => {
  it.each<[Partial<Options>, string]>([
    [{ navigations: ['/app/'] }, 'navigations'],
    [{ sessionUrl: '/me' }, 'sessionUrl'],
    [{ subjectProp: 'user.id' }, 'subjectProp'],
    [{ accessTokenIn: 'cookie', useRefreshToken: false }, 'accessTokenIn'],
    [{ accessTokenIn: 'cookie', refreshTokenIn: 'body' }, 'refreshTokenIn'],
    [{ accessTokenIn: 'cookie', dpop: true }, 'dpop'],
    [{ accessTokenIn: 'cookie', exposeAccessToken: true }, 'exposeAccessToken'],
    [{ accessTokenIn: 'cookie', attach: 'placeholder' }, 'attach'],
  ])('%j names what is wrong', (options, name) => {
    expect(() => configOf(options)).toThrow(`option ${name}: `)
  })
})

it('nothing of the session in a record is a token', async () => {
  const { logIn, stored } = open()
  await logIn()
  const { accessToken, refreshToken, idToken } = stored() as Authenticated
  expect([accessToken, refreshToken, idToken]).toEqual(['in cookie', null, null])
})

describe('recheck with the refresh token alone in a cookie', () => {
  /** A server that knows the cookie of a user who was logged in before there was a worker. */
  function openBefore(user: string | null) {
    const server = { user }
    const core = openCore(
      { refreshTokenIn: 'cookie', refreshTokenUrl: '/auth/refresh', logoutUrl: '/auth/logout' },
      sent => {
        if (pathOf(sent) === '/auth/logout') server.user = null
        if (pathOf(sent) !== '/auth/refresh') return jsonResponse({})
        return server.user
          ? jsonResponse({ access_token: 'secret-of-a-refresh', expires_in: 60 })
          : jsonResponse({ error: 'invalid_grant' }, { status: 401 })
      },
    )
    const refreshes = () => core.sent.filter(sent => pathOf(sent) === '/auth/refresh').length
    return { ...core, refreshes }
  }

  it('begins a session by one refresh, for all who ask', async () => {
    const { ask, state, send, refreshes } = openBefore('ada')
    expect(await state()).toEqual({ status: 'anonymous', reason: 'none' })
    await Promise.all([ask('recheck'), ask('recheck'), ask('recheck')])
    expect(await state()).toMatchObject({ status: 'authenticated' })
    await ask('recheck')
    await send('/api/me')
    expect(refreshes()).toBe(1)
  })

  it('leaves nobody logged in whose cookie is none, and nobody after a logout', async () => {
    const { ask, state } = openBefore(null)
    await ask('recheck')
    expect(await state()).toEqual({ status: 'anonymous', reason: 'none' })
    const other = openBefore('ada')
    await other.ask('recheck')
    await other.ask('logout')
    await other.ask('recheck')
    expect(await other.state()).toEqual({ status: 'anonymous', reason: 'logout' })
  })
})

it('a logout has the server clear the cookie of who is not known here, the refresh token being alone in one', async () => {
  const { ask, sent } = openCore(
    { refreshTokenIn: 'cookie', refreshTokenUrl: '/auth/refresh', logoutUrl: '/auth/logout' },
    () => new Response(null, { status: 204 }),
  )
  await ask('logout')
  await expect.poll(() => sent.map(pathOf)).toEqual(['/auth/logout'])
  expect(sent[0]?.request.credentials).toBe('include')
})

describe('a refresh by a cookie alone, which somebody else has logged in with', () => {
  /** A server whose access tokens say whose they are, to whom it knows the cookie. */
  async function openWith(tokenOf: (user: string) => string, id?: (user: string) => string) {
    const server = { user: 'ada' }
    const core = openCore({ refreshTokenIn: 'cookie', refreshTokenUrl: '/auth/refresh' }, sent => {
      if (!pathOf(sent).startsWith('/auth/')) return jsonResponse({})
      const idToken = id && pathOf(sent) === '/auth/login' ? { id_token: id(server.user) } : {}
      return jsonResponse({ access_token: tokenOf(server.user), expires_in: 60, ...idToken })
    })
    await core.post('/auth/login')
    core.clock.time += 60_000
    return { ...core, server }
  }
  const token = (sub: string) => jwt({ sub, jti: `${Math.random()}` })

  it('ends the session, and sends nothing as another user (K7, R23)', async () => {
    const { server, send, state, sent } = await openWith(token)
    server.user = 'grace'
    await send('/api/me')
    expect(await state()).toEqual({ status: 'anonymous', reason: 'rejected' })
    expect(sent.filter(({ url, authorization }) => url.includes('api') && authorization)).toEqual([])
  })

  it('goes on for the same user, for tokens that say nothing, and where an id token has another sub', async () => {
    for (const { send, state } of [
      await openWith(token),
      await openWith(() => 'opaque'),
      await openWith(token, user => jwt({ sub: `pairwise-${user}` })),
    ]) {
      expect((await send('/api/me')).status).toBe(200)
      expect(await state()).toMatchObject({ status: 'authenticated' })
    }
  })
})
