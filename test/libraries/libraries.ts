/** Code that knows nothing of the worker, and what its worker is told; nothing else of it is changed. */
import type { Running } from '../backends/backend.ts'
import { supabase as goTrue } from '../backends/imitations.ts'
import { cookieTimer, type Endpoints, firebaseAuth, openId, plain, reactHooks, realWorld, userPool } from './servers.ts'

export interface Library {
  /** Its name in the documentation. */
  readonly title: string
  /** That of its case. */
  readonly number?: string
  /** Its module in `pages/`. */
  readonly page: string
  /** The argument of `setup()`. */
  readonly setup: string
  /** The path of its refresh; null: it has none, and the session ends with the token. */
  readonly refresh: string | null
  /** Whether it takes a while, or is much like another: with EVERYWHERE=1 only. */
  readonly isLeftOut?: true
  /** Whether its login leaves the page. */
  readonly isRedirect?: true
  /** Whether its logout leaves the page. */
  readonly leaves?: true
  /** Whether its tabs, which share a storage, get in each other's way where they renew at the same time. */
  readonly renewsInTurn?: true
  /** Whether its tabs share a cookie that is marked as secure, which WebKit keeps for https alone. */
  readonly needsSecureCookie?: true
  readonly open: (origin: string) => Promise<Running>
}

export const supabase: Library = {
  title: '@supabase/auth-js',
  number: 'W64',
  page: 'supabase',
  setup: "{ ...RefreshWorker.presets.supabase({ apikey: 'anon' }), apiUrls: ['/rest/v1/', '/auth/v1/user'] }",
  refresh: '/auth/v1/token?grant_type=refresh_token',
  open: goTrue.open,
}

/** What the worker is told of an OpenID provider, and where the library goes for its login and its logout. */
function ofProvider(at: Omit<Endpoints, 'issuer'> & { readonly issuer: (origin: string) => string }) {
  return {
    setup: `{
  apiUrls: ['/api/'],
  loginUrl: '${at.token}',
  endSessionUrl: '${at.logout}',
  useRefreshToken: true,
  clientId: 'web',
  defaultHeadersForTokenRequests: { 'Content-Type': 'application/x-www-form-urlencoded' },
}`,
    refresh: at.token,
    isRedirect: true,
    leaves: true,
    open: (origin: string) => openId({ ...at, issuer: at.issuer(origin) }),
  } as const
}

const realm = '/realms/demo/protocol/openid-connect'
const oidc = {
  authorize: '/oidc/auth',
  token: '/oidc/token',
  logout: '/oidc/logout',
  jwks: '/oidc/jwks',
  returnTo: 'post_logout_redirect_uri',
} as const

export const keycloak: Library = {
  title: 'keycloak-js',
  number: 'W63',
  page: 'keycloak',
  ...ofProvider({
    issuer: origin => `${origin}/realms/demo`,
    authorize: `${realm}/auth`,
    token: `${realm}/token`,
    logout: `${realm}/logout`,
    jwks: `${realm}/certs`,
    returnTo: 'post_logout_redirect_uri',
  }),
}

export const auth0: Library = {
  title: '@auth0/auth0-spa-js',
  isLeftOut: true,
  page: 'auth0',
  ...ofProvider({
    issuer: origin => `${origin}/`,
    authorize: '/authorize',
    token: '/oauth/token',
    logout: '/v2/logout',
    jwks: '/.well-known/jwks.json',
    returnTo: 'returnTo',
  }),
}

export const msal: Library = {
  title: '@azure/msal-browser',
  isLeftOut: true,
  page: 'msal',
  needsSecureCookie: true,
  ...ofProvider({ ...oidc, issuer: () => 'https://id.example/tenant' }),
}

export const angular: Library = {
  title: 'angular-auth-oidc-client',
  isLeftOut: true,
  page: 'angular',
  renewsInTurn: true,
  ...ofProvider({
    ...oidc,
    issuer: origin => `${origin}/oidc`,
    metadata: '/oidc/.well-known/openid-configuration',
  }),
}

export const amplify: Library = {
  title: '@aws-amplify/auth',
  number: 'W65',
  page: 'amplify',
  setup: `{
  ...RefreshWorker.presets.cognito({ clientId: 'web', url: location.origin + '/cognito/' }),
  apiUrls: ['/api/'],
}`,
  refresh: '/cognito/',
  open: userPool,
}

export const firebase: Library = {
  title: '@firebase/auth',
  page: 'firebase',
  setup: `{
  ...RefreshWorker.presets.firebase({
    apiKey: 'demo',
    authUrl: location.origin + '/identitytoolkit.googleapis.com',
    tokenUrl: location.origin + '/securetoken.googleapis.com',
  }),
  apiUrls: ['/api/'],
  attach: 'placeholder',
}`,
  refresh: '/securetoken.googleapis.com/v1/token?key=demo',
  open: firebaseAuth,
}

export const axiosAuthRefresh: Library = {
  title: 'axios-auth-refresh',
  isLeftOut: true,
  page: 'axios-auth-refresh',
  setup:
    "{ apiUrls: ['/api/'], loginUrl: '/auth/login', refreshTokenUrl: '/auth/refresh', logoutUrl: '/auth/logout', logoutMethod: 'post', useRefreshToken: true }",
  refresh: '/auth/refresh',
  open: plain,
}

export const reactHooksApplication: Library = {
  title: 'An application with axios interceptors and tokens in localStorage',
  page: 'react-hooks',
  setup: `{
  apiUrls: ['/api/'],
  loginUrl: '/api/auth/signin',
  refreshTokenUrl: '/api/auth/refreshtoken',
  useRefreshToken: true,
  accessTokenProp: 'accessToken',
  refreshTokenProp: 'refreshToken',
  refreshTokenSubmitProp: 'refreshToken',
  authHeader: 'x-access-token',
  authTokenType: false,
  attach: 'placeholder',
}`,
  refresh: '/api/auth/refreshtoken',
  open: reactHooks,
}

export const cookieTimerApplication: Library = {
  title: 'An application with a refresh token in a cookie, and a timer of its own',
  page: 'cookie-timer',
  setup: `{
  apiUrls: ['/api/'],
  loginUrl: '/users/authenticate',
  refreshTokenUrl: '/users/refresh-token',
  logoutUrl: '/users/revoke-token',
  logoutMethod: 'post',
  useRefreshToken: true,
  refreshTokenIn: 'cookie',
  accessTokenProp: 'jwtToken',
}`,
  refresh: '/users/refresh-token',
  open: cookieTimer,
}

export const realWorldApplication: Library = {
  title: 'An application that gets a token with each answer about its user',
  page: 'realworld',
  setup: `{
  apiUrls: ['/api/'],
  loginUrl: '/api/users/login',
  accessTokenProp: 'user.token',
  authTokenType: 'Token',
  tokensInBodies: ['/api/user'],
  attach: 'placeholder',
}`,
  refresh: null,
  open: realWorld,
}
