import { requestOf } from 'refresh-worker/server'
import { auth, me } from './auth.js'

/** A plugin: app.register(authRoutes). */
export async function authRoutes(app) {
  // The handlers read bodies themselves; other plugins keep their parsers.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  const handle = handler => async (request, reply) => reply.send(await handler(requestOf(request.raw)))
  app.post('/auth/login', handle(auth.login))
  app.post('/auth/refresh', handle(auth.refresh))
  app.post('/auth/logout', handle(auth.logout))
  app.get('/api/me', handle(me))
}
