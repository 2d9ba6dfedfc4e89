import { register } from './refresh-worker.page.js'
import { show } from './show.js'

show(register('/sw.js'))
