import { generateKeyPair } from 'jose'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { type AuthServerOptions, createAuthServer, memoryStore, type StoredSession } from '../../../src/server/index.ts'

const ORIGIN = 'https://app.example'
const SECRET = 'x'.repeat(32)
const base = (): AuthServerOptions => ({
  keys: [{ kid: 'one', secret: 'k'.repeat(32) }],
  refreshTokenSecret: SECRET,
  store: memoryStore(),
  authenticate: ({ name, password }) => (password === 'right' ? { sub: String(name), roles: ['user'] } : null),
})

function post(body: unknown, headers: Record<string, string> = {}, path = '/auth/refresh') {
  return new Request(ORIGIN + path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

function open(options: Partial<AuthServerOptions> = {}) {
  const server = createAuthServer({ ...base(), ...options })
  const logIn = async (name = 'ada') => (await server.login(post({ name, password: 'right' }))).json()
  const refresh = (refresh_token: string, key?: string) =>
    server.refresh(post({ grant_type: 'refresh_token', refresh_token }, key ? { 'Idempotency-Key': `"${key}"` } : {}))
  const isGood = async (token: string) =>
    (await server.verify(new Request(`${ORIGIN}/api`, { headers: { Authorization: `Bearer ${token}` } }))) !== null
  return { server, logIn, refresh, isGood }
}

const errorOf = async (response: Response) => [response.status, (await response.json()).error]

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) })
  return () => vi.useRealTimers()
})

describe('a login', () => {
  it('is answered with tokens, which the API takes', async () => {
    const { server, logIn, isGood } = open()
    const tokens = await logIn()
    expect(tokens).toMatchObject({ token_type: 'Bearer', expires_in: 900 })
    expect(await isGood(tokens.access_token)).toBe(true)
    const request = new Request(ORIGIN, { headers: { Authorization: `bearer ${tokens.access_token}` } })
    expect(await server.verify(request)).toMatchObject({ sub: 'ada', roles: ['user'] })
  })

  it.each([
    ['wrong credentials', post({ name: 'ada', password: 'wrong' }), [401, 'invalid_grant']],
    ['a form', post('name=ada', { 'Content-Type': 'application/x-www-form-urlencoded' }), [415, 'invalid_request']],
    ['no JSON', post('{'), [400, 'invalid_request']],
    ['an array', post([]), [400, 'invalid_request']],
    ['a long body', post({ name: 'x'.repeat(70_000) }), [413, 'invalid_request']],
    ['a GET', new Request(ORIGIN), [405, 'invalid_request']],
  ])('is refused with %s', async (_, request, expected) => {
    expect(await errorOf(await open().server.login(request))).toEqual(expected)
  })
})

