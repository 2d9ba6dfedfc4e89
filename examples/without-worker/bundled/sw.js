import { setup } from 'refresh-worker/sw'
import { authOptions } from './auth-options.js'

setup(authOptions)
