import { controlled, expose, isLoginAsked, logIn } from './kit.js'

const renew = async () => localStorage.setItem('token', (await logIn()).access_token)

expose({
  start: async () => {
    await controlled('/sw.js')
    if (isLoginAsked || !localStorage.getItem('token')) await renew()
  },
  renew,
  send: (url, init) => fetch(url, { ...init, headers: { Authorization: `Bearer ${localStorage.getItem('token')}` } }),
})
