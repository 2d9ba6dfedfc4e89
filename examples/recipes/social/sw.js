importScripts('/refresh-worker.js')
RefreshWorker.setup({
  apiUrls: ['/api/'],
  loginUrl: ['/auth/login', '/auth/session'],
  useRefreshToken: true,
  claims: ['name'],
})
