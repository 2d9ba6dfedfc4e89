/** Pages whose code knows nothing of the worker, and holds what it was given: placeholders, or tokens of before. */
import { decodeJwt } from 'jose'
import { describe, expect, it } from 'vitest'
import type { Options } from '../../../src/core/options/options.ts'
import type { Authenticated } from '../../../src/core/session/session.ts'
import { envelope, type PageRequest, parsePageRequest } from '../../../src/protocol.ts'
import { jsonResponse, jwt, NOW, type Sent } from '../kit.ts'
import { bearer, isRefresh, open, pathOf } from './existing-code.ts'
import { openCore } from './whole-core.ts'

describe('a placeholder of another session (N14, strict)', () => {
  it('gets a 401, and no token of whoever is logged in now', async () => {
    const { logIn, send, sent } = open()
    const ada = await logIn()
    const grace = await logIn()
    const before = sent.length
    const response = await send('/api/me', bearer(ada.access_token))
    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({ code: 'session_replaced' })
    expect(sent).toHaveLength(before)
    expect(await (await send('/api/me', bearer(grace.access_token))).text()).toBe('Bearer access-token-2-of-ada')
  })

  it('ends no session but its own', async () => {
    const { logIn, send, sent, state } = open({ logoutUrl: '/auth/logout' })
    const ada = await logIn()
    await logIn()
    await send('/auth/logout', bearer(ada.access_token))
    expect(await state()).toMatchObject({ status: 'authenticated' })
    expect(sent.at(-1)?.authorization).toBeNull()
  })

  it('renews nothing', async () => {
    const { logIn, post, refreshes } = open()
    const ada = await logIn()
    await logIn()
    const response = await post('/auth/refresh', { refresh_token: ada.refresh_token })
    expect([response.status, (await response.json()).error]).toEqual([400, 'invalid_grant'])
    expect(refreshes()).toEqual([])
  })
})

describe("attach: 'placeholder'", () => {
  it('gives a token to what carries a placeholder alone, so that the local logout of an application is one (W57)', async () => {
    const { logIn, me } = open({ attach: 'placeholder' })
    const { access_token } = await logIn()
    expect(await me(bearer(access_token))).toBe('Bearer access-token-1-of-ada')
    expect(await me()).toBe('none')
  })

  it('goes by the header that the application uses (W57)', async () => {
    const { logIn, send, sent } = open({ attach: 'placeholder', authHeader: 'x-access-token', authTokenType: false })
    const { access_token = '' } = await logIn()
    await send('/api/me', { headers: { 'x-access-token': access_token } })
    expect(sent.at(-1)?.request.headers.get('x-access-token')).toBe('access-token-1-of-ada')
    await send('/api/me')
    expect(sent.at(-1)?.request.headers.get('x-access-token')).toBeNull()
  })
})

describe('the bypass header', () => {
  it('has a request go without a token, and without the header (W59)', async () => {
    const { logIn, send, sent } = open()
    const { access_token } = await logIn()
    for (const headers of [{}, bearer(access_token).headers]) {
      await send('/api/public', { headers: { ...headers, 'Refresh-Worker-Bypass': '1', 'X-Other': 'kept' } })
      const request = sent.at(-1)?.request
      expect(request?.headers.get('Authorization')).toBeNull()
      expect([...(request?.headers.keys() ?? [])]).toEqual(['x-other'])
    }
    await send('/api/public', { headers: { 'Refresh-Worker-Bypass': '1', Authorization: 'Bearer its-own' } })
    expect(sent.at(-1)?.authorization).toBe('Bearer its-own')
  })

  it('is stripped at every URL that the worker sees, and has no other meaning there', async () => {
    const { logIn, send, sent, state } = open({
      logoutUrl: '/auth/logout',
      revocationUrl: '/auth/revoke',
      loginUrl: ['/auth/login', '/graphql'],
      loginOperations: ['login'],
      apiUrls: ['/api/', '/graphql'],
    })
    await logIn()
    const headers = { 'Refresh-Worker-Bypass': '1', 'X-Other': 'kept' }
    const body = new URLSearchParams({ token: 'of-another' })
    const before = await state()
    for (const [path, init] of [
      ['https://other.example/', {}],
      ['/auth/revoke', { method: 'POST', body }],
      ['/auth/refresh', { method: 'POST', body }],
      ['/graphql', { method: 'POST', body: '{"query":"{ me }"}' }],
      ['/auth/login', { method: 'POST' }],
      ['/auth/logout', { method: 'POST' }],
    ] as const) {
      await send(path, { ...init, headers })
      const request = sent.findLast(({ url }) => url.endsWith(path))?.request
      expect(request?.headers.get('Refresh-Worker-Bypass')).toBeNull()
      expect(request?.headers.get('X-Other')).toBe('kept')
    }
    expect(before).toMatchObject({ status: 'authenticated' })
    expect(await state()).toMatchObject({ status: 'anonymous', reason: 'logout' })
  })

  it('may have another name', async () => {
    const { logIn, send, sent } = open({ bypassHeader: 'ngsw-bypass' })
    await logIn()
    await send('/api/public', { headers: { 'ngsw-bypass': '' } })
    expect(sent.at(-1)?.authorization).toBeNull()
  })
})

