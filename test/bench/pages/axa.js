import { OidcClient } from '@axa-fr/oidc-client'
import { expose, isLoginAsked, tag } from './kit.js'

const redirectUri = `${location.origin}/callback`
const client = OidcClient.getOrCreate(() => fetch)({
  client_id: 'bench',
  redirect_uri: redirectUri,
  scope: 'openid profile offline_access',
  authority: location.origin,
  service_worker_relative_url: '/OidcServiceWorker.js',
  service_worker_only: true,
  // Its 120 s are longer than tokens live here.
  ...(tag.startsWith('storm') ? { refresh_time_before_tokens_expiration_in_second: 0 } : {}),
  ...(tag === 'steady' ? { refresh_time_before_tokens_expiration_in_second: 1 } : {}),
})

expose({
  start: async () => {
    if (location.href.startsWith(redirectUri)) {
      await client.loginCallbackAsync()
      history.replaceState(null, '', '/')
      return
    }
    await client.tryKeepExistingSessionAsync()
    if (client.tokens && !isLoginAsked) return
    await client.loginAsync('/')
    // The redirect ends this page.
    await new Promise(() => {})
  },
  renew: () => client.renewTokensAsync(),
  send: (url, init) => fetch(url, init),
})
