import { register } from './refresh-worker/index.js'

export const auth = register('/sw.js', { withoutWorker: async () => (await import('./in-page.js')).host })