describe("a page's own refresh is answered from the session, in whatever form it comes (W61)", () => {
  const JSON_TYPE = { 'Content-Type': 'application/json' }
  const post = (body: object): readonly [string, RequestInit] => [
    '',
    { method: 'POST', headers: JSON_TYPE, body: JSON.stringify(body) },
  ]
  const asks: readonly (readonly [string, (token: string, access: string) => readonly [string, RequestInit]])[] = [
    ['in JSON, after the access token', (refreshToken, accessToken) => post({ accessToken, refreshToken })],
    [
      'in JSON, after the access token, below',
      (refresh, access) => post({ tokens: { access: { token: access }, refresh: { token: refresh } } }),
    ],
    [
      'in a form, after the access token',
      (refresh_token, access_token) => [
        '',
        { method: 'POST', body: new URLSearchParams({ grant_type: 'refresh_token', access_token, refresh_token }) },
      ],
    ],
    [
      'in a form of parts, after the access token',
      (refresh, access) => {
        const body = new FormData()
        body.set('access', access)
        body.set('refresh', refresh)
        return ['', { method: 'POST', body }]
      },
    ],
    ['in the query, after the access token', (refresh, access) => [`?a=${access}&r=${refresh}`, { method: 'POST' }]],
    ['in another header', token => ['', { method: 'POST', headers: { 'X-Refresh-Token': token } }]],
    [
      'in another header, beside the access token',
      (token, access) => ['', { method: 'POST', headers: { 'X-Refresh-Token': token, ...bearer(access).headers } }],
    ],
    ['with another word for the grant', refresh_token => post({ grant_type: 'refresh', refresh_token })],
    ['with a word of its own for the grant', refresh_token => post({ grant_type: 'renew', refresh_token })],
    ['in JSON', token => ['', { method: 'POST', headers: JSON_TYPE, body: JSON.stringify({ refreshToken: token }) }]],
    [
      'in JSON, below',
      token => ['', { method: 'POST', headers: JSON_TYPE, body: JSON.stringify({ data: { token } }) }],
    ],
    ['in a form', token => ['', { method: 'POST', body: new URLSearchParams({ any: token }) }]],
    ['as text', token => ['', { method: 'POST', body: token }]],
    ['in the query', token => [`?refresh_token=${token}`, { method: 'POST' }]],
    ['in the header', token => ['', { method: 'POST', ...bearer(token) }]],
    ['by PUT', token => ['', { method: 'PUT', body: token }]],
    ['by GET', token => [`?token=${token}`, {}]],
    [
      'with the grant in the query',
      token => [
        '?grant_type=refresh_token',
        { method: 'POST', headers: JSON_TYPE, body: JSON.stringify({ refresh_token: token }) },
      ],
    ],
  ]

  it.each(asks)('%s', async (_, ask) => {
    const { logIn, send, sent, state } = open()
    const { refresh_token = '', access_token = '' } = await logIn()
    const before = await state()
    const inThreeTabs = [1, 2, 3].map(() => {
      const [query, init] = ask(refresh_token, access_token)
      return send(`/auth/refresh${query}`, init)
    })
    for (const response of await Promise.all(inThreeTabs))
      expect(await response.json()).toMatchObject({
        refresh_token,
        access_token: expect.stringContaining('refresh-worker-access-token-'),
      })
    // Young as the token is, no refresh was due, and nothing was sent.
    expect(sent).toHaveLength(1)
    expect(await state()).toEqual(before)
  })

  it.each(['', null, 'undefined', 'null'])('by a cookie, beside a token that is none: %j', async refresh_token => {
    const { logIn, post, refreshes, state } = open({ refreshTokenIn: 'cookie' })
    const { access_token } = await logIn()
    const before = await state()
    for (const body of [{ refresh_token }, { refresh_token: access_token }, { grant_type: 'refresh', refresh_token }])
      expect((await post('/auth/refresh', body)).status).toBe(200)
    expect(refreshes()).toEqual([])
    expect(await state()).toEqual(before)
  })

  it('by the access token, where that renews itself, under the name that the worker uses', async () => {
    const { logIn, post, refreshes } = open({ refreshTokenIn: 'access_token', refreshTokenSubmitProp: 'token' })
    const { access_token } = await logIn()
    expect((await post('/auth/refresh', { token: access_token })).status).toBe(200)
    expect(refreshes()).toEqual([])
  })

  it.each(['refreshToken', 'rt'])('by the real token, under any name: %s', async name => {
    const { logIn, post, send, refreshes, state } = open({ redactTokens: false })
    const { refresh_token = '' } = await logIn()
    const before = await state()
    await post('/auth/refresh', { data: { [name]: refresh_token } })
    await post('/auth/refresh', { grant_type: 'renew', [name]: refresh_token })
    await send('/auth/refresh', { method: 'POST', body: new URLSearchParams({ [name]: refresh_token }) })
    await send(`/auth/refresh?${name}=${refresh_token}`, { method: 'POST' })
    await send('/auth/refresh', { method: 'POST', headers: { [name]: refresh_token } })
    expect(refreshes()).toEqual([])
    expect(await state()).toEqual(before)
  })

  it('but not another grant, at the same URL', async () => {
    const { logIn, post, sent, send } = open({ refreshTokenIn: 'cookie' })
    await logIn()
    await send('/auth/refresh', { method: 'POST', body: new URLSearchParams({ grant_type: 'authorization_code' }) })
    expect(sent).toHaveLength(2)
    const body = open({ refreshTokenUrl: '/auth/refresh' })
    const { refresh_token } = await body.logIn()
    const exchange = { grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange', subject_token: refresh_token }
    await body.post('/auth/refresh', exchange)
    expect(body.sent.at(-1)?.body).toContain('refresh-token-1-of-ada')
    await post('/auth/refresh', { refresh_token: 'of-another' })
    expect(sent).toHaveLength(3)
  })

  it('and causes one refresh where one is due, of three tabs at once (W58)', async () => {
    const { logIn, post, refreshes, clock } = open()
    const { refresh_token } = await logIn()
    clock.time += 50_000
    const answers = await Promise.all([1, 2, 3].map(() => post('/auth/refresh', { refresh_token })))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(refreshes()).toHaveLength(1)
  })

  it('at the start, by a cookie and without any token (W58)', async () => {
    const { logIn, send, refreshes } = open({ refreshTokenIn: 'cookie' })
    await logIn()
    const response = await send('/auth/refresh', { method: 'POST', credentials: 'include' })
    expect((await response.json()).access_token).toContain('refresh-worker-access-token-')
    expect(refreshes()).toEqual([])
  })
})

describe('a refresh URL that does more than that', () => {
  const options = {
    refreshTokenIn: 'cookie',
    refreshTokenUrl: '/auth/session',
    logoutUrl: '/auth/session',
    logoutMethod: 'delete',
  } as const

  it('is left to the server where a page asks it by GET, and a DELETE is a logout', async () => {
    const core = openCore(options, ({ method, authorization }) =>
      method === 'POST'
        ? jsonResponse({ access_token: 'access-token-of-ada' })
        : jsonResponse({ user: 'ada', authorization }),
    )
    await core.post('/auth/login')
    expect(await (await core.send('/auth/session')).json()).toEqual({ user: 'ada', authorization: null })
    await core.send('/auth/session', { method: 'DELETE' })
    expect(await core.state()).toMatchObject({ status: 'anonymous', reason: 'logout' })
  })
})

describe("what a page's own refresh is answered with", () => {
  it('has all that the server answers, with a fresh placeholder and time (W58)', async () => {
    let count = 0
    const { post, clock, sent } = openCore({ refreshTokenUrl: '/auth/refresh', accessTokenProp: 'jwtToken' }, () =>
      jsonResponse({
        id: 7,
        firstName: 'Ada',
        jwtToken: jwt({ sub: 'ada', n: ++count, exp: NOW / 1000 + 600 }),
        refresh_token: `refresh-token-${count}-of-ada`,
        header: `Bearer ${jwt({ sub: 'ada', n: count, exp: NOW / 1000 + 600 })}`,
        expires_in: '600',
      }),
    )
    const login = await (await post('/auth/login')).json()
    clock.time += 60_000
    const young = await (await post('/auth/refresh', { refresh_token: login.refresh_token })).json()
    expect(sent).toHaveLength(1)
    expect(young).toMatchObject({ id: 7, firstName: 'Ada', refresh_token: login.refresh_token, expires_in: '540' })
    expect(young.header).toBe(`Bearer ${young.jwtToken}`)
    expect(decodeJwt(young.jwtToken)).toMatchObject({ sub: 'ada', n: 1 })
    clock.time += 540_000
    const due = await (await post('/auth/refresh', { refresh_token: login.refresh_token })).json()
    expect(sent).toHaveLength(2)
    expect(decodeJwt(due.jwtToken)).toMatchObject({ sub: 'ada', n: 2 })
  })

  it('has the names of RFC 6749 too, where the login had others', async () => {
    const { post, send } = openCore(
      {
        refreshTokenUrl: '/token',
        readTokens: async response => {
          const { idToken, refreshToken } = await response.json()
          return { accessToken: idToken, refreshToken, expiresIn: 60 }
        },
      },
      () => jsonResponse({ localId: 'u1', idToken: 'access-token-of-ada', refreshToken: 'refresh-token-of-ada' }),
    )
    const { idToken, refreshToken } = await (await post('/auth/login')).json()
    const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken })
    const answer = await (await send('/token', { method: 'POST', body })).json()
    expect(answer).toEqual({
      localId: 'u1',
      idToken,
      refreshToken,
      access_token: idToken,
      refresh_token: refreshToken,
      token_type: 'Bearer',
      expires_in: 60,
    })
  })

  it('is the same for a worker that was started since, and no token stands in what is stored for it', async () => {
    const { logIn, stored } = open()
    await logIn()
    const { answer } = stored() as Authenticated
    expect(JSON.parse(answer ?? '')).toEqual({
      access_token: 'refresh-worker-access-token',
      refresh_token: 'refresh-worker-refresh-token',
      expires_in: 60,
    })
  })
})

