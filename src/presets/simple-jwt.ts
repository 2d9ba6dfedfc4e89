import type { Preset } from './preset.ts'

/**
 * Django REST framework's SimpleJWT, at the paths of its documentation.
 * @see https://django-rest-framework-simplejwt.readthedocs.io/en/stable/getting_started.html
 */
export function simpleJwt(): Preset {
  return {
    loginUrl: '/api/token/',
    refreshTokenUrl: '/api/token/refresh/',
    useRefreshToken: true,
    accessTokenProp: 'access',
    refreshTokenProp: 'refresh',
    refreshTokenSubmitProp: 'refresh',
  }
}
