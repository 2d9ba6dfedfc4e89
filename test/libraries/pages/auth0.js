// auth0-spa-js with refresh tokens.
import { Auth0Client } from '@auth0/auth0-spa-js'

const auth0 = new Auth0Client({
  domain: location.origin,
  clientId: 'web',
  useRefreshTokens: true,
  cacheLocation: 'localstorage',
  authorizationParams: { redirect_uri: `${location.origin}/app.html` },
})

export const started = async () => {
  if (!new URLSearchParams(location.search).has('code')) return
  await auth0.handleRedirectCallback()
  history.replaceState(null, '', '/app.html')
}

export const logIn = () => auth0.loginWithRedirect()
export const claims = () => auth0.getIdTokenClaims()

export const call = async () => {
  const token = await auth0.getTokenSilently()
  return (await fetch('/api/me', { headers: { Authorization: `Bearer ${token}` } })).ok
}

export const renew = () => auth0.getTokenSilently({ cacheMode: 'off' })

export const logOut = () => auth0.logout({ logoutParams: { returnTo: `${location.origin}/app.html` } })
export const isLoggedIn = () => auth0.isAuthenticated()