/** Of text, though nothing says so. */
const BODIES: readonly (readonly [string, (text: string) => RequestInit])[] = [
  ['a Blob without a type', text => ({ method: 'POST', body: new Blob([text]) })],
  ['bytes', text => ({ method: 'POST', body: new TextEncoder().encode(text) })],
  ['a stream', text => ({ method: 'POST', body: new Response(text).body, duplex: 'half' }) as RequestInit],
  ['application/jwt', text => ({ method: 'POST', body: text, headers: { 'Content-Type': 'application/jwt' } })],
]

describe('a placeholder reaches no server (W62)', () => {
  const PLACES: readonly (readonly [string, (token: string) => readonly [string, RequestInit]])[] = [
    ['the URL', token => [`/api/me?token=${token}`, {}]],
    ['the header x-token', token => ['/api/me', { headers: { 'X-Token': token } }]],
    ['the body', token => ['/api/me', { method: 'POST', body: JSON.stringify({ token }) }]],
    ['the body', token => ['/api/me', { method: 'POST', body: new URLSearchParams({ token }) }]],
    [
      'the body',
      token => {
        const body = new FormData()
        body.set('token', token)
        return ['/api/me', { method: 'POST', body }]
      },
    ],
    ['the URL', token => [`/api/verify/${token}`, {}]],
    ['the body', token => ['/api/me', { method: 'POST', body: token, headers: { 'Content-Type': 'application/jwt' } }]],
    ['the header authorization', token => ['/api/me', { headers: { Authorization: `Basic ${btoa(`${token}:`)}` } }]],
    ['the URL', token => [`/elsewhere?token=${token}`, {}]],
    ['the URL', token => [`https://other.example/?token=${token}`, { method: 'POST' }]],
  ]

  it.each(PLACES)('in %s: refused in words', async (place, ask) => {
    const { logIn, send, sent } = open()
    const { access_token = '' } = await logIn()
    const before = sent.length
    const response = await send(...ask(access_token))
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      code: 'placeholder_misplaced',
      detail: expect.stringContaining(place),
    })
    expect(sent).toHaveLength(before)
  })

  it('nor one that is bypassed', async () => {
    const { logIn, send, sent } = open()
    const { access_token = '' } = await logIn()
    const headers = { 'Refresh-Worker-Bypass': '1' }
    expect((await send(`/api/me?token=${access_token}`, { headers })).status).toBe(400)
    expect(sent).toHaveLength(1)
  })

  it('nor in the text of Basic credentials, elsewhere', async () => {
    const { logIn, send, sent } = open()
    const { access_token } = await logIn()
    const headers = { Authorization: `Basic ${btoa(`${access_token}:`)}` }
    await send('https://other.example/public', { headers })
    expect(sent.at(-1)?.authorization).toBeNull()
    await send('/auth/login', { method: 'POST', headers, body: '{}' })
    expect(sent.at(-1)?.authorization).toBeNull()
    const own = { Authorization: `Basic ${btoa('ada:secret')}` }
    await send('/api/me', { headers: own })
    expect(sent.at(-1)?.authorization).toBe(own.Authorization)
  })

  it.each(['application/octet-stream', 'image/png', ''])('while bytes pass the API as they are: %j', async type => {
    const { logIn, send, sent } = open()
    await logIn()
    const bytes = Uint8Array.from({ length: 100_000 }, (_, index) => (index * 7919) % 256)
    await send('/api/files', { method: 'PUT', body: new Blob([bytes], { type }) })
    expect(new Uint8Array((await sent.at(-1)?.request.arrayBuffer()) ?? new ArrayBuffer())).toEqual(bytes)
    expect(sent.at(-1)?.authorization).toBe('Bearer access-token-1-of-ada')
  })

  it("nor while the issuer's metadata are not known", async () => {
    const core = openCore({ issuer: 'https://id.example' }, sent => {
      if (sent.url.includes('well-known')) throw new TypeError('offline')
      return new Response('ok')
    })
    const token = 'refresh-worker-access-token-of-ada'
    const post = (url: string, fields: Record<string, string>, init: RequestInit = {}) =>
      core.send(url, { method: 'POST', body: new URLSearchParams(fields), ...init })
    expect((await post('https://other.example/', { a: 'b' }, bearer(token))).status).toBe(200)
    expect(core.sent.at(-1)).toMatchObject({ authorization: null, body: 'a=b' })
    const before = core.sent.length
    expect((await post(`https://other.example/?t=${token}`, { a: 'b' })).status).toBe(400)
    expect((await post('https://other.example/', { t: token })).status).toBe(400)
    expect(core.sent).toHaveLength(before)
  })

  it('nor along with a navigation: the person gets the page', async () => {
    const { logIn, navigate, state } = open({ endSessionUrl: '/oidc/logout', exposeIdToken: false })
    await logIn()
    const { isTouched } = await navigate('/oidc/logout?id_token_hint=refresh-worker-id-token-id-2&state=x')
    expect(isTouched).toBe(true)
    expect(await state()).toMatchObject({ status: 'anonymous', reason: 'logout' })
  })

  it('by code that adds its header to every request: it goes on without', async () => {
    const { logIn, send, sent } = open()
    const { access_token = '' } = await logIn()
    const { headers } = bearer(access_token)
    await send('https://other.example/public', { headers: { ...headers, 'X-Own': 'kept' } })
    expect([...(sent.at(-1)?.request.headers ?? [])]).toEqual([['x-own', 'kept']])
    await send('/auth/login', { method: 'POST', headers, body: '{}' })
    expect(sent.at(-1)?.authorization).toBeNull()
  })

  it('with a login that carries what is left of a session that is over: it goes out without, and is one', async () => {
    const { logIn, send, ask, sent, state } = open({ signupUrl: '/auth/signup' })
    const { access_token = '', refresh_token = '' } = await logIn()
    await ask('logout')
    const form = new FormData()
    form.set('user', 'ada')
    form.set('previous', refresh_token)
    const JSON_TYPE = { 'Content-Type': 'application/json' }
    const asks: readonly (readonly [string, RequestInit])[] = [
      ['', { body: JSON.stringify({ user: 'ada', previous: access_token }), headers: JSON_TYPE }],
      ['', { body: '{}', headers: { 'X-Refresh-Token': refresh_token, ...bearer(access_token).headers } }],
      [`?previous=${access_token}`, { body: new URLSearchParams({ user: 'ada', previous: refresh_token }) }],
      ['', { body: form }],
    ]
    for (const [query, init] of asks)
      for (const path of ['/auth/login', '/auth/signup']) {
        await send(path + query, { method: 'POST', ...init })
        const { request, url, body } = sent.at(-1) as Sent
        expect(`${url} ${body} ${[...request.headers]}`).not.toContain('refresh-worker-')
        expect(pathOf({ url } as Sent)).toBe(path)
      }
    expect(await state()).toMatchObject({ status: 'authenticated' })
  })

  it('with a login beside a session that goes on, either, which replaces it', async () => {
    const { logIn, post, sent, state } = open()
    const { refresh_token = '' } = await logIn()
    const before = await state()
    const headers = { 'X-Refresh-Token': refresh_token }
    expect((await post('/auth/login', { user: 'grace', previous: refresh_token }, headers)).status).toBe(200)
    expect(sent.at(-1)?.body).toBe('{"user":"grace","previous":"refresh-token-1-of-ada"}')
    expect(await state()).not.toEqual(before)
  })

  it('to a token endpoint: it gets the token that is meant, fresh, or nothing', async () => {
    const { logIn, post, sent, clock } = open({ loginUrl: ['/auth/login', '/auth/exchange'] })
    const ada = await logIn()
    await post('/auth/exchange', { grant_type: 'exchange', subject_token: ada.access_token })
    expect(sent.at(-1)?.body).toBe(JSON.stringify({ grant_type: 'exchange', subject_token: 'access-token-1-of-ada' }))
    const second = await logIn()
    clock.time += 61_000
    await post('/auth/exchange', { grant_type: 'exchange', subject_token: second.access_token })
    expect(sent.at(-1)?.body).toContain('access-token-3-of-ada')
    const before = sent.length
    const stale = await post('/auth/exchange', { grant_type: 'exchange', subject_token: ada.access_token })
    expect([stale.status, (await stale.json()).code]).toEqual([401, 'session_replaced'])
    expect(sent).toHaveLength(before)
  })
})

