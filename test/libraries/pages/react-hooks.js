// Of the shape of a well-known React tutorial: axios interceptors, tokens in localStorage, `x-access-token`, and a logout
// that only forgets them.
import axios from 'axios'

const local = {
  user: () => JSON.parse(localStorage.getItem('user') ?? 'null'),
  set: user => localStorage.setItem('user', JSON.stringify(user)),
}

const instance = axios.create({ baseURL: '/api', headers: { 'Content-Type': 'application/json' } })

instance.interceptors.request.use(config => {
  const token = local.user()?.accessToken
  if (token) config.headers['x-access-token'] = token
  return config
})

instance.interceptors.response.use(
  response => response,
  async error => {
    const { config, response } = error
    if (config.url === '/auth/signin' || response?.status !== 401 || config.isRetried) return Promise.reject(error)
    config.isRetried = true
    await renewTokens()
    return instance(config)
  },
)

async function renewTokens() {
  const { data } = await instance.post('/auth/refreshtoken', { refreshToken: local.user()?.refreshToken })
  local.set({ ...local.user(), accessToken: data.accessToken })
}

export const logIn = async () => {
  const { data } = await instance.post('/auth/signin', { username: 'ada', password: 'lovelace' })
  if (data.accessToken) local.set(data)
}

export const claims = async () => ({ sub: local.user().username })

export const call = () => instance.get('/test/user')

export const renew = () => renewTokens()

export const logOut = async () => localStorage.removeItem('user')
export const isLoggedIn = async () => local.user() !== null
