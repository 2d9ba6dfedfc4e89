import { auth, me } from './auth.js'

export function authRoutes(app) {
  app.post('/auth/login', context => auth.login(context.req.raw))
  app.post('/auth/refresh', context => auth.refresh(context.req.raw))
  app.post('/auth/logout', context => auth.logout(context.req.raw))
  app.get('/api/me', context => me(context.req.raw))
}
