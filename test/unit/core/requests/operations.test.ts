import { describe, expect, it } from 'vitest'
import type { Options } from '../../../../src/core/options/options.ts'
import { runsOperation } from '../../../../src/core/requests/operations.ts'
import { ACCESS_TOKEN_PLACEHOLDER } from '../../../../src/protocol.ts'
import { jsonResponse, ORIGIN, received } from '../../kit.ts'
import { openCore } from '../whole-core.ts'

/** As pages see them: each names its session. */
const ACCESS = `${ACCESS_TOKEN_PLACEHOLDER}-id-2`

const runs = (body: unknown, names = ['login'], type = 'application/json') =>
  runsOperation(
    new Request(`${ORIGIN}/graphql`, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: { 'Content-Type': type },
    }),
    names,
  )

describe('a GraphQL request runs an operation', () => {
  it.each([
    { query: 'mutation { login(user: "ada") { token } }' },
    { query: 'mutation Enter($u: String!) { login(user: $u) { token } }' },
    { query: 'mutation { session: login(user: "ada") { token } }' },
    { query: 'mutation @audit(why: "x") { ping login { token } }' },
    { query: 'mutation login($u: String!) { enter(user: $u) { token } }', operationName: 'login' },
    { query: '# mutation {\nquery A { me }\nmutation B { login { token } }', operationName: 'B' },
    { operationName: 'login', extensions: { persistedQuery: { version: 1 } } },
    [{ query: '{ me }' }, { query: 'mutation { login { token } }' }],
    { query: 'mutation { ... on Mutation { login { token } } }' },
    { query: 'mutation { ... @include(if: true) { ping { id } ... { login { token } } } }' },
    { query: 'mutation { ...F } fragment F on Mutation { login { token } }' },
    { query: 'fragment G on Mutation { login { token } } fragment F on Mutation { ...G } mutation { ping ...F @a }' },
    { query: 'mutation { ...F } fragment F on Mutation { ...F login }' },
    { query: 'mutation mutation { login }' },
    { query: 'mutation query @login { login }' },
    { query: 'query A { me } mutation B { login { token } }' },
    { query: 'query A { me } mutation B { login { token } }', operationName: 'nobody' },
    { query: 'mutation M($i: In = { a: 1 }) { login(i: $i) { token } }' },
    { query: 'mutation { a(x: { login: 1 }) { b } login { token } }' },
    { query: 'mutation { a @skip(if: false) login { token } }' },
  ])('where it does: %j', async body => {
    expect(await runs(body)).toBe(true)
  })

  it.each([
    { query: '{ me { login } }' },
    { query: 'query { login }' },
    { query: 'mutation { rename(to: "mutation { login }") { login } }' },
    { query: 'mutation { rename(to: """ { login """) { id } }' },
    { query: 'mutation { login: rename(to: "x") { id } }' },
    { query: 'mutation { rename # login\n(to: "x") { id } }' },
    { query: 'mutation { rename(login: true) { id } }' },
    { query: 'fragment login on User { login }' },
    { query: 'subscription { login }' },
    { query: 7, operationName: {} },
    { query: 'query A { me } mutation B { login { token } }', operationName: 'A' },
    { query: 'query A { me } mutation B { login { token } } mutation C { ping }', operationName: 'C' },
    { query: 'query mutation { login }' },
    { query: 'mutation { rename @login { id } }' },
    { query: 'mutation M @login { rename { id } }' },
    { query: 'mutation M($login: String) { rename(to: $login) { id } }' },
    { query: 'mutation { rename { ... on User { login } ...F } } fragment F on User { login }' },
    { query: 'mutation { ping } fragment F on Mutation { login }' },
    { query: 'mutation { ... on login { ping } }' },
    [],
    null,
    'no JSON',
  ])('and not where it does not: %j', async body => {
    expect(await runs(body)).toBe(false)
  })
})

