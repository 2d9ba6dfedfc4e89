importScripts('/refresh-worker.js')
RefreshWorker.setup({
  apiUrls: ['/api/'],
  loginUrl: '/auth/login',
  useRefreshToken: true,
  claims: ['sub', 'name', 'roles'],
})
