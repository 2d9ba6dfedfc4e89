import axios from 'axios'
import { createAuthRefresh } from 'axios-auth-refresh'
import { expose, isLoginAsked, logIn } from './kit.js'

const client = axios.create()
const keep = tokens => {
  localStorage.setItem('token', tokens.access_token)
  localStorage.setItem('refreshToken', tokens.refresh_token)
}

// As its documentation has it.
createAuthRefresh(client, async failedRequest => {
  const body = { grant_type: 'refresh_token', refresh_token: localStorage.getItem('refreshToken') }
  const { data } = await axios.post('/oauth/token', body)
  keep(data)
  failedRequest.response.config.headers.Authorization = `Bearer ${data.access_token}`
})
client.interceptors.request.use(request => {
  request.headers.Authorization = `Bearer ${localStorage.getItem('token')}`
  return request
})

const renew = async () => keep(await logIn())

expose({
  start: async () => {
    if (isLoginAsked || !localStorage.getItem('token')) await renew()
  },
  renew,
  get: url =>
    client.get(url).then(
      ({ status }) => status,
      error => error.response?.status ?? 0,
    ),
  send: async (url, { method, body }) => {
    // Its own way to a stream; its default, XMLHttpRequest, has none.
    const { status, data } = await client.request({ url, method, data: body, adapter: 'fetch', responseType: 'stream' })
    return { status, body: data }
  },
})
