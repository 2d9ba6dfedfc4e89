// Not for the documentation: strategies of every kind, and two APIs with a session each.
import { registerApiRoute, setup } from 'refresh-worker/sw'
import { CacheFirst, CacheOnly, NetworkOnly, StaleWhileRevalidate } from 'workbox-strategies'

const api = setup([
  { apiUrls: ['/api/'], useRefreshToken: true },
  { apiUrls: ['/shop/api/'], loginUrl: '/shop/login', storageKey: 'shop' },
])

const strategies = {
  1: new StaleWhileRevalidate({ cacheName: 'stale' }),
  2: new CacheFirst({ cacheName: 'first' }),
  3: new NetworkOnly(),
  4: new CacheOnly({ cacheName: 'first' }),
}
for (const [n, strategy] of Object.entries(strategies))
  registerApiRoute(api, url => url.pathname.endsWith(`/orders/${n}`), strategy)
