/** Servers that take a refresh token, or give an access token, in a header. */
import { bearerIn, type Preset } from './preset.ts'

/**
 * Sends the refresh token as `Authorization: Bearer`, as flask-jwt-extended and guards of NestJS expect it.
 * @see https://flask-jwt-extended.readthedocs.io/en/stable/refreshing_tokens.html
 */
export function refreshTokenAsBearer(): Preset {
  return {
    useRefreshToken: true,
    refreshRequest: ({ refreshToken }) => ({ headers: { Authorization: `Bearer ${refreshToken}` } }),
  }
}

/**
 * devise-jwt: the answer to a login has the token in a header, and nothing renews it.
 * @see https://github.com/waiting-for-dev/devise-jwt
 */
export function deviseJwt(): Preset {
  return {
    loginUrl: '/users/sign_in',
    logoutUrl: '/users/sign_out',
    logoutMethod: 'delete',
    logoutOnInvalidToken: true,
    readTokens: response => {
      const accessToken = bearerIn(response)
      return accessToken ? { accessToken } : null
    },
  }
}

/**
 * devise_token_auth (1.2 and later): each answer may bring a new token. `Authorization` has all that the server wants, and
 * its parts stand beside it.
 * @see https://devise-token-auth.gitbook.io/devise-token-auth/conceptual
 */
export function deviseTokenAuth(): Preset {
  return {
    loginUrl: '/auth/sign_in',
    logoutUrl: '/auth/sign_out',
    logoutMethod: 'delete',
    logoutOnInvalidToken: true,
    tokensInAnswers: true,
    // Beside one that goes on, they are blank. The last two are for nobody: found, they are hidden.
    exposeIdToken: false,
    readTokens: response => {
      const accessToken = bearerIn(response)
      const part = (name: string) => response.headers.get(name)?.trim() || null
      return accessToken
        ? { accessToken, expiresAt: part('expiry'), refreshToken: part('access-token'), idToken: part('client') }
        : null
    },
  }
}

/**
 * SuperTokens, with its tokens in headers.
 * @see https://supertokens.com/docs/references/fdi/introduction
 */
export function superTokens(): Preset {
  return {
    loginUrl: ['/auth/signin', '/auth/signinup', '/auth/signinup/code/consume'],
    signupUrl: '/auth/signup',
    refreshTokenUrl: '/auth/session/refresh',
    logoutUrl: '/auth/signout',
    logoutMethod: 'post',
    useRefreshToken: true,
    // New claims, for one, are a new token, with whatever answer.
    tokensInAnswers: true,
    refreshRequest: ({ refreshToken }) => ({
      headers: { Authorization: `Bearer ${refreshToken}`, 'st-auth-mode': 'header' },
    }),
    readTokens: response => {
      const accessToken = response.headers.get('st-access-token')
      return accessToken ? { accessToken, refreshToken: response.headers.get('st-refresh-token') } : null
    },
  }
}