describe('tokensInBodies', () => {
  it('gives the token to bodies, queries and headers, and none to what asks for none', async () => {
    const { logIn, send, sent, clock } = open({ tokensInBodies: ['https://id.example/v1/'] })
    const { access_token = '', refresh_token = '' } = await logIn()
    const url = 'https://id.example/v1/lookup'
    await send(url, { method: 'POST', body: JSON.stringify({ idToken: access_token }) })
    expect(sent.at(-1)).toMatchObject({ body: '{"idToken":"access-token-1-of-ada"}', authorization: null })
    await send(`${url}?a=b&t=${access_token}`, { method: 'PUT', body: 'plain', headers: { 'X-R': refresh_token } })
    expect(sent.at(-1)).toMatchObject({ url: `${url}?a=b&t=access-token-1-of-ada`, body: 'plain', method: 'PUT' })
    expect(sent.at(-1)?.request.headers.get('X-R')).toBe('refresh-token-1-of-ada')
    await send(url, { method: 'POST', body: '{}' })
    expect(sent.at(-1)).toMatchObject({ body: '{}', authorization: null })
    clock.time += 61_000
    await send(url, { method: 'POST', body: new URLSearchParams({ token: access_token }) })
    expect(sent.at(-1)?.body).toBe('token=access-token-2-of-ada')
  })

  it.each(BODIES)('in %s too, in a path, and in a form of parts', async (_, init) => {
    const { logIn, send, sent } = open({ tokensInBodies: ['https://id.example/v1/'] })
    const { access_token = '' } = await logIn()
    const url = 'https://id.example/v1/verify'
    await send(url, init(JSON.stringify({ token: access_token })))
    expect(sent.at(-1)?.body).toBe('{"token":"access-token-1-of-ada"}')
    const type = init('').headers ? 'application/jwt' : null
    expect(sent.at(-1)?.request.headers.get('Content-Type')).toBe(type)
    await send(`${url}/${access_token}?a=b`, init('plain'))
    expect(sent.at(-1)).toMatchObject({ url: `${url}/access-token-1-of-ada?a=b`, body: 'plain' })
    const form = new FormData()
    form.set('token', access_token)
    await send(url, { method: 'POST', body: form })
    expect((await sent.at(-1)?.request.formData())?.get('token')).toBe('access-token-1-of-ada')
  })

  it('says what cannot be replaced, and causes no refresh', async () => {
    const { logIn, send, sent, post } = open({ tokensInBodies: ['https://id.example/'], useRefreshToken: false })
    const { access_token = '', refresh_token = '' } = await logIn()
    const file = new FormData()
    file.set('token', access_token)
    file.set('file', new Blob([Uint8Array.of(0x89, 0xff, 0xfe)]))
    const long = { body: 'x'.repeat(1_100_000) }
    for (const init of [{ body: file }, { body: access_token + long.body }, { body: refresh_token }]) {
      const response = await send('https://id.example/v1', { method: 'POST', ...init })
      expect([response.status, (await response.json()).code]).toEqual([400, 'placeholder_misplaced'])
    }
    expect(sent).toHaveLength(1)
    const replaced = open({ tokensInBodies: ['https://id.example/'] })
    const ada = await replaced.logIn()
    await replaced.logIn()
    expect((await replaced.post('https://id.example/v1', { token: ada.access_token })).status).toBe(401)
    expect(replaced.sent).toHaveLength(2)
    expect((await post('https://id.example/v1', { token: 'none' })).status).toBe(200)
  })

  it('sends nothing once more but after a 401, with the new token (G10)', async () => {
    let count = 0
    const { post, sent } = openCore({ tokensInBodies: ['https://id.example/'] }, sent => {
      if (pathOf(sent) === '/auth/login') return jsonResponse({ access_token: `access-${++count}`, refresh_token: 'r' })
      return new Response(null, { status: sent.body.includes('access-2') ? 200 : 401 })
    })
    const { access_token } = await (await post('/auth/login')).json()
    expect((await post('https://id.example/me', { idToken: access_token })).status).toBe(200)
    expect(sent.map(({ body }) => body).filter(body => body.includes('idToken'))).toEqual([
      '{"idToken":"access-1"}',
      '{"idToken":"access-2"}',
    ])
  })

  it('hides the tokens of answers, and takes new ones of the same user (W66)', async () => {
    let count = 0
    const token = (sub = 'ada') => jwt({ sub, n: ++count, exp: NOW / 1000 + 600 })
    const { post, send, sent } = openCore(
      { accessTokenProp: 'user.token', authTokenType: 'Token', tokensInBodies: ['/api/user', '/api/other'] },
      sent => {
        if (pathOf(sent) === '/api/other') return jsonResponse({ user: { token: token('grace') } })
        if (pathOf(sent) === '/api/echo') return jsonResponse({})
        return jsonResponse({ user: { name: 'ada', token: token() }, seen: sent.authorization })
      },
    )
    const login = await (await post('/auth/login')).json()
    const headers = { Authorization: `Token ${login.user.token}` }
    const got = await (await send('/api/user', { headers })).json()
    const put = await (await send('/api/user', { headers, method: 'PUT', body: '{"user":{}}' })).json()
    for (const { user, seen } of [got, put]) {
      expect(user.token).toContain('refresh-worker-access-token-')
      expect(decodeJwt(user.token)).toMatchObject({ sub: 'ada' })
      expect(seen).toContain('Token ')
      expect(seen).toContain('refresh-worker-access-token-')
    }
    await send('/api/echo', { headers })
    expect(decodeJwt(sent.at(-1)?.authorization?.replace('Token ', '') ?? '')).toMatchObject({ sub: 'ada', n: 3 })
    await send('/api/other', { headers })
    await send('/api/echo', { headers })
    expect(decodeJwt(sent.at(-1)?.authorization?.replace('Token ', '') ?? '')).toMatchObject({ sub: 'ada', n: 3 })
  })

  it('says no to the placeholder of a session that is over', async () => {
    const { logIn, post, ask, sent } = open({ tokensInBodies: ['https://id.example/'] })
    const { access_token } = await logIn()
    await ask('logout')
    const before = sent.length
    const response = await post('https://id.example/me', { idToken: access_token })
    expect([response.status, (await response.json()).code]).toEqual([401, 'not_authenticated'])
    expect(sent).toHaveLength(before)
  })
})