describe('rotation', () => {
  it('gives a new refresh token each time, and ends the family where an old one comes back (Z2)', async () => {
    const reused: StoredSession[] = []
    const { logIn, refresh } = open({ onReuse: session => reused.push(session) })
    const first = await logIn()
    const second = await (await refresh(first.refresh_token)).json()
    const third = await (await refresh(second.refresh_token)).json()
    expect(new Set([first, second, third].map(({ refresh_token }) => refresh_token)).size).toBe(3)
    expect(await errorOf(await refresh(first.refresh_token))).toEqual([401, 'invalid_grant'])
    expect(await errorOf(await refresh(third.refresh_token))).toEqual([401, 'invalid_grant'])
    expect(reused.map(({ sub }) => sub)).toEqual(['ada'])
  })

  it('gives one successor to fifty at once, and ends the family (Z5)', async () => {
    const { logIn, refresh } = open()
    const { refresh_token } = await logIn()
    const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(refresh_token)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    const good = answers.find(({ status }) => status === 200) as Response
    expect((await refresh((await good.json()).refresh_token)).status).toBe(401)
  })

  it('gives the same successor to all that come by one name (G17, Z1)', async () => {
    const { logIn, refresh } = open()
    const { refresh_token } = await logIn()
    const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(refresh_token, 'the-same-name')))
    const tokens = await Promise.all(answers.map(answer => answer.json()))
    expect(new Set(tokens.map(each => each.refresh_token)).size).toBe(1)
    expect((await refresh(tokens[0].refresh_token)).status).toBe(200)
  })

  it.each([
    ['by another name (Z3)', 'another-name', 0, 401],
    ['without one (Z2)', undefined, 0, 401],
    ['by the same name, later than the window (Z4)', 'the-same-name', 86_400, 401],
    ['by the same name, within it (Z1)', 'the-same-name', 86_399, 200],
  ])('of a token that was used: %s', async (_, key, seconds, status) => {
    const { logIn, refresh } = open()
    const { refresh_token } = await logIn()
    await refresh(refresh_token, 'the-same-name')
    vi.advanceTimersByTime(seconds * 1000)
    expect((await refresh(refresh_token, key)).status).toBe(status)
  })

  it('takes no repetition once the successor was used', async () => {
    const { logIn, refresh } = open()
    const { refresh_token } = await logIn()
    const next = await (await refresh(refresh_token, 'the-same-name')).json()
    await refresh(next.refresh_token, 'the-next-name')
    expect((await refresh(refresh_token, 'the-same-name')).status).toBe(401)
  })

  it('has a grace for clients without names, where one is wanted', async () => {
    const { logIn, refresh } = open({ reuseInterval: 10 })
    const { refresh_token } = await logIn()
    const next = await (await refresh(refresh_token)).json()
    vi.advanceTimersByTime(9_000)
    expect(await (await refresh(refresh_token)).json()).toMatchObject({ refresh_token: next.refresh_token })
    vi.advanceTimersByTime(1_000)
    expect((await refresh(refresh_token)).status).toBe(401)
  })

  it('does not begin the life of a session anew (Z7, RFC 10017 §6.3.2.3)', async () => {
    const { logIn, refresh } = open({ refreshTokenLifetime: 100, maxAge: 250 })
    let { refresh_token } = await logIn()
    for (const at of [90, 180, 240]) {
      vi.setSystemTime(Date.UTC(2026, 0, 1) + at * 1000)
      refresh_token = (await (await refresh(refresh_token)).json()).refresh_token
    }
    vi.setSystemTime(Date.UTC(2026, 0, 1) + 250_000)
    expect((await refresh(refresh_token)).status).toBe(401)
  })

  it('ends where nobody refreshes, and where renew says so', async () => {
    const idle = open({ refreshTokenLifetime: 100 })
    const { refresh_token } = await idle.logIn()
    vi.advanceTimersByTime(100_000)
    expect((await idle.refresh(refresh_token)).status).toBe(401)
    const blocked = open({ renew: () => null })
    const other = await blocked.logIn()
    expect((await blocked.refresh(other.refresh_token)).status).toBe(401)
  })

  it('has the claims that renew gives', async () => {
    const { server, logIn, refresh } = open({ renew: ({ claims }) => ({ ...claims, roles: ['admin'] }) })
    const { access_token } = await (await refresh((await logIn()).refresh_token)).json()
    const request = new Request(ORIGIN, { headers: { Authorization: `Bearer ${access_token}` } })
    expect(await server.verify(request)).toMatchObject({ sub: 'ada', roles: ['admin'] })
  })
})

describe('a refresh', () => {
  it.each([
    ['no token', post({ grant_type: 'refresh_token' }), [400, 'invalid_request']],
    ['another grant', post({ grant_type: 'password' }), [400, 'unsupported_grant_type']],
    ['a token that is no string', post({ refresh_token: { a: 1 } }), [401, 'invalid_grant']],
    ['a token that is none', post({ refresh_token: 'a.b.c' }), [401, 'invalid_grant']],
    ['text', post('x', { 'Content-Type': 'text/plain' }), [415, 'invalid_request']],
  ])('is refused with %s', async (_, request, expected) => {
    expect(await errorOf(await open().server.refresh(request))).toEqual(expected)
  })

  it('may be a form, as RFC 6749 has it', async () => {
    const { server, logIn } = open()
    const { refresh_token } = await logIn()
    const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token })
    const request = new Request(ORIGIN, { method: 'POST', body })
    expect((await server.refresh(request)).status).toBe(200)
  })

  it('with a token that was changed costs no look into the store', async () => {
    const store = memoryStore()
    const read = vi.spyOn(store, 'read')
    const { logIn, refresh } = open({ store })
    const { refresh_token } = await logIn()
    const [id, counter, mac] = refresh_token.split('.')
    for (const token of [
      `${id}.${Number(counter) + 1}.${mac}`,
      `${'a'.repeat(36)}.${counter}.${mac}`,
      `${id}.${counter}.${'A'.repeat(43)}`,
    ])
      expect((await refresh(token)).status).toBe(401)
    expect(read).not.toHaveBeenCalled()
  })
})

