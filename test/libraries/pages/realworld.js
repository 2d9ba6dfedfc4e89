// Of the shape of RealWorld's frontends: `Authorization: Token`, a token with each answer about the user, and no refresh.
let token = null

const ask = async (path, method = 'GET', body) => {
  const response = await fetch(`/api${path}`, {
    method,
    headers: { 'Content-Type': 'application/json', ...(token ? { Authorization: `Token ${token}` } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  if (!response.ok) throw new Error(String(response.status))
  return response.json()
}

const take = ({ user }) => {
  token = user.token
  localStorage.setItem('jwt', token)
  return user
}

export const started = async () => {
  token = localStorage.getItem('jwt')
  if (token) await ask('/user').then(take, () => undefined)
}

export const logIn = async () =>
  void take(await ask('/users/login', 'POST', { user: { email: 'ada', password: 'lovelace' } }))
export const claims = async () => ({ sub: (await ask('/user')).user.username })
export const call = () => ask('/feed')
export const renew = async () => Boolean(take(await ask('/user', 'PUT', { user: { bio: 'first' } })))

export const logOut = async () => {
  token = null
  localStorage.removeItem('jwt')
}

export const isLoggedIn = async () => token !== null
