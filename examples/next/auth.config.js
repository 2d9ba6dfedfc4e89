export default {
  // What the router asks for when a link is followed, or is about to be, has _rsc in its query.
  apiUrls: ['/api/', url => url.origin === location.origin && url.searchParams.has('_rsc')],
  loginUrl: '/auth/login',
  refreshTokenUrl: '/auth/refresh',
  logoutUrl: '/auth/logout',
  logoutMethod: 'post',
  useRefreshToken: true,
  accessTokenIn: 'cookie',
  sessionUrl: '/api/session',
  subjectProp: 'user',
  claims: ['user'],
  navigations: ['/dashboard'],
}
