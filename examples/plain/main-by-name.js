import { register } from 'refresh-worker'
import { show } from './show.js'

show(register('/sw.js'))
