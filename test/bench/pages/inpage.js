import { register } from 'refresh-worker'
import { inPage } from 'refresh-worker/in-page'
import { expose, isLoginAsked, logIn } from './kit.js'

const auth = register('/sw.js', { host: 'page', withoutWorker: async () => inPage(globalThis.benchOptions) })

expose({
  start: async () => {
    await auth.ready
    if (isLoginAsked || auth.getSnapshot().status !== 'authenticated') await logIn()
  },
  renew: logIn,
  send: (url, init) => fetch(url, init),
})
