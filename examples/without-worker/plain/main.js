import { register } from './refresh-worker.page.js'

export const auth = register('/sw.js', { withoutWorker: () => import('/in-page.js') })
