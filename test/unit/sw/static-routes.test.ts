import { describe, expect, it } from 'vitest'
import { staticRoutes } from '../../../sw/static-routes.ts'
import { configOf } from '../kit.ts'

const routesOf = (...options: Parameters<typeof configOf>[0][]) =>
  staticRoutes(options.map(one => configOf({ staticRoutes: true, ...one })))

describe('G8: static routes', () => {
  it('send navigations, and all but POSTs and the configured URLs, to the network', () => {
    const options = { apiUrls: ['/api/', 'https://api.example:8443/v1'], logoutUrl: '/auth/logout?all' }
    const at = (pathname: string, hostname = 'app.example', port = '') => ({
      urlPattern: { protocol: 'https', hostname, port, pathname, search: '*', hash: '*' },
    })
    expect(routesOf(options)).toEqual([
      { condition: { requestMode: 'navigate', ...at('/auth/logout') }, source: 'fetch-event' },
      { condition: { requestMode: 'navigate' }, source: 'network' },
      {
        condition: {
          not: {
            or: [{ requestMethod: 'POST' }, at('/auth/logout'), at('/api{/*}?'), at('/v1{/*}?', 'api.example', '8443')],
          },
        },
        source: 'network',
      },
    ])
  })

  it('let the worker hear of navigations that have to wait for a session in cookies', () => {
    const routes = routesOf({ accessTokenIn: 'cookie', navigations: ['/app/', '/admin'] }) ?? []
    const heard = routes.filter(({ source, condition }) => source === 'fetch-event' && 'urlPattern' in condition)
    expect(
      heard.map(({ condition }) => (condition as { urlPattern: { pathname: string } }).urlPattern.pathname),
    ).toEqual(['/app{/*}?', '/admin{/*}?'])
  })

  it('let the worker hear of forms, any of which may log somebody in, where the session is in cookies (K4)', () => {
    const form = { condition: { requestMode: 'navigate', requestMethod: 'POST' }, source: 'fetch-event' }
    expect(routesOf({ accessTokenIn: 'cookie' })).toContainEqual(form)
    expect(routesOf({})).not.toContainEqual(form)
  })

  it('take a URL at its word, whatever it means in a pattern', () => {
    const routes = routesOf({ apiUrls: ['/a(b)*:c+', 'http://[::1]:3000/'] })
    expect(JSON.stringify(routes)).toContain(String.raw`/a\\(b\\)\\*\\:c\\+{/*}?`)
    expect(JSON.stringify(routes)).toContain(String.raw`"hostname":"[\\:\\:1]","port":"3000","pathname":"{/*}?"`)
  })

  it('spare no URL of any configuration', () => {
    const [, network] = routesOf({ apiUrls: ['/a/'] }, { apiUrls: ['/b/'] }) ?? []
    expect(JSON.stringify(network)).toContain('"pathname":"/a{/*}?"')
    expect(JSON.stringify(network)).toContain('"pathname":"/b{/*}?"')
  })

  it('are none where one configuration does not want them', () => {
    expect(routesOf({}, { staticRoutes: false })).toBeNull()
  })

  it('are none where code of the application decides', () => {
    expect(routesOf({ apiUrls: ['/api/', () => true] })).toBeNull()
    expect(routesOf({ apiUrls: [{ test: () => true }] })).toBeNull()
  })
})
