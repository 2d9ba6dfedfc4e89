import type { Options } from 'refresh-worker/plugin'

export default {
  apiUrls: ['/api/'],
  loginUrl: '/auth/login',
  logoutUrl: '/auth/logout',
  useRefreshToken: true,
  claims: ['name'],
} satisfies Options
