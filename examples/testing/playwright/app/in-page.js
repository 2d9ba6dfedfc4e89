import { inPage } from './refresh-worker/refresh-worker.in-page.js'
import './auth-options.js'

export const host = inPage(self.authOptions)
