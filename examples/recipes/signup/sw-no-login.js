importScripts('/refresh-worker.js')
RefreshWorker.setup({
  apiUrls: ['/api/'],
  loginUrl: '/auth/login',
  signupUrl: '/auth/signup',
  loginOnSignup: false,
  useRefreshToken: true,
  claims: ['name'],
})
