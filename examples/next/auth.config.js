export default {
  apiUrls: [
    '/api/',
    // What the router asks for when a link is followed, or is about to be, has _rsc in its query.
    url => url.origin === location.origin && url.searchParams.has('_rsc'),
    // Server actions are POSTs to the page's own URL.
    (url, request) => url.origin === location.origin && request.headers.has('next-action'),
  ],
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
