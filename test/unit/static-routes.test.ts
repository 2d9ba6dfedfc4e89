import { describe, expect, it } from 'vitest'
import { staticRoutes } from '../../sw/static-routes.ts'
import { configOf } from './kit.ts'

describe('G8: static routes', () => {
  it('send navigations, and all but POSTs and the configured URLs, to the network', () => {
    const options = { apiUrls: ['/api/', 'https://api.example:8443/v1'], logoutUrl: '/auth/logout?all' }
    const at = (pathname: string, hostname = 'app.example', port = '') => ({
      urlPattern: { protocol: 'https', hostname, port, pathname, search: '*', hash: '*' },
    })
    expect(staticRoutes(configOf(options))).toEqual([
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

  it('take a URL at its word, whatever it means in a pattern', () => {
    const routes = staticRoutes(configOf({ apiUrls: ['/a(b)*:c+', 'http://[::1]:3000/'] }))
    expect(JSON.stringify(routes)).toContain(String.raw`/a\\(b\\)\\*\\:c\\+{/*}?`)
    expect(JSON.stringify(routes)).toContain(String.raw`"hostname":"[\\:\\:1]","port":"3000","pathname":"{/*}?"`)
  })

  it('are none where code of the application decides', () => {
    expect(staticRoutes(configOf({ apiUrls: ['/api/', () => true] }))).toBeNull()
    expect(staticRoutes(configOf({ apiUrls: [{ test: () => true }] }))).toBeNull()
  })
})
