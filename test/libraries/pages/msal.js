// msal-browser against an OpenID provider that is not Microsoft's.
import { PublicClientApplication } from '@azure/msal-browser'

const AUTHORITY = 'https://id.example/tenant'
const url = path => `${location.origin}${path}`
const scopes = ['openid', 'offline_access']
const client = new PublicClientApplication({
  auth: {
    clientId: 'web',
    authority: AUTHORITY,
    redirectUri: url('/app.html'),
    postLogoutRedirectUri: url('/app.html'),
    knownAuthorities: ['id.example'],
    authorityMetadata: JSON.stringify({
      issuer: AUTHORITY,
      authorization_endpoint: url('/oidc/auth'),
      token_endpoint: url('/oidc/token'),
      end_session_endpoint: url('/oidc/logout'),
      jwks_uri: url('/oidc/jwks'),
    }),
    OIDCOptions: { serverResponseType: 'query' },
  },
  system: { protocolMode: 'OIDC', allowPlatformBroker: false },
  cache: { cacheLocation: 'localStorage' },
})
const account = () => client.getAllAccounts()[0] ?? null

export const started = async () => {
  await client.initialize()
  await client.handleRedirectPromise()
}

export const logIn = () => client.loginRedirect({ scopes })
export const claims = async () => account().idTokenClaims
const tokenOf = async (options = {}) => client.acquireTokenSilent({ scopes, account: account(), ...options })

export const call = async () => {
  const { accessToken } = await tokenOf()
  return (await fetch('/api/me', { headers: { Authorization: `Bearer ${accessToken}` } })).ok
}

export const renew = () => tokenOf({ forceRefresh: true })

export const logOut = () => client.logoutRedirect({ account: account() })
export const isLoggedIn = async () => account() !== null