describe('a GraphQL request says what it runs', () => {
  const LOGIN = 'mutation { login { token } }'
  it.each([
    ['application/graphql', LOGIN],
    ['application/graphql; charset=utf-8', LOGIN],
    ['application/graphql+json', JSON.stringify({ query: LOGIN })],
    ['application/graphql-response+json', JSON.stringify({ query: LOGIN })],
    ['text/plain;charset=UTF-8', JSON.stringify({ query: LOGIN })],
    ['application/x-www-form-urlencoded', String(new URLSearchParams({ query: LOGIN }))],
  ])('as %s', async (type, body) => {
    expect(await runs(body, ['login'], type)).toBe(true)
    expect(await runs(body.replaceAll('login', 'ping'), ['login'], type)).toBe(false)
  })

  it('and not as what nobody reads as text', async () => {
    expect(await runs(JSON.stringify({ query: LOGIN }), ['login'], 'application/octet-stream')).toBe(false)
  })
})

describe("a login at the API's own URL", () => {
  const options: Partial<Options> = {
    apiUrls: ['/graphql'],
    loginUrl: '/graphql',
    loginOperations: ['login'],
    accessTokenProp: 'data.login.token',
    refreshRequest: ({ refreshToken }) => ({
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ query: 'mutation { refresh }', variables: { refreshToken } }),
    }),
  }
  const LOGIN = { query: 'mutation { login { token } }' }

  it('is told by its operation; other ones get the token, and may stream (W44)', async () => {
    const { refreshRequest: _, ...rest } = options
    const core = openCore(rest, ({ body, authorization }) => {
      if (body.includes('login')) return jsonResponse({ data: { login: { token: 'first-access-token' } } })
      const stream = new ReadableStream({
        start: stream => stream.enqueue(new TextEncoder().encode(authorization ?? '')),
      })
      return received(new Response(stream, { headers: { 'Content-Type': 'text/event-stream' } }))
    })
    const login = await core.post('/graphql', LOGIN)
    expect(await login.json()).toEqual({ data: { login: { token: ACCESS } } })
    const subscription = await core.post('/graphql', { query: 'subscription { ticks }' })
    const { value } = (await subscription.body?.getReader().read()) ?? {}
    expect(new TextDecoder().decode(value)).toBe('Bearer first-access-token')
    const query = await core.send('/graphql?query={me}')
    expect(new TextDecoder().decode((await query.body?.getReader().read())?.value)).toBe('Bearer first-access-token')
  })

  it('gets a login that was refused as it is, and no token', async () => {
    const refusal = { errors: [{ message: 'wrong password' }], data: null }
    const core = openCore(options, () => jsonResponse(refusal))
    expect(await (await core.post('/graphql', LOGIN)).json()).toEqual(refusal)
    expect(await core.state()).toMatchObject({ status: 'anonymous' })
    expect(core.sent[0]?.authorization).toBeNull()
  })
})

describe('a login that a predicate tells', () => {
  const options: Partial<Options> = {
    apiUrls: ['/'.concat('api/')],
    loginUrl: (url, request) => url.pathname === '/api/rpc' && request.headers.get('X-Target') === 'Login',
    refreshTokenUrl: '/api/refresh',
  }

  it('is one where it says so; the same URL is the API elsewhere', async () => {
    const core = openCore(options, ({ authorization }) =>
      jsonResponse(authorization ? { authorization } : { access_token: 'first-access-token' }),
    )
    const login = await core.post('/api/rpc', {}, { 'X-Target': 'Login' })
    expect(await login.json()).toEqual({ access_token: ACCESS })
    const other = await core.post('/api/rpc', {}, { 'X-Target': 'Me' })
    expect(await other.json()).toEqual({ authorization: 'Bearer first-access-token' })
  })

  it('gets no token, whatever its method (G7)', async () => {
    const core = openCore(options, ({ authorization }) =>
      jsonResponse({ access_token: 'first-access-token', authorization }),
    )
    await core.post('/api/rpc', {}, { 'X-Target': 'Login' })
    expect(await (await core.send('/api/rpc', { headers: { 'X-Target': 'Login' } })).json()).toMatchObject({
      authorization: null,
    })
  })

  it('that throws has said no, and is named (V11)', async () => {
    const core = openCore(
      {
        ...options,
        loginUrl: [
          () => {
            throw new TypeError('no')
          },
          '/auth/login',
        ],
      },
      () => jsonResponse({ access_token: 'first-access-token' }),
    )
    await core.post('/auth/login')
    expect(await core.state()).toMatchObject({ status: 'authenticated' })
    expect((await core.send('/api/me')).status).toBe(200)
    expect(core.log.filter(line => line.includes('loginUrl'))).toHaveLength(1)
  })
})
