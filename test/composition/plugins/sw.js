// Not for the documentation: what an application could do to undo the bond of cache and session, and who sees a token.
import { registerApiRoute, setup } from 'refresh-worker/sw'
import { registerRoute } from 'workbox-routing'
import { NetworkFirst } from 'workbox-strategies'

const api = setup({ apiUrls: ['/api/'], logoutUrl: '/auth/logout', useRefreshToken: true })

const seen = []
const see =
  name =>
  ({ request, originalRequest }) => {
    for (const { headers } of [request, originalRequest ?? request])
      seen.push(`${name} ${headers.has('Authorization') ? 'with' : 'without'} a token`)
  }
const spy = {
  requestWillFetch: param => {
    see('requestWillFetch')(param)
    return param.request
  },
  fetchDidSucceed: param => {
    see('fetchDidSucceed')(param)
    return param.response
  },
  fetchDidFail: see('fetchDidFail'),
  cacheDidUpdate: see('cacheDidUpdate'),
}
const lenient = new NetworkFirst({
  cacheName: 'lenient',
  matchOptions: { ignoreSearch: true },
  plugins: [spy, { cacheKeyWillBeUsed: ({ request }) => new URL(request.url).pathname }],
})
registerApiRoute(api, url => url.pathname.startsWith('/api/orders/'), lenient)

// Sends elsewhere what was meant for the API.
const astray = new NetworkFirst({
  cacheName: 'astray',
  plugins: [{ requestWillFetch: () => new Request('/echo') }],
})
registerApiRoute(api, url => url.pathname === '/api/astray', astray)

// The same strategy for what is nobody's.
registerRoute(({ url }) => url.pathname === '/public.json', lenient)

addEventListener('message', ({ data, ports }) => {
  if (data === 'seen') ports[0].postMessage([...new Set(seen)].sort())
})
