importScripts('refresh-worker.js')
RefreshWorker.setup({
  apiUrls: ['/api/'],
  loginUrl: '/auth/login',
  logoutUrl: '/auth/logout',
  useRefreshToken: true,
  lifecycle: false, // Angular's worker does that
})

// Second: it answers all that comes to it.
importScripts('ngsw-worker.js')
