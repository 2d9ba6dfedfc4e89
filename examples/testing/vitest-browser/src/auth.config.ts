import type { Options } from 'refresh-worker/in-page'

export default {
  apiUrls: ['/api/'],
  loginUrl: '/auth/login',
  logoutUrl: '/auth/logout',
  useRefreshToken: true,
  claims: ['name'],
} satisfies Options
