import { register } from 'refresh-worker'

export const auth = register('/sw.js', { withoutWorker: () => import('./in-page.js') })
