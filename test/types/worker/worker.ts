// Compiles as a worker's code does: against the built package, with the worker's types and no DOM's.
import { directus } from 'refresh-worker/presets'
import { type AuthorizedApi, ConfigError, type Options, registerApiRoute, setup } from 'refresh-worker/sw'

const options: Options = {
  apiUrls: ['/api/', url => url.pathname.startsWith('/v2/'), (_, request) => request.method === 'GET'],
  loginUrl: '/auth/login',
  useRefreshToken: true,
}

try {
  setup(options)
} catch (error) {
  if (error instanceof ConfigError) console.error(error.code, error.option)
}

setup({
  ...directus(),
  apiUrls: ['/items/'],
  loginUrl: [(url, request) => url.pathname === '/rpc' && request.headers.get('X-Target') === 'Login', '/auth/login'],
  refreshRequest: async ({ refreshToken, url }) => new Request(url ?? '/', { method: 'PUT', body: refreshToken }),
  logoutRequest: ({ refreshToken }) => ({ body: JSON.stringify({ refreshToken }) }),
  readTokens: async response => {
    const { token, until } = await response.json()
    return token ? { accessToken: token, expiresAt: new Date(until) } : null
  },
  isUnauthorized: ({ status }) => status === 419,
  isRefreshRejected: async response => (await response.text()) === 'gone',
})
// @ts-expect-error: a promise of nothing
setup({ ...options, isUnauthorized: async () => undefined })

setup([options, { ...options, storageKey: 'another', apiUrls: ['https://api.example/'] }])
const api: AuthorizedApi = setup(options)
registerApiRoute(api, url => url.pathname.startsWith('/api/'), { handle: ({ request }) => fetch(request) })

// @ts-expect-error: no strategy
registerApiRoute(api, () => true, {})
// @ts-expect-error: apiUrls is required
setup({})
// @ts-expect-error: no such option
setup({ apiUrls: ['/api/'], apiUrl: '/api/' })
