import { inPage } from 'refresh-worker/in-page'
import { authOptions } from './auth-options.js'

export default inPage(authOptions)
