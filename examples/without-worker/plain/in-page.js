import { inPage } from './refresh-worker.in-page.js'
import './auth-options.js'

export default inPage(self.authOptions)