describe('a logout', () => {
  it('ends the session of its refresh token, or else of its access token', async () => {
    const { server, logIn, refresh } = open()
    const [one, two] = [await logIn(), await logIn()]
    expect((await server.logout(post({ refresh_token: one.refresh_token }))).status).toBe(204)
    expect((await refresh(one.refresh_token)).status).toBe(401)
    const headers = { Authorization: `Bearer ${two.access_token}` }
    expect((await server.logout(new Request(ORIGIN, { method: 'POST', headers }))).status).toBe(204)
    expect((await refresh(two.refresh_token)).status).toBe(401)
  })

  it('works with an access token that has expired', async () => {
    const { server, logIn, refresh } = open()
    const { access_token, refresh_token } = await logIn()
    vi.advanceTimersByTime(901_000)
    const headers = { Authorization: `Bearer ${access_token}` }
    await server.logout(new Request(ORIGIN, { method: 'POST', headers }))
    expect((await refresh(refresh_token)).status).toBe(401)
  })

  it('everywhere ends all of the user, and nobody else (Z9)', async () => {
    const { server, logIn, refresh } = open()
    const [one, two, other] = [await logIn(), await logIn(), await logIn('grace')]
    const headers = { Authorization: `Bearer ${one.access_token}` }
    expect((await server.logoutEverywhere(new Request(ORIGIN, { method: 'POST', headers }))).status).toBe(204)
    expect((await refresh(two.refresh_token)).status).toBe(401)
    expect((await refresh(other.refresh_token)).status).toBe(200)
    expect((await server.logoutEverywhere(new Request(ORIGIN, { method: 'POST' }))).status).toBe(401)
  })
})

describe('a store that fails (Z10)', () => {
  const down = async () => {
    throw new Error('connection refused')
  }
  const open503 = () => {
    const store = memoryStore()
    const onStoreError = vi.fn()
    const opened = open({ store, onStoreError })
    const fails = () => {
      const working = { ...store }
      Object.assign(store, { read: down, swap: down, endAll: down })
      return () => Object.assign(store, working)
    }
    return { ...opened, onStoreError, fails }
  }

  it('is a 503 that ends no session, whatever was asked', async () => {
    const { server, logIn, refresh, onStoreError, fails } = open503()
    const { access_token, refresh_token } = await logIn()
    const headers = { Authorization: `Bearer ${access_token}` }
    const mends = fails()
    for (const answer of [
      await server.login(post({ name: 'ada', password: 'right' })),
      await refresh(refresh_token),
      await server.logout(post({ refresh_token })),
      await server.logoutEverywhere(new Request(ORIGIN, { method: 'POST', headers })),
    ]) {
      expect(answer.headers.get('Retry-After')).toBe('5')
      expect(answer.headers.getSetCookie()).toEqual([])
      expect(await errorOf(answer)).toEqual([503, 'temporarily_unavailable'])
    }
    expect(onStoreError.mock.calls.map(([error]) => error.message)).toEqual(Array(4).fill('connection refused'))
    mends()
    expect((await refresh(refresh_token)).status).toBe(200)
  })

  it('after it has stored the successor: the repetition gets that', async () => {
    const store = memoryStore()
    let isCut = true
    const swap = async (...args: Parameters<typeof store.swap>) => {
      const isSwapped = await store.swap(...args)
      if (args[1] !== null && isCut) throw new Error('the connection was closed')
      return isSwapped
    }
    const { logIn, refresh } = open({ store: { ...store, swap }, onStoreError: () => undefined })
    const { refresh_token } = await logIn()
    expect((await refresh(refresh_token, 'the-same-name')).status).toBe(503)
    isCut = false
    expect((await refresh(refresh_token, 'the-same-name')).status).toBe(200)
  })

  it('is told from authenticate and renew, whose errors are thrown', async () => {
    const { logIn, refresh } = open({ renew: down })
    await expect(refresh((await logIn()).refresh_token)).rejects.toThrow('connection refused')
    await expect(open({ authenticate: down }).logIn()).rejects.toThrow('connection refused')
  })
})

