import { registerApiRoute, setup } from 'refresh-worker/sw'
import { cleanupOutdatedCaches, createHandlerBoundToURL, precacheAndRoute } from 'workbox-precaching'
import { NavigationRoute, registerRoute } from 'workbox-routing'
import { NetworkFirst, StaleWhileRevalidate } from 'workbox-strategies'

// First: who is first to answer a request wins.
const api = setup({
  apiUrls: ['/api/'],
  loginUrl: '/auth/login',
  logoutUrl: '/auth/logout',
  useRefreshToken: true,
  lifecycle: false, // a new version waits for SKIP_WAITING, see below
})

// A strategy for some of the API. Not registerRoute(), which would never be asked.
registerApiRoute(api, url => url.pathname.startsWith('/api/orders/'), new NetworkFirst({ cacheName: 'orders' }))

// All the rest is Workbox's, as without us.
cleanupOutdatedCaches()
precacheAndRoute(self.__WB_MANIFEST)
registerRoute(new NavigationRoute(createHandlerBoundToURL('index.html')))
registerRoute(({ url }) => url.pathname.startsWith('/news/'), new StaleWhileRevalidate({ cacheName: 'news' }))

addEventListener('message', ({ data }) => {
  if (data?.type === 'SKIP_WAITING') self.skipWaiting()
})
