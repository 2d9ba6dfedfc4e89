self.authOptions = {
  apiUrls: ['/api/'],
  loginUrl: '/auth/login',
  logoutUrl: '/auth/logout',
  useRefreshToken: true,
  claims: ['name'],
}
