import { register } from 'refresh-worker'
import { expose, isLoginAsked, logIn } from './kit.js'

const auth = register('/sw.js')

expose({
  start: async () => {
    await auth.ready
    if (isLoginAsked || auth.getSnapshot().status !== 'authenticated') await logIn()
  },
  renew: logIn,
  send: (url, init) => fetch(url, init),
})
