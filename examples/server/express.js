import { nodeHandler } from 'refresh-worker/server'
import { auth, me } from './auth.js'

/** For Express 4 and 5; a body parser before it does no harm. */
export function authRoutes(app) {
  app.post('/auth/login', nodeHandler(auth.login))
  app.post('/auth/refresh', nodeHandler(auth.refresh))
  app.post('/auth/logout', nodeHandler(auth.logout))
  app.get('/api/me', nodeHandler(me))
}