describe("a library's sign-out is a logout, by whatever request", () => {
  it.each([
    ['POST where GET is configured', { logoutUrl: '/auth/logout' }, '/auth/logout', { method: 'POST' }],
    [
      'with a query',
      { logoutUrl: '/auth/logout', logoutMethod: 'post' },
      '/auth/logout?scope=global',
      { method: 'POST' },
    ],
    ['at the second of two URLs', { logoutUrl: ['/auth/logout', '/auth/out'] }, '/auth/out', {}],
    [
      'by what a predicate says, at the URL of the login',
      {
        logoutUrl: (url: URL, { headers }: Request) => url.pathname === '/auth/login' && headers.get('X-Op') === 'out',
      },
      '/auth/login',
      { method: 'POST', headers: { 'X-Op': 'out' } },
    ],
  ] as const)('%s', async (_, options, path, init) => {
    const { logIn, send, state, sent } = open(options as Partial<Options>)
    await logIn()
    await send(path, init)
    expect(await state()).toMatchObject({ status: 'anonymous', reason: 'logout' })
    expect(sent).toHaveLength(2)
  })

  it('with the refresh token in the body, which goes along', async () => {
    const { logIn, post, state, sent } = open({ logoutUrl: '/auth/blacklist', logoutMethod: 'post' })
    const ada = await logIn()
    const { refresh_token } = await logIn()
    expect((await post('/auth/blacklist', { refresh: ada.refresh_token })).status).toBe(401)
    expect(await state()).toMatchObject({ status: 'authenticated' })
    await post('/auth/blacklist', { refresh: refresh_token })
    expect(sent.at(-1)).toMatchObject({ body: '{"refresh":"refresh-token-2-of-ada"}' })
    expect(await state()).toMatchObject({ status: 'anonymous', reason: 'logout' })
  })

  it('by revoking a token that it was given itself', async () => {
    const { logIn, send, state } = open({ redactTokens: false, revocationUrl: '/auth/revoke' })
    const { refresh_token = '' } = await logIn()
    await send('/auth/revoke', { method: 'POST', body: new URLSearchParams({ token: 'of-another' }) })
    expect(await state()).toMatchObject({ status: 'authenticated' })
    await send('/auth/revoke', { method: 'POST', body: new URLSearchParams({ token: refresh_token }) })
    expect(await state()).toMatchObject({ status: 'anonymous', reason: 'logout' })
  })

  const formOf = (name: string, value: string) => {
    const form = new FormData()
    form.set(name, value)
    return form
  }
  const JSON_TYPE = { 'Content-Type': 'application/json' }
  const revocations: readonly (readonly [string, (token: string) => readonly [string, RequestInit]])[] = [
    ['in a form of parts', token => ['', { body: formOf('token', token) }]],
    ['in the query', token => [`?token=${token}`, {}]],
    ['as text', token => ['', { body: token }]],
    ['as bytes', token => ['', { body: new TextEncoder().encode(token) }]],
    ['in JSON, under another name', token => ['', { body: JSON.stringify({ refresh: token }), headers: JSON_TYPE }]],
    ['in the header', token => ['', bearer(token)]],
    ['in another header', token => ['', { headers: { 'X-Refresh-Token': token } }]],
  ]

  it.each(revocations)('by a revocation with a placeholder %s, which is answered at once', async (_, ask) => {
    const { logIn, send, state, sent } = open({ revocationUrl: '/auth/revoke' })
    for (const kind of ['access_token', 'refresh_token']) {
      const tokens = await logIn()
      const before = sent.length
      const [query, init] = ask(tokens[kind] ?? '')
      expect((await send(`/auth/revoke${query}`, { method: 'POST', ...init })).status).toBe(200)
      expect(await state()).toMatchObject({ status: 'anonymous', reason: 'logout' })
      // The worker's own, with the real token.
      expect(sent.slice(before).map(({ body }) => body)).toEqual([expect.stringContaining('refresh-token-')])
    }
  })

  it.each(revocations)('nor is one of a former session %s a logout (N14)', async (_, ask) => {
    const { logIn, send, state, sent } = open({ revocationUrl: '/auth/revoke' })
    const { refresh_token = '' } = await logIn()
    await logIn()
    const [query, init] = ask(refresh_token)
    expect((await send(`/auth/revoke${query}`, { method: 'POST', ...init })).status).toBe(200)
    expect(await state()).toMatchObject({ status: 'authenticated' })
    expect(sent).toHaveLength(2)
  })

  it("and a revocation of another's token goes out without the header that is added to every request", async () => {
    const { logIn, send, state, sent } = open({ revocationUrl: '/auth/revoke' })
    const { access_token } = await logIn()
    const body = new URLSearchParams({ token: 'of-another' })
    await send('/auth/revoke', { method: 'POST', body, ...bearer(access_token) })
    expect(sent.at(-1)).toMatchObject({ authorization: null, body: 'token=of-another' })
    expect(await state()).toMatchObject({ status: 'authenticated' })
  })

  it('in a form of parts, with the refresh token, which goes along', async () => {
    const { logIn, send, state, sent } = open({ logoutUrl: '/auth/logout', logoutMethod: 'post' })
    const { refresh_token = '' } = await logIn()
    const body = formOf('token', refresh_token)
    expect((await send('/auth/logout', { method: 'POST', body })).status).toBe(200)
    expect(await state()).toMatchObject({ status: 'anonymous', reason: 'logout' })
    expect((await sent.at(-1)?.request.formData())?.get('token')).toBe('refresh-token-1-of-ada')
  })

  it.each<Partial<Options>>([{ useRefreshToken: false }, { refreshTokenIn: 'cookie' }])(
    'with the placeholder of a refresh token that the worker does not keep: %j',
    async options => {
      const { logIn, post, state, sent } = open({ logoutUrl: '/auth/logout', logoutMethod: 'post', ...options })
      const { refresh_token } = await logIn()
      expect((await post('/auth/logout', { refresh_token })).status).toBe(200)
      expect(await state()).toMatchObject({ status: 'anonymous', reason: 'logout' })
      // Of which the worker tells the server itself.
      expect(sent.slice(1)).toMatchObject([
        { url: 'https://app.example/auth/logout', authorization: 'Bearer access-token-1-of-ada', body: '' },
      ])
    },
  )

  it('by a beacon without a body or with a form, too', async () => {
    const { logIn, send, state, sent } = open({ logoutUrl: '/auth/logout', revocationUrl: '/auth/revoke' })
    const { refresh_token = '' } = await logIn()
    const body = new URLSearchParams({ token: refresh_token })
    await send('/auth/revoke', { method: 'POST', mode: 'no-cors', credentials: 'include', body })
    expect(await state()).toMatchObject({ status: 'anonymous', reason: 'logout' })
    expect(sent.map(({ body }) => body).join()).not.toContain('refresh-worker-')
    await logIn()
    await send('/auth/logout', { method: 'POST', mode: 'no-cors', credentials: 'include', keepalive: true })
    expect(await state()).toMatchObject({ status: 'anonymous', reason: 'logout' })
    expect(sent.at(-1)).toMatchObject({ method: 'POST', url: 'https://app.example/auth/logout' })
  })

  it('where its request fails', async () => {
    const core = openCore({ logoutUrl: '/auth/logout' }, sent => {
      if (pathOf(sent) === '/auth/logout') throw new TypeError('network')
      return jsonResponse({ access_token: 'access-token-of-ada' })
    })
    await core.post('/auth/login')
    await expect(core.send('/auth/logout')).rejects.toThrow()
    expect(await core.state()).toMatchObject({ status: 'anonymous', reason: 'logout' })
  })

  it('by a navigation, which is not touched', async () => {
    const options = { logoutUrl: '/auth/logout', endSessionUrl: '/oidc/logout' }
    for (const path of ['/auth/logout', '/oidc/logout?id_token_hint=x']) {
      const { logIn, navigate, state, sent } = open(options)
      await logIn()
      expect(await navigate('/auth/login')).toEqual({ isTouched: false, response: null })
      expect(await state()).toMatchObject({ status: 'authenticated' })
      expect(await navigate(path)).toEqual({ isTouched: false, response: null })
      expect(await state()).toMatchObject({ status: 'anonymous', reason: 'logout' })
      expect(sent).toHaveLength(1)
    }
  })

  it('by going to the end-session endpoint of another origin, of which the page tells', async () => {
    const { logIn, answer, state } = open({ endSessionUrl: 'https://id.example/logout' })
    await logIn()
    const leaving = (url: string) => answer(parsePageRequest(envelope({ type: 'leaving', url })) as PageRequest)
    await leaving('https://id.example/elsewhere')
    expect(await state()).toMatchObject({ status: 'authenticated' })
    await leaving('https://id.example/logout')
    expect(await state()).toMatchObject({ status: 'anonymous', reason: 'logout' })
  })
})

