import { describe, expect, it } from 'vitest'
import { createMatcher } from '../../../../src/core/requests/routes.ts'
import { configOf, ORIGIN } from '../../kit.ts'

/** A request as the worker sees it: Node's constructor sets no destination, and refuses some modes. */
function requestOf(url: string, init: { method?: string; mode?: string; destination?: string } = {}): Request {
  const { method = 'GET', mode = 'cors', destination = '' } = init
  const request = new Request(new URL(url, ORIGIN), { method })
  return Object.defineProperties(request, { mode: { value: mode }, destination: { value: destination } })
}

const kindOf = (options: Parameters<typeof configOf>[0], url: string, init?: Parameters<typeof requestOf>[1]) => {
  const request = requestOf(url, init)
  return createMatcher(configOf(options))(request, new URL(request.url))
}

describe('API requests', () => {
  it.each([
    ['/api/', '/api/me', true],
    ['/api/', '/api', true],
    ['/api', '/api', true],
    ['/api', '/api/', true],
    ['/api', '/api?x=1', true],
    ['/api', '/api/me#part', true],
    ['/api', '/apis', false],
    ['/api', '/apix/me', false],
    ['/api', '/API/me', false],
    ['/api', '/v1/api/me', false],
    ['/api', '//api/me', false],
    ['/api', '/api;v=1/me', false],
    ['/api', '/ap%69/me', false],
    ['/api', '/api/../admin', false],
    ['/api', '/api/%2e%2e/admin', false],
    ['/api', '/api/..%2fadmin', false],
    ['/api', '/api%2f..%2fadmin', false],
    ['/api', '/api/%2e%2e%2fadmin', false],
    ['/api', '/api/..%5cadmin', false],
    ['/api', '/api/..%2fadmin/%', false],
    ['/api', '/api/x%ff/..%2f..%2fadmin', false],
    ['/api', '/api/projects/group%2Fproject', true],
    ['/api', '/api/100%', true],
    ['https://api.example/v1', 'https://api.example/v1/me', true],
    ['https://api.example/v1', 'https://API.EXAMPLE:443/v1/me', true],
    ['https://api.example/v1', 'https://api.example:8443/v1/me', false],
    ['https://api.example/v1', 'http://api.example/v1/me', false],
    ['https://api.example/v1', 'https://api.example.evil.example/v1/me', false],
    ['https://api.example/v1', 'https://apixexample/v1/me', false],
    ['https://api.example/v1', 'https://evil.example/https://api.example/v1/me', false],
    ['https://api.example/v1', 'https://evil.example/?https://api.example/v1/me', false],
    ['https://api.example/v1', 'https://evil.example/#https://api.example/v1/me', false],
    ['https://api.example/v1', 'https://api.example./v1/me', false],
    ['https://api.example/', 'https://api.example/anything', true],
    ['/api', 'https://evil.example/api/me', false],
  ])('prefix %s takes %s: %s (U1–U19)', (prefix, url, isTaken) => {
    expect(kindOf({ apiUrls: [prefix] }, url)).toBe(isTaken ? 'api' : null)
  })

  it.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'])(
    'are taken by any method: %s',
    method => {
      expect(kindOf({}, '/api/me', { method })).toBe('api')
    },
  )

  it.each([
    ['navigate', 'document'],
    ['no-cors', 'image'],
    ['no-cors', ''],
    ['cors', 'image'],
    ['cors', 'script'],
    ['same-origin', 'worker'],
    ['websocket', ''],
  ])('are not taken in mode %j for %j (R6, H10, H11)', (mode, destination) => {
    expect(kindOf({}, '/api/me', { mode, destination })).toBeNull()
  })

  it.each<[string, string, string, string | null]>([
    ['no-cors', 'image', '/api/photo.png', 'api'],
    ['cors', 'image', '/api/photo.png', 'api'],
    ['no-cors', 'video', '/api/film.mp4', 'api'],
    ['no-cors', 'audio', '/api/song.mp3', null],
    ['no-cors', 'image', '/photo.png', null],
    ['no-cors', 'image', '/auth/login', null],
    // Named or not: what scripts ask for is always among them, and what they ask for without CORS never.
    ['cors', '', '/api/me', 'api'],
    ['no-cors', '', '/api/me', null],
    ['navigate', 'document', '/api/me', null],
  ])('with destinations, in mode %j for %j: %s is %s', (mode, destination, url, kind) => {
    const options = { apiUrls: ['/api/', '/auth/'], destinations: ['image', 'video'] as const }
    expect(kindOf(options, url, { mode, destination })).toBe(kind)
  })

  it('ask predicates with the parsed URL and the request', () => {
    const apiUrls = [(url: URL, request: Request) => url.pathname === '/special' && request.method === 'PUT']
    expect(kindOf({ apiUrls }, '/special', { method: 'PUT' })).toBe('api')
    expect(kindOf({ apiUrls }, '/special')).toBeNull()
  })

  it('are none with httpInterceptor off, while logins are still taken', () => {
    expect(kindOf({ httpInterceptor: false }, '/api/me')).toBeNull()
    expect(kindOf({ httpInterceptor: false }, '/auth/login', { method: 'POST' })).toBe('login')
  })
})

