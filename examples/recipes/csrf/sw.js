importScripts('/refresh-worker.js')
RefreshWorker.setup({
  apiUrls: ['/api/'],
  loginUrl: '/auth/login',
  refreshTokenUrl: '/auth/refresh',
  logoutUrl: '/auth/logout',
  logoutMethod: 'post',
  useRefreshToken: true,
  accessTokenIn: 'cookie',
  // Adds a header to the worker's own request.
  refreshRequest: async () => {
    const token = await csrfToken()
    return token ? { headers: { 'X-XSRF-TOKEN': token } } : {}
  },
})

async function csrfToken() {
  const cookie = await self.cookieStore?.get('XSRF-TOKEN')
  if (cookie) return decodeURIComponent(cookie.value)
  // No such cookie, or a browser whose workers cannot read cookies: the server tells.
  const response = await fetch('/auth/csrf')
  return response.ok ? (await response.json()).token : null
}
