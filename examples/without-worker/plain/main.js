import { register } from './refresh-worker/index.js'

export const auth = register('/sw.js', { withoutWorker: () => import('/in-page.js') })
