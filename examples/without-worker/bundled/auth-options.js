/** The one configuration: of the worker, and of pages that have none. */
export const authOptions = {
  apiUrls: ['/api/'],
  loginUrl: '/auth/login',
  logoutUrl: '/auth/logout',
  useRefreshToken: true,
}