describe('auth requests', () => {
  const options = {
    apiUrls: ['/api/', '/auth/'],
    signupUrl: '/auth/signup',
    logoutUrl: '/auth/logout',
    refreshTokenUrl: '/auth/token',
    revocationUrl: '/auth/revoke',
  }

  it.each([
    ['POST', '/auth/login', 'login'],
    ['POST', '/auth/login?next=/', 'login'],
    ['POST', '/auth/signup', 'signup'],
    ['GET', '/auth/logout', 'logout'],
    ['GET', '/auth/me', 'api'],
    ['GET', '/auth/signup', 'api'],
    ['POST', '/auth/logout', 'logout'],
    ['DELETE', '/auth/logout', 'api'],
    // Never the token, whatever apiUrls say (R7); a lenient server takes an alias for the login itself (U26).
    ['GET', '/AUTH/LOGIN/', null],
    ['GET', '/auth/token', 'token'],
    ['PUT', '/auth/TOKEN/', 'token'],
    ['DELETE', '/auth/token', null],
    ['GET', '/auth/revoke', null],
    ['GET', '/auth/REVOKE/', null],
    ['GET', '/auth/login', null],
    ['POST', '/auth/token', 'token'],
    ['POST', '/AUTH/LOGIN', 'login'],
    ['POST', '/auth/login/', 'login'],
    ['POST', '/auth//login', 'login'],
    ['POST', '/auth/log%69n', 'login'],
    ['POST', '/auth/token/', 'token'],
    ['POST', '/auth/revoke', 'revocation'],
    ['POST', '/auth/Revoke/', 'revocation'],
  ])('%s %s is %s', (method, url, kind) => {
    expect(kindOf(options, url, { method })).toBe(kind)
  })

  it('compare the query only where the configuration has one', () => {
    const withQuery = { loginUrl: '/auth/token?grant_type=password' }
    expect(kindOf(withQuery, '/auth/token?grant_type=password', { method: 'POST' })).toBe('login')
    expect(kindOf(withQuery, '/auth/token?grant_type=other', { method: 'POST' })).toBeNull()
  })

  it.each([
    ['POST', '/auth/login', 'login'],
    ['POST', '/auth/session', 'login'],
    ['POST', '/auth/session/', 'login'],
    ['GET', '/auth/session', null],
    ['POST', '/auth/sessions', 'api'],
  ])('with two login URLs, %s %s is %s', (method, url, kind) => {
    expect(kindOf({ apiUrls: ['/auth/'], loginUrl: ['/auth/login', '/auth/session'] }, url, { method })).toBe(kind)
  })

  it('take the configured logout method', () => {
    expect(kindOf({ ...options, logoutMethod: 'post' }, '/auth/logout', { method: 'POST' })).toBe('logout')
    expect(kindOf({ ...options, logoutMethod: 'post' }, '/auth/logout')).toBe('api')
  })

  it('are not taken as navigations: a cross-site form post is none of ours (H10)', () => {
    expect(kindOf(options, '/auth/login', { method: 'POST', mode: 'navigate', destination: 'document' })).toBeNull()
  })
})