describe('adopt (W53)', () => {
  const OLD = {
    accessToken: 'access-token-of-before',
    refreshToken: 'refresh-token-of-before',
    expiresAt: NOW + 60_000,
  }

  it('begins a session with what an application has stored, once for all tabs', async () => {
    const { adopt, me, state } = open()
    const taken = await Promise.all([adopt(OLD), adopt(OLD), adopt(OLD)])
    expect(taken.filter(Boolean)).toEqual([true])
    expect(await state()).toMatchObject({ status: 'authenticated', expiresAt: NOW + 60_000 })
    expect(await me()).toBe('Bearer access-token-of-before')
  })

  it('takes a refresh token alone: the first request has it refreshed', async () => {
    const { adopt, me, refreshes } = open()
    expect(await adopt({ refreshToken: 'refresh-token-of-before' })).toBe(true)
    expect(await me()).toBe('Bearer access-token-1-of-ada')
    expect(refreshes()[0]?.body).toContain('refresh-token-of-before')
  })

  it('takes nothing twice: not after a refresh, nor after a logout', async () => {
    const { adopt, ask, state, me } = open()
    await adopt({ refreshToken: 'refresh-token-of-before' })
    await me()
    expect(await adopt({ refreshToken: 'refresh-token-of-before' })).toBe(false)
    await ask('logout')
    expect(await adopt({ refreshToken: 'refresh-token-of-before' })).toBe(false)
    expect(await state()).toMatchObject({ status: 'anonymous', reason: 'logout' })
  })

  it('refuses what is older than the session there is, also after its logout', async () => {
    const { adopt, logIn, ask, me } = open()
    await logIn()
    const old = { accessToken: jwt({ iat: NOW / 1000 - 60, sub: 'ada' }) }
    expect(await adopt(old)).toBe(false)
    expect(await adopt(OLD)).toBe(false)
    expect(await me()).toBe('Bearer access-token-1-of-ada')
    await ask('logout')
    expect([await adopt(old), await adopt(OLD)]).toEqual([false, false])
  })

  it('takes what was issued later, or is said to be new: a login by redirect, of an SDK', async () => {
    const { adopt, logIn, me, clock } = open()
    await logIn()
    clock.time += 5_000
    const newer = jwt({ iat: NOW / 1000 + 3, sub: 'grace' })
    expect(await adopt({ accessToken: newer })).toBe(true)
    expect(await me()).toBe(`Bearer ${newer}`)
    expect(await adopt({ accessToken: 'opaque-and-new', isNew: true })).toBe(true)
    expect(await me()).toBe('Bearer opaque-and-new')
  })

  it('wins over a refresh that runs, whose tokens are dropped (G3)', async () => {
    const { adopt, logIn, me, ask, clock } = open()
    await logIn()
    clock.time += 61_000
    const [, isAdopted] = await Promise.all([
      ask('update-token'),
      adopt({ accessToken: 'opaque-and-new', isNew: true }),
    ])
    expect(isAdopted).toBe(true)
    expect(await me()).toBe('Bearer opaque-and-new')
  })

  it.each([
    [{}, 'token_not_found'],
    [{ refreshToken: '' }, 'token_not_found'],
    [{ accessToken: 'line\nbreak' }, 'token_malformed'],
    [{ accessToken: {} as string, refreshToken: 7 as never }, 'token_not_found'],
    [{ accessToken: 'undefined', refreshToken: 'undefined' }, 'token_malformed'],
    [{ refreshToken: 'null' }, 'token_malformed'],
  ])('says what is wrong with %j', async (tokens, code) => {
    expect(await open().adopt(tokens)).toBe(code)
  })

  it.each(['false', '"quoted"', 'null', '"'])(
    'takes no %s, which is what storage makes of a token',
    async refreshToken => {
      expect(await open().adopt({ refreshToken })).toBe('token_malformed')
    },
  )

  describe('takes no placeholder, of whatever kind and session', () => {
    const refused = (sent: Sent) =>
      isRefresh(sent) ? jsonResponse({ error: 'invalid_grant' }, { status: 400 }) : undefined

    it('not after the session was refused', async () => {
      const { adopt, logIn, me, state, sent, clock } = open({}, refused)
      const { refresh_token = '', access_token = '' } = await logIn()
      clock.time += 61_000
      await me()
      expect(await state()).toMatchObject({ reason: 'rejected' })
      const before = sent.length
      expect(await adopt({ refreshToken: refresh_token })).toBe(false)
      expect(await adopt({ accessToken: access_token, isNew: true })).toBe(false)
      expect(await adopt({ refreshToken: 'real', accessToken: access_token })).toBe(false)
      expect(await adopt({ refreshToken: 'real', idToken: 'refresh-worker-id-token' })).toBe(false)
      expect(await state()).toMatchObject({ status: 'anonymous', reason: 'rejected' })
      expect(await me()).toBe('none')
      expect(sent).toHaveLength(before + 1)
    })

    it('not of JWTs, whose iat is later than the login', async () => {
      let count = 0
      const token = (iat: number) => jwt({ sub: 'ada', n: ++count, iat: iat / 1000, exp: iat / 1000 + 60 })
      const { adopt, logIn, post, me, state, clock } = open({}, sent =>
        pathOf(sent) === '/api/me'
          ? undefined
          : jsonResponse({ access_token: token(clock.time), refresh_token: token(clock.time), expires_in: 60 }),
      )
      const { refresh_token } = await logIn()
      clock.time += 61_000
      const renewed = await (await post('/auth/refresh', { refresh_token })).json()
      const before = await state()
      expect(await adopt({ refreshToken: renewed.refresh_token })).toBe(false)
      expect(await adopt({ refreshToken: renewed.refresh_token, accessToken: renewed.access_token })).toBe(false)
      expect(await state()).toEqual(before)
      expect(await me()).toMatch(/^Bearer eyJ.+c2lnbmF0dXJl$/)
    })

    it('nor marks it as known', async () => {
      const { adopt, stored } = open()
      expect(await adopt({ refreshToken: 'refresh-worker-refresh-token-of-before' })).toBe(false)
      expect(stored()).toBeUndefined()
    })
  })

  it.each([-90_000, 0, 90_000])(
    "compares by the server's clock where tokens tell it, which differs by %i ms",
    async ahead => {
      let count = 0
      const token = (at: number) => jwt({ sub: 'ada', n: ++count, iat: Math.floor((at + ahead) / 1000) })
      const { adopt, logIn, me, clock } = open({}, sent =>
        pathOf(sent) === '/api/me' ? undefined : jsonResponse({ access_token: token(clock.time), refresh_token: 'r' }),
      )
      await logIn()
      expect(await adopt({ accessToken: token(clock.time - 2_000) })).toBe(false)
      clock.time += 5_000
      const newer = token(clock.time)
      expect(await adopt({ accessToken: newer })).toBe(true)
      expect(await me()).toBe(`Bearer ${newer}`)
    },
  )

  it('takes no refresh token where none is used', async () => {
    const { adopt } = open({ useRefreshToken: false })
    expect(await adopt({ refreshToken: 'refresh-token-of-before' })).toBe('token_not_found')
  })
})
