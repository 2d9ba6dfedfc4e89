import { createAuth0Client } from '@auth0/auth0-spa-js'
import { expose, isLoginAsked } from './kit.js'

let client

expose({
  start: async () => {
    client = await createAuth0Client({
      domain: location.origin,
      clientId: 'bench',
      useRefreshTokens: true,
      // One login for all tabs.
      cacheLocation: 'localstorage',
      authorizationParams: { redirect_uri: location.origin },
    })
    if (new URLSearchParams(location.search).has('code')) {
      await client.handleRedirectCallback()
      history.replaceState(null, '', '/')
    } else if (isLoginAsked || !(await client.isAuthenticated())) {
      await client.loginWithRedirect()
      // The redirect ends this page.
      await new Promise(() => {})
    }
  },
  renew: () => client.getTokenSilently({ cacheMode: 'off' }),
  send: async (url, init) => {
    const token = await client.getTokenSilently()
    return fetch(url, { ...init, headers: { Authorization: `Bearer ${token}` } })
  },
})
