importScripts('/refresh-worker.js')

RefreshWorker.setup({
  // What the router asks for when a link is followed ends in .data.
  apiUrls: ['/api/', url => url.origin === location.origin && url.pathname.endsWith('.data')],
  loginUrl: '/login',
  refreshTokenUrl: '/auth/refresh',
  logoutUrl: '/auth/logout',
  logoutMethod: 'post',
  useRefreshToken: true,
  idempotencyKeys: 'always',
  accessTokenIn: 'cookie',
  sessionUrl: '/api/session',
  subjectProp: 'user',
  claims: ['user'],
  navigations: ['/app'],
})
