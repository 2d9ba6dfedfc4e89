importScripts('/refresh-worker.js')
RefreshWorker.setup({
  apiUrls: ['/api/'],
  loginUrl: '/auth/session',
  refreshTokenUrl: '/auth/token',
  logoutUrl: '/auth/logout',
  logoutMethod: 'post',
  useRefreshToken: true,
  claims: ['sub', 'name'],
})