describe('keys', () => {
  it('of a pair are in the JWKS, without the private one', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
    const { server, logIn, isGood } = open({ keys: [{ kid: 'pair', alg: 'ES256', publicKey, privateKey }] })
    expect(await isGood((await logIn()).access_token)).toBe(true)
    const { keys } = await server.jwks()
    expect(keys).toEqual([expect.objectContaining({ kid: 'pair', kty: 'EC', alg: 'ES256', use: 'sig' })])
    expect(keys[0]).not.toHaveProperty('d')
  })

  it('rotate without a logout: the first signs, all verify (Z8)', async () => {
    const store = memoryStore()
    const [old, next] = [
      { kid: 'old', secret: 'o'.repeat(32) },
      { kid: 'new', secret: 'n'.repeat(32) },
    ]
    const before = open({ store, keys: [old] })
    const tokens = await before.logIn()
    const during = open({ store, keys: [next, old] })
    expect(await during.isGood(tokens.access_token)).toBe(true)
    const renewed = await (await during.refresh(tokens.refresh_token)).json()
    const after = open({ store, keys: [next] })
    expect(await after.isGood(tokens.access_token)).toBe(false)
    expect(await after.isGood(renewed.access_token)).toBe(true)
  })

  it('are not taken for one another', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
    const pair = { kid: 'one', alg: 'ES256', publicKey, privateKey } as const
    const { access_token } = await open().logIn()
    expect(await open({ keys: [pair] }).isGood(access_token)).toBe(false)
  })
})

