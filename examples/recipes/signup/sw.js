importScripts('/refresh-worker.js')
RefreshWorker.setup({
  apiUrls: ['/api/'],
  loginUrl: '/auth/login',
  signupUrl: '/auth/signup',
  useRefreshToken: true,
  claims: ['name'],
})
