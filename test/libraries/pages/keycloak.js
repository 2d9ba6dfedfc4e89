// keycloak-js, with its session in `sessionStorage`, as its documentation leaves it to the application.
import Keycloak from 'keycloak-js'

const keycloak = new Keycloak({ url: location.origin, realm: 'demo', clientId: 'web' })
const stored = JSON.parse(localStorage.getItem('keycloak') ?? '{}')

const save = () => {
  const { token, refreshToken, idToken } = keycloak
  localStorage.setItem('keycloak', JSON.stringify(keycloak.authenticated ? { token, refreshToken, idToken } : {}))
}
keycloak.onAuthLogout = save

export const started = async () => {
  await keycloak.init({ pkceMethod: 'S256', checkLoginIframe: false, responseMode: 'query', ...stored })
  save()
}

export const logIn = () => keycloak.login({ redirectUri: `${location.origin}/app.html` })
export const claims = async () => keycloak.tokenParsed

export const call = async () => {
  const response = await fetch('/api/me', { headers: { Authorization: `Bearer ${keycloak.token}` } })
  return response.ok
}

export const renew = async () => {
  const isRenewed = await keycloak.updateToken(-1).catch(() => false)
  save()
  return isRenewed
}

export const logOut = () => {
  localStorage.removeItem('keycloak')
  return keycloak.logout({ redirectUri: `${location.origin}/app.html` })
}

export const isLoggedIn = async () => keycloak.authenticated === true
