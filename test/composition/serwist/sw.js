import { registerApiRoute, setup } from 'refresh-worker/sw'
import { NetworkFirst, Serwist, StaleWhileRevalidate } from 'serwist'

// First: who is first to answer a request wins.
const api = setup({
  apiUrls: ['/api/'],
  loginUrl: '/auth/login',
  logoutUrl: '/auth/logout',
  useRefreshToken: true,
  lifecycle: false, // Serwist does that, see below
})

// A strategy for some of the API. Not in runtimeCaching, which would never be asked.
registerApiRoute(api, url => url.pathname.startsWith('/api/orders/'), new NetworkFirst({ cacheName: 'orders' }))

// All the rest is Serwist's, as without us.
const serwist = new Serwist({
  precacheEntries: self.__SW_MANIFEST,
  precacheOptions: { cleanupOutdatedCaches: true },
  skipWaiting: true,
  clientsClaim: true,
  runtimeCaching: [
    {
      matcher: ({ url }) => url.pathname.startsWith('/news/'),
      handler: new StaleWhileRevalidate({ cacheName: 'news' }),
    },
  ],
})
serwist.addEventListeners()
