import { describe, expect, it } from 'vitest'
import type { Options } from '../../../../src/core/options/options.ts'
import { resolveConfig } from '../../../../src/core/options/resolve-config.ts'

const SCRIPT = 'https://app.example/app/sw.js'
const resolve = (options: object) => resolveConfig({ apiUrls: ['/api/'], ...options } as Options, SCRIPT)

function problemOf(options: unknown): { option: string; message: string; code: string } {
  try {
    resolveConfig(options as Options, SCRIPT)
  } catch (error) {
    return error as ReturnType<typeof problemOf>
  }
  throw new Error('was taken')
}

describe('the defaults', () => {
  it("are the predecessor's, and those of the design", () => {
    const endpoint = {
      href: 'https://app.example/auth/login',
      origin: 'https://app.example',
      pathname: '/auth/login',
      search: '',
    }
    expect(resolve({})).toEqual({
      apiUrls: [{ href: 'https://app.example/api/', origin: 'https://app.example', pathname: '/api/', search: '' }],
      baseUrl: '',
      issuer: null,
      endSessionUrl: null,
      loginUrls: [endpoint],
      loginPredicates: [],
      loginOperations: [],
      signupUrl: null,
      loginOnSignup: true,
      logoutUrls: [],
      logoutPredicates: [],
      logoutRequest: null,
      tokensInBodies: [],
      accessTokenIn: 'header',
      sessionUrl: null,
      subjectProp: 'sub',
      namesSubject: false,
      navigations: [],
      revocationUrl: null,
      logoutMethod: 'GET',
      refreshTokenUrl: endpoint,
      useRefreshToken: false,
      refreshTokenIn: 'body',
      keepsRefreshToken: false,
      idempotencyKeys: 'same-origin',
      autoUpdateToken: true,
      clientId: false,
      accessTokenProp: 'access_token',
      accessTokenName: 'token',
      accessTokenRoot: false,
      refreshTokenProp: 'refresh_token',
      refreshTokenName: 'token',
      refreshTokenRoot: false,
      idTokenProp: 'id_token',
      idTokenName: 'token',
      idTokenRoot: false,
      refreshTokenSubmitProp: 'refresh_token',
      getAccessTokenFromResponse: null,
      getRefreshTokenFromResponse: null,
      getExpirationDateFromResponse: null,
      refreshRequest: null,
      readTokens: null,
      tokensInAnswers: false,
      isUnauthorized: null,
      isRefreshRejected: null,
      authHeader: 'Authorization',
      authTokenType: 'Bearer',
      httpInterceptor: true,
      logoutOnInvalidToken: false,
      defaultHeadersForTokenRequests: { 'Content-Type': 'application/json' },
      ownOrigin: 'https://app.example',
      formEncoded: false,
      storageKey: 'refresh-worker',
      storage: 'indexeddb',
      refreshAhead: 60_000,
      maxIdle: Number.POSITIVE_INFINITY,
      unavailableLimit: 86_400_000,
      maxAge: Number.POSITIVE_INFINITY,
      replayBodyLimit: 8_388_608,
      whenEnded: 'fail',
      holdTime: 120_000,
      destinations: [''],
      staticRoutes: false,
      timeout: 10_000,
      redactTokens: true,
      placeholders: 'jwt',
      attach: 'always',
      bypassHeader: 'Refresh-Worker-Bypass',
      exposeIdToken: true,
      claims: [],
      exposeAccessToken: false,
      dpop: false,
      lifecycle: true,
    })
  })

  it('hold where an option is undefined', () => {
    expect(resolve({ loginUrl: undefined }).loginUrls).toMatchObject([{ pathname: '/auth/login' }])
  })
})

