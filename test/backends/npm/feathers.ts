/** Feathers with its local strategy: an access token, and nothing that renews it. */
import { randomBytes } from 'node:crypto'
import { AuthenticationService, JWTStrategy } from '@feathersjs/authentication'
import { hooks, LocalStrategy } from '@feathersjs/authentication-local'
import express, { json, rest } from '@feathersjs/express'
import { feathers as createFeathers } from '@feathersjs/feathers'
import { memory } from '@feathersjs/memory'
import { type Backend, post } from '../backend.ts'
import { listen } from '../imitation.ts'

export const feathers: Backend = {
  title: 'Feathers 5',
  source: 'npm',
  setup:
    "{ apiUrls: ['/users'], loginUrl: '/authentication', accessTokenProp: 'accessToken', logoutOnInvalidToken: true }",
  login: post('/authentication', { strategy: 'local', email: 'ada', password: 'lovelace' }),
  api: { url: '/users' },
  isRefresh: null,
  open: async () => {
    const app = express(createFeathers())
    app.use(json()).configure(rest())
    app.use('users', memory({ id: 'id' }))
    app.set('authentication', {
      secret: randomBytes(32).toString('hex'),
      entity: 'user',
      service: 'users',
      authStrategies: ['jwt', 'local'],
      jwtOptions: { header: { typ: 'access' }, audience: 'http://localhost', algorithm: 'HS256', expiresIn: '10m' },
      local: { usernameField: 'email', passwordField: 'password' },
    })
    const authentication = new AuthenticationService(app as never)
    authentication.register('jwt', new JWTStrategy())
    authentication.register('local', new LocalStrategy())
    app.use('authentication', authentication as never)
    const { authenticate } = await import('@feathersjs/authentication')
    app.service('users').hooks({
      before: { create: [hooks.hashPassword('password')] as never, find: [authenticate('jwt')] as never },
      after: { all: [hooks.protect('password')] as never },
    })
    await app.service('users').create({ email: 'ada', password: 'lovelace' } as never)
    return { ...(await listen(app as never)), refuse: () => undefined }
  },
}
