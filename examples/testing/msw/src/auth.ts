import { register } from 'refresh-worker'

export const auth = register('/sw.js', { withoutWorker: async () => (await import('./in-page.ts')).host })