describe('a worker that starts again', () => {
  it.each<[string, object]>([
    ['paths', { loginUrl: ['/login', '/sso?via=1'], logoutUrl: '/out', refreshTokenUrl: '/token', maxIdle: undefined }],
    [
      'a baseUrl',
      { baseUrl: 'https://api.example/v1/', loginUrl: 'login', apiUrls: ['/orders/', 'https://b.example/'] },
    ],
    ['an issuer', { issuer: 'https://id.example', useRefreshToken: true }],
    ['cookies', { accessTokenIn: 'cookie', useRefreshToken: true, sessionUrl: '/me', navigations: ['/'] }],
    ['forms', { defaultHeadersForTokenRequests: { 'Content-Type': 'application/x-www-form-urlencoded' } }],
  ])('comes to the same by options that are not checked again: %s', (_, options) => {
    const given = { apiUrls: ['/api/'], ...options } as Options
    const before = structuredClone(given)
    expect(resolveConfig(given, SCRIPT, true)).toEqual(resolveConfig(given, SCRIPT))
    expect(given).toEqual(before)
  })
})

describe('URLs', () => {
  it.each([
    ['', '/login', 'https://app.example/login'],
    ['/v1', '/login', 'https://app.example/v1/login'],
    ['/v1/', 'login', 'https://app.example/v1/login'],
    ['https://api.example', '/login', 'https://api.example/login'],
    ['https://api.example/v1/', '/login', 'https://api.example/v1/login'],
    ['https://api.example', 'https://id.example/login', 'https://id.example/login'],
    ['', 'https://id.example/token?grant=password', 'https://id.example/token?grant=password'],
    ['', 'http://localhost:8020/login', 'http://localhost:8020/login'],
    ['', 'http://127.0.0.1/login', 'http://127.0.0.1/login'],
    ['', 'http://[::1]:1/login', 'http://[::1]:1/login'],
  ])('join baseUrl %j and loginUrl %j to %s', (baseUrl, loginUrl, href) => {
    expect(resolve({ baseUrl, loginUrl }).loginUrls).toMatchObject([{ href }])
    expect(resolve({ baseUrl, loginUrl: [loginUrl] }).loginUrls).toMatchObject([{ href }])
    expect(resolve({ baseUrl, signupUrl: loginUrl }).signupUrl?.href).toBe(href)
    expect(resolve({ baseUrl, logoutUrl: loginUrl }).logoutUrls[0]?.href).toBe(href)
    expect(resolve({ baseUrl, refreshTokenUrl: loginUrl }).refreshTokenUrl?.href).toBe(href)
  })

  it('join baseUrl and apiUrls too', () => {
    const { apiUrls } = resolve({ baseUrl: 'https://api.example/v1', apiUrls: ['/', 'https://other.example/'] })
    expect(apiUrls).toMatchObject([{ href: 'https://api.example/v1/' }, { href: 'https://other.example/' }])
  })

  it('send refresh requests to loginUrl, or the first of them, unless refreshTokenUrl is set', () => {
    expect(resolve({ loginUrl: '/in' }).refreshTokenUrl?.pathname).toBe('/in')
    expect(resolve({ loginUrl: ['/in', '/session'] }).refreshTokenUrl?.pathname).toBe('/in')
    expect(resolve({ loginUrl: '/in', refreshTokenUrl: '/token' }).refreshTokenUrl?.pathname).toBe('/token')
  })
})

describe('with an issuer', () => {
  const issuer = 'https://id.example/tenant'

  it('endpoints are for its metadata to tell, unless they are set', () => {
    expect(resolve({ issuer })).toMatchObject({ issuer, loginUrls: [], refreshTokenUrl: null, revocationUrl: null })
    expect(resolve({ issuer, loginUrl: '/in' })).toMatchObject({
      loginUrls: [{ pathname: '/in' }],
      refreshTokenUrl: null,
    })
    expect(resolve({ issuer, refreshTokenUrl: '/token' }).refreshTokenUrl?.pathname).toBe('/token')
  })

  it('token requests are form-encoded, unless it is said otherwise', () => {
    expect(resolve({ issuer }).formEncoded).toBe(true)
    const defaultHeadersForTokenRequests = { 'Content-Type': 'application/json' }
    expect(resolve({ issuer, defaultHeadersForTokenRequests }).formEncoded).toBe(false)
  })
})

