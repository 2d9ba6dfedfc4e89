import { register } from 'refresh-worker'
import { inPage } from 'refresh-worker/in-page'
import { exposeAuth } from './kit.js'

exposeAuth(register('/sw.js', { host: 'page', withoutWorker: async () => inPage(globalThis.benchOptions) }))
