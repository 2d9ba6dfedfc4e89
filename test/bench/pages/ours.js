import { register } from 'refresh-worker'
import { exposeAuth } from './kit.js'

exposeAuth(register('/sw.js'))
