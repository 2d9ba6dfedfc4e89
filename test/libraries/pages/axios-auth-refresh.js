// axios with axios-auth-refresh, as its documentation has it.
import axios from 'axios'
import { createAuthRefresh } from 'axios-auth-refresh'

const api = axios.create()
const read = () => JSON.parse(localStorage.getItem('tokens') ?? 'null')

api.interceptors.request.use(request => {
  const tokens = read()
  if (tokens) request.headers.Authorization = `Bearer ${tokens.access_token}`
  return request
})

const refresh = async () => {
  const { data } = await axios.post('/auth/refresh', { refresh_token: read()?.refresh_token })
  localStorage.setItem('tokens', JSON.stringify(data))
}

createAuthRefresh(api, refresh)

export const logIn = async () => {
  const { data } = await api.post('/auth/login', { username: 'ada', password: 'lovelace' })
  localStorage.setItem('tokens', JSON.stringify(data))
}

export const claims = async () => JSON.parse(atob(read().access_token.split('.')[1]))

export const call = () => api.get('/api/me')

export const renew = () => refresh()

export const logOut = async () => {
  await api.post('/auth/logout').catch(() => undefined)
  localStorage.removeItem('tokens')
}

export const isLoggedIn = async () => read() !== null
