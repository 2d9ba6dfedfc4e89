/** Servers that have no refresh token: the access token gets itself a new one. */
import { bodyOf, type Preset, token } from './preset.ts'

export interface CollectionOptions {
  /** Whose users log in; `users` by default. */
  readonly collection?: string
}

/**
 * PocketBase. Its tokens renew themselves only while they are good.
 * @see https://pocketbase.io/docs/api-records/#auth-refresh
 */
export function pocketBase({ collection = 'users' }: CollectionOptions = {}): Preset {
  const url = `/api/collections/${collection}`
  return {
    loginUrl: ['password', 'oauth2', 'otp'].map(way => `${url}/auth-with-${way}`),
    refreshTokenUrl: `${url}/auth-refresh`,
    useRefreshToken: true,
    refreshTokenIn: 'access_token',
    accessTokenProp: 'token',
  }
}

/**
 * Payload. Its tokens renew themselves only while they are good.
 * @see https://payloadcms.com/docs/authentication/operations
 */
export function payload({ collection = 'users' }: CollectionOptions = {}): Preset {
  const url = `/api/${collection}`
  return {
    loginUrl: ['login', 'reset-password', 'first-register'].map(way => `${url}/${way}`),
    refreshTokenUrl: `${url}/refresh-token`,
    logoutUrl: `${url}/logout`,
    logoutMethod: 'post',
    useRefreshToken: true,
    refreshTokenIn: 'access_token',
    // It answers with the token of its request.
    tokensInBodies: [`${url}/me`],
    readTokens: async response => {
      const body = await bodyOf(response)
      const accessToken = token(body, 'token') ?? token(body, 'refreshedToken')
      return accessToken === null ? null : { accessToken, expiresAt: body.exp as number }
    },
  }
}

/**
 * Laravel with tymon/jwt-auth or its successor: an expired token renews itself too, within `refresh_ttl`.
 * @see https://jwt-auth.readthedocs.io/en/develop/quick-start/
 */
export function laravelJwt(): Preset {
  return {
    loginUrl: '/api/auth/login',
    refreshTokenUrl: '/api/auth/refresh',
    logoutUrl: '/api/auth/logout',
    logoutMethod: 'post',
    useRefreshToken: true,
    refreshTokenIn: 'access_token',
  }
}