describe('cookies', () => {
  const cookies = { path: '/auth', accessToken: true }
  const cookieOf = (response: Response) =>
    response.headers
      .getSetCookie()
      .map(each => each.split(';')[0])
      .join('; ')
  const from = (site: string, cookie: string, method = 'POST') =>
    new Request(`${ORIGIN}/auth/refresh`, {
      method,
      headers: {
        'Content-Type': 'application/json',
        'Sec-Fetch-Site': site,
        'X-Requested-With': 'refresh-worker',
        Cookie: cookie,
      },
      ...(method === 'POST' ? { body: '{}' } : {}),
    })

  it('hold both tokens, of which no script sees one', async () => {
    const { server } = open({ cookies })
    const login = await server.login(post({ name: 'ada', password: 'right' }))
    expect(await login.json()).toEqual({ token_type: 'Bearer', expires_in: 900 })
    for (const cookie of login.headers.getSetCookie()) expect(cookie).toMatch(/; HttpOnly; .*; Secure$/)
    const refreshed = await server.refresh(from('same-origin', cookieOf(login)))
    expect(refreshed.status).toBe(200)
    expect(await server.verify(from('same-origin', cookieOf(refreshed), 'GET'))).toMatchObject({ sub: 'ada' })
    const loggedOut = await server.logout(from('same-origin', cookieOf(refreshed)))
    expect(loggedOut.headers.getSetCookie().every(cookie => cookie.includes('Max-Age=0'))).toBe(true)
    expect((await server.refresh(from('same-origin', cookieOf(refreshed)))).status).toBe(401)
  })

  it('V17: of several sessions are refused, and not cleared: another host of the site may have planted one', async () => {
    const { server } = open({ cookies })
    const logIn = async (name: string) => cookieOf(await server.login(post({ name, password: 'right' }))).split('; ')
    const [ada, mallory] = [await logIn('ada'), await logIn('mallory')]
    for (const all of [
      [...mallory, ...ada],
      [...ada, ...mallory],
    ]) {
      const request = () => from('same-origin', all.join('; '))
      const response = await server.refresh(request())
      expect(response.headers.getSetCookie()).toEqual([])
      expect(await errorOf(response)).toEqual([401, 'invalid_grant'])
      expect(await server.verify(from('same-origin', all.join('; '), 'GET'))).toBeNull()
    }
    await server.logout(from('same-origin', [...mallory, ...ada].join('; ')))
    for (const one of [ada, mallory])
      expect((await server.refresh(from('same-origin', one.join('; ')))).status).toBe(401)
  })

  it.each<[string, (before: string, after: string) => string]>([
    ['the old one first', (before, after) => `${before}; ${after}`],
    ['the old one last', (before, after) => `${after}; ${before}`],
    ['junk first', (_, after) => `access_token=junk; refresh_token=junk; ${after}`],
  ])('V17: of one session count by the newest, and junk does not count: %s', async (_, arrange) => {
    const { server } = open({ cookies })
    const before = cookieOf(await server.login(post({ name: 'ada', password: 'right' })))
    const after = cookieOf(await server.refresh(from('same-origin', before)))
    const all = arrange(before, after)
    expect(await server.verify(from('same-origin', all, 'GET'))).toMatchObject({ sub: 'ada' })
    expect((await server.refresh(from('same-origin', all))).status).toBe(200)
  })

  it.each(['__Host-rt', '__Secure-rt', '__Http-rt', '__Host-Http-rt'])(
    'V16: are not named %s where they are not secure',
    refresh => {
      expect(() => open({ cookies: { path: '/', names: { refresh }, secure: false } })).toThrow(/secure: true/)
    },
  )

  it.each(['cross-site', 'same-site'])('change nothing for a %s request (Z12)', async site => {
    const { server } = open({ cookies })
    const cookie = cookieOf(await server.login(post({ name: 'ada', password: 'right' })))
    for (const handle of [server.login, server.refresh, server.logout, server.logoutEverywhere])
      expect((await handle(from(site, cookie))).status).toBe(403)
    expect(await server.verify(from(site, cookie))).toBeNull()
    // A link from there may read.
    expect(await server.verify(from(site, cookie, 'GET'))).toMatchObject({ sub: 'ada' })
    expect((await server.refresh(from('same-origin', cookie))).status).toBe(200)
  })

  it('need the header that no form can send (Z12)', async () => {
    const { server } = open({ cookies })
    const request = from('same-origin', '')
    request.headers.delete('X-Requested-With')
    expect(await errorOf(await server.refresh(request))).toEqual([400, 'invalid_request'])
  })

  it('may be those of a page elsewhere that is trusted', async () => {
    const { server } = open({ cookies, trustedOrigins: ['https://other.example'] })
    const request = post(
      { name: 'ada', password: 'right' },
      { Origin: 'https://other.example', 'Sec-Fetch-Site': 'cross-site' },
    )
    expect((await server.login(request)).status).toBe(200)
  })

  it('are judged by Origin where a browser says no more (Z12)', async () => {
    const { server } = open({ cookies })
    const of = (origin: string) => post({ name: 'ada', password: 'right' }, { Origin: origin, Host: 'app.example' })
    expect((await server.login(of('https://evil.example'))).status).toBe(403)
    expect((await server.login(of(ORIGIN))).status).toBe(200)
  })
})

it.each([
  [{ keys: [] }, /keys/],
  [{ keys: [{ kid: 'a', secret: 'short' }] }, /32 bytes/],
  [{ keys: [{ kid: 'a', secret: SECRET }] }, /must not be one of the keys/],
  [{ refreshTokenSecret: 'short' }, /refreshTokenSecret/],
  [{ maxAge: 0 }, /maxAge/],
  [{ store: {} }, /store/],
  [{ cookies: { path: 'auth' } }, /cookies/],
  [{ unknown: true }, /unknown/],
] as [Partial<AuthServerOptions>, RegExp][])('a wrong option is named: %j', (options, message) => {
  expect(() => createAuthServer({ ...base(), ...options })).toThrow(message)
})
