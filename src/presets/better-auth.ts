import { bodyOf, type Preset, token } from './preset.ts'

/**
 * Better Auth with its JWT plugin: the session is a cookie, and the server exchanges it for a new JWT for the API.
 * @see https://better-auth.com/docs/plugins/jwt
 */
export function betterAuth(): Preset {
  return {
    loginUrl: '/api/auth/sign-in/email',
    signupUrl: '/api/auth/sign-up/email',
    refreshTokenUrl: '/api/auth/token',
    logoutUrl: '/api/auth/sign-out',
    logoutMethod: 'post',
    useRefreshToken: true,
    refreshTokenIn: 'cookie',
    refreshRequest: () => ({ method: 'GET' }),
    readTokens: async response => {
      const body = await bodyOf(response)
      const found = token(body, 'token')
      if (new URL(response.url).pathname.endsWith('/token')) return found === null ? null : { accessToken: found }
      // What a login calls a token is the cookie's, and no page needs it.
      return body.user ? { accessToken: null, refreshToken: found } : null
    },
  }
}
