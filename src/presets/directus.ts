import { bodyOf, json, type Preset, token } from './preset.ts'

/**
 * Directus, in its `json` mode.
 * @see https://directus.io/docs/api/authentication
 */
export function directus(): Preset {
  return {
    loginUrl: '/auth/login',
    refreshTokenUrl: '/auth/refresh',
    logoutUrl: '/auth/logout',
    useRefreshToken: true,
    refreshRequest: ({ refreshToken }) => json({ refresh_token: refreshToken, mode: 'json' }),
    logoutRequest: ({ refreshToken }) => json({ refresh_token: refreshToken, mode: 'json' }),
    readTokens: async response => {
      const data = (await bodyOf(response)).data as Record<string, unknown> | undefined
      const accessToken = token(data, 'access_token')
      return accessToken === null
        ? null
        : {
            accessToken,
            refreshToken: token(data, 'refresh_token'),
            // Null of a token that never expires.
            expiresIn: data?.expires ? Number(data.expires) / 1000 : null,
          }
    },
  }
}