describe('storage and refreshTokenIn', () => {
  it.each([
    ['storage', 'localstorage', "'indexeddb' or 'memory'"],
    ['refreshTokenIn', true, "'body' or 'cookie'"],
  ])('%s takes no %j', (option, value, takes) => {
    const problem = problemOf({ apiUrls: ['/api/'], useRefreshToken: true, [option]: value })
    expect(problem).toMatchObject({ option, code: 'config_error' })
    expect(problem.message).toContain(takes)
  })

  it('a cookie needs refresh tokens, and is not kept here', () => {
    const problem = problemOf({ apiUrls: ['/api/'], refreshTokenIn: 'cookie' })
    expect(problem).toMatchObject({ option: 'refreshTokenIn', code: 'config_error' })
    expect(problem.message).toContain('useRefreshToken: true')
    expect(resolve({ useRefreshToken: true, refreshTokenIn: 'cookie' }).keepsRefreshToken).toBe(false)
    expect(resolve({ useRefreshToken: true }).keepsRefreshToken).toBe(true)
  })
})

describe('apiUrls (R4, U25)', () => {
  it('take prefixes, predicates and anything with a test method', () => {
    const predicate = (url: URL) => url.pathname === '/x'
    const [prefix, function_, tested] = resolve({
      apiUrls: ['https://api.example/v1/', predicate, { test: (url: string) => url.endsWith('!') }],
    }).apiUrls
    expect(prefix).toMatchObject({ origin: 'https://api.example', pathname: '/v1/' })
    expect(function_).toBe(predicate)
    const test = tested as (url: URL, request: Request) => boolean
    expect(test(new URL('https://x.example/!'), new Request('https://x.example/'))).toBe(true)
    expect(test(new URL('https://x.example/?'), new Request('https://x.example/'))).toBe(false)
  })

  it.each([
    ['nothing', undefined],
    ['no array', '/api/'],
    ['an empty array', []],
    ['an empty string', ['']],
    ['a blank', [' ']],
    ['the root of this site', ['/']],
    ['the root of this site, absolute', ['https://app.example']],
    ['an asterisk', ['*']],
    ['a scheme alone', ['https://']],
    ['a host without a scheme', ['api.example.com']],
    ['a relative path', ['api/']],
    ['a protocol-relative URL', ['//api.example.com/']],
    ['a back-slash', ['/\\api.example.com/']],
    ['a wildcard host', ['https://*.example.com/']],
    ['a user name', ['https://user@api.example.com/']],
    ['plain http', ['http://api.example.com/']],
    ['another scheme', ['ftp://api.example.com/']],
    ['data', ['data:text/plain,api']],
    ['a query', ['/api/?v=1']],
    ['a fragment', ['/api/#v1']],
    ['a RegExp', [/^https:\/\/api\.example\.com\//]],
    ['a global RegExp', [/api/g]],
    ['a number', [42]],
    ['null', [null]],
  ])('refuse %s', (_, apiUrls) => {
    const problem = problemOf({ apiUrls })
    expect(problem).toMatchObject({ name: 'ConfigError', code: 'config_error', option: 'apiUrls' })
    expect(problem.message).toMatch(/takes|which is/)
  })
})

describe('a wrong option', () => {
  it.each([
    ['baseUrl', 42],
    ['baseUrl', 'v1'],
    ['baseUrl', 'http://api.example'],
    ['baseUrl', 'https://api.example/v1?x=1'],
    ['baseUrl', '/v1#x'],
    ['issuer', ''],
    ['issuer', true],
    ['issuer', '/tenant'],
    ['issuer', 'id.example'],
    ['issuer', 'http://id.example'],
    ['issuer', 'https://id.example?tenant=1'],
    ['loginUrl', ''],
    ['loginUrl', null],
    ['loginUrl', []],
    ['loginUrl', ['/in', '']],
    ['loginUrl', ['/in', 1]],
    ['loginUrl', ['/in', 'session']],
    ['loginUrl', ['/in', '/session', '/in']],
    ['loginUrl', ['/in', 'https://app.example/in']],
    ['loginUrl', 'http://id.example/login'],
    ['signupUrl', false],
    ['logoutUrl', 'not a path'],
    ['logoutMethod', 'fetch'],
    ['logoutMethod', ['get']],
    ['refreshTokenUrl', 'ftp://id.example/'],
    ['useRefreshToken', 'yes'],
    ['autoUpdateToken', 1],
    ['clientId', true],
    ['clientId', ''],
    ['accessTokenProp', false],
    ['accessTokenName', ''],
    ['refreshTokenRoot', true],
    ['refreshTokenSubmitProp', null],
    ['getAccessTokenFromResponse', 'token'],
    ['getExpirationDateFromResponse', 3600],
    ['authHeader', 'X Auth'],
    ['authTokenType', 'Bearer\r\n'],
    ['authTokenType', {}],
    ['httpInterceptor', null],
    ['logoutOnInvalidToken', 'never'],
    ['defaultHeadersForTokenRequests', ['Content-Type']],
    ['defaultHeadersForTokenRequests', { 'Content-Type': 'text/xml' }],
    ['defaultHeadersForTokenRequests', { 'Content-Type': 1 }],
    ['storageKey', ''],
    ['refreshAhead', -1],
    ['replayBodyLimit', -1],
    ['replayBodyLimit', 1.5],
    ['replayBodyLimit', '8 MiB'],
    ['destinations', 'image'],
    ['destinations', ['document']],
    ['destinations', ['iframe']],
    ['staticRoutes', 1],
    ['refreshAhead', Number.NaN],
    ['refreshAhead', '60'],
    ['timeout', 0],
    ['timeout', 10_000],
    ['maxIdle', 0],
    ['unavailableLimit', 59],
    ['unavailableLimit', null],
    ['maxIdle', Number.POSITIVE_INFINITY],
    ['maxAge', '3600'],
    ['maxAge', false],
    ['redactTokens', 'no'],
    ['exposeIdToken', 'no'],
    ['claims', 'sub'],
    ['claims', [1]],
    ['exposeAccessToken', 'yes'],
    ['dpop', 'yes'],
    ['lifecycle', 0],
  ])('%s: %j is named, with what it takes', (option, value) => {
    const problem = problemOf({ apiUrls: ['/api/'], [option]: value })
    expect(problem).toMatchObject({ name: 'ConfigError', code: 'config_error', option })
    expect(problem.message).toContain(`option ${option}: got `)
    expect(problem.message).toContain('takes ')
  })

  it.each([
    ['apiUrl', 'apiUrls'],
    ['loginURL', 'loginUrl'],
    ['useRefreshTokens', 'useRefreshToken'],
    ['autoupdatetoken', 'autoUpdateToken'],
    ['responseTokenProp', null],
    ['__proto__x', null],
    ['toString', null],
  ])('%s is unknown; the suggestion is %s', (name, suggestion) => {
    const problem = problemOf({ apiUrls: ['/api/'], [name]: true })
    expect(problem).toMatchObject({ code: 'config_error', option: name })
    if (suggestion) expect(problem.message).toContain(`did you mean ${suggestion}?`)
    else expect(problem.message).not.toContain('did you mean')
  })

  it.each([[undefined], [null], ['/api/'], [[]]])('%j in place of all options is refused', value => {
    expect(problemOf(value)).toMatchObject({ code: 'config_error' })
  })
})

describe('defaultHeadersForTokenRequests', () => {
  it.each([
    [{ 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8' }, true],
    [{ 'Content-Type': 'Application/JSON; charset=utf-8' }, false],
    [{ 'X-Client': 'web' }, false],
    [{}, false],
  ])('%j is form-encoded: %s', (defaultHeadersForTokenRequests, formEncoded) => {
    expect(resolve({ defaultHeadersForTokenRequests }).formEncoded).toBe(formEncoded)
  })
})

describe('a hook', () => {
  const readTokens = () => null
  const refreshRequest = () => ({})

  it.each([
    [{ readTokens, accessTokenProp: 'access' }, 'accessTokenProp', 'readTokens'],
    [{ readTokens, idTokenRoot: 'data' }, 'idTokenRoot', 'readTokens'],
    [{ readTokens, getExpirationDateFromResponse: () => 0 }, 'getExpirationDateFromResponse', 'readTokens'],
    [{ refreshRequest, refreshTokenSubmitProp: 'token' }, 'refreshTokenSubmitProp', 'refreshRequest'],
    [{ refreshRequest, clientId: 'app' }, 'clientId', 'refreshRequest'],
    [{ refreshRequest, defaultHeadersForTokenRequests: {} }, 'defaultHeadersForTokenRequests', 'refreshRequest'],
    [{ tokensInAnswers: true }, 'tokensInAnswers', 'readTokens'],
  ])('and what it replaces, set both, is a ConfigError: %o', (options, option, hook) => {
    expect(() => resolve(options)).toThrow(
      expect.objectContaining({ code: 'config_error', option, message: expect.stringContaining(hook) }),
    )
  })

  it('stands beside what a revocation is asked by', () => {
    expect(resolve({ refreshRequest, clientId: 'app', revocationUrl: '/revoke' }).clientId).toBe('app')
  })

  it('stands beside options that say nothing', () => {
    expect(resolve({ readTokens, getAccessTokenFromResponse: null }).readTokens).toBe(readTokens)
  })
})

describe('loginUrl', () => {
  const isLogin = () => true

  it('takes predicates and URLPatterns beside URLs', () => {
    const pattern = { test: (url: string) => url.endsWith('/enter'), hostname: '*' }
    const { loginUrls, loginPredicates, refreshTokenUrl } = resolve({ loginUrl: ['/in', isLogin, pattern] })
    expect(loginUrls.map(({ pathname }) => pathname)).toEqual(['/in'])
    expect(refreshTokenUrl?.pathname).toBe('/in')
    const request = new Request('https://app.example/enter')
    const [first, second] = loginPredicates
    expect(first).toBe(isLogin)
    // A pattern without an origin means the worker's own.
    expect(second?.(new URL('https://app.example/enter'), request)).toBe(true)
    expect(second?.(new URL('https://evil.example/enter'), request)).toBe(false)
  })

  it('that is a predicate names no URL to refresh at', () => {
    expect(() => resolve({ loginUrl: isLogin, useRefreshToken: true })).toThrow(
      expect.objectContaining({ option: 'refreshTokenUrl' }),
    )
    expect(resolve({ loginUrl: isLogin }).refreshTokenUrl).toBeNull()
    expect(resolve({ loginUrl: isLogin, useRefreshToken: true, refreshRequest: () => ({}) }).refreshTokenUrl).toBeNull()
  })

  it.each([[/login/], [{}], [[]], [['']], [[null]], [7]])('takes no %j', loginUrl => {
    expect(() => resolve({ loginUrl: loginUrl as never })).toThrow(expect.objectContaining({ option: 'loginUrl' }))
  })

  it.each([[['log in']], ['login'], [['{']]])('takes no operations %j', loginOperations => {
    expect(() => resolve({ loginOperations: loginOperations as never })).toThrow(
      expect.objectContaining({ option: 'loginOperations' }),
    )
  })
})

it.each(['application/vnd.api+json', 'application/x-amz-json-1.1', 'application/json; charset=utf-8'])(
  'a Content-Type that is JSON by its name is sent as JSON: %s (W43)',
  type => {
    expect(resolve({ defaultHeadersForTokenRequests: { 'Content-Type': type } }).formEncoded).toBe(false)
  },
)
