importScripts('/refresh-worker.js')

RefreshWorker.setup({
  // What the router asks for when a link is followed ends in __data.json.
  apiUrls: ['/api/', url => url.origin === location.origin && url.pathname.endsWith('/__data.json')],
  loginUrl: '/login',
  refreshTokenUrl: '/auth/refresh',
  logoutUrl: '/auth/logout',
  logoutMethod: 'post',
  useRefreshToken: true,
  accessTokenIn: 'cookie',
  sessionUrl: '/api/session',
  subjectProp: 'user',
  claims: ['user'],
  navigations: ['/app'],
})
