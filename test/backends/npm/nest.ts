/** NestJS with its JWT module and guards of its own, as tutorials have it: the refresh token as Bearer, 403 for a bad one. */
import 'reflect-metadata'
import { randomBytes } from 'node:crypto'
import {
  Body,
  type CanActivate,
  Controller,
  type ExecutionContext,
  ForbiddenException,
  Get,
  HttpCode,
  Inject,
  Module,
  Post,
  Req,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { JwtModule, JwtService } from '@nestjs/jwt'
import { type Backend, post, posts } from '../backend.ts'

const PATH = '/auth/refresh'

/** Applies what classes have in TypeScript that only a compiler of its own can read. */
function decorate(target: abstract new (...args: never[]) => object, method: string, ...decorators: MethodDecorator[]) {
  const descriptor = Object.getOwnPropertyDescriptor(target.prototype, method) as PropertyDescriptor
  for (const decorator of decorators) decorator(target.prototype, method, descriptor)
}

function createModule() {
  const secrets = { access: randomBytes(32).toString('hex'), refresh: randomBytes(32).toString('hex') }
  let isRefusing = false

  /** As its documentation has it: https://docs.nestjs.com/security/authentication */
  const guard = (kind: keyof typeof secrets, refusal: () => Error) => {
    class Guard implements CanActivate {
      readonly jwt: JwtService
      constructor(jwt: JwtService) {
        this.jwt = jwt
      }
      async canActivate(context: ExecutionContext): Promise<boolean> {
        const request = context.switchToHttp().getRequest()
        const [type, token = ''] = request.headers.authorization?.split(' ') ?? []
        try {
          if (type !== 'Bearer' || (kind === 'refresh' && isRefusing)) throw new Error('no')
          request.user = await this.jwt.verifyAsync(token, { secret: secrets[kind] })
        } catch {
          throw refusal()
        }
        return true
      }
    }
    Inject(JwtService)(Guard, undefined, 0)
    return Guard
  }

  class Auth {
    readonly jwt: JwtService
    constructor(jwt: JwtService) {
      this.jwt = jwt
    }
    async tokens(sub: string) {
      const sign = (kind: keyof typeof secrets, expiresIn: '15m' | '7d') =>
        this.jwt.signAsync({ sub }, { secret: secrets[kind], expiresIn })
      return { access_token: await sign('access', '15m'), refresh_token: await sign('refresh', '7d') }
    }
    logIn({ email, password }: { email: string; password: string }) {
      if (email !== 'ada' || password !== 'lovelace') throw new ForbiddenException('Access Denied')
      return this.tokens(email)
    }
    refresh({ user }: { user: { sub: string } }) {
      return this.tokens(user.sub)
    }
    me({ user }: { user: { sub: string } }) {
      return { user: user.sub }
    }
  }
  Inject(JwtService)(Auth, undefined, 0)
  Controller()(Auth)
  Body()(Auth.prototype, 'logIn', 0)
  Req()(Auth.prototype, 'refresh', 0)
  Req()(Auth.prototype, 'me', 0)
  decorate(Auth, 'logIn', Post('auth/signin'), HttpCode(200))
  const refused = () => new ForbiddenException('Access Denied')
  decorate(Auth, 'refresh', Post(PATH), HttpCode(200), UseGuards(guard('refresh', refused)))
  decorate(Auth, 'me', Get('users/me'), UseGuards(guard('access', () => new UnauthorizedException())))

  class App {}
  Module({ imports: [JwtModule.register({})], controllers: [Auth] })(App)
  return {
    App,
    refuse: () => {
      isRefusing = true
    },
  }
}

export const nest: Backend = {
  title: 'NestJS 11, JWT module',
  source: 'npm',
  setup:
    "{\n  ...RefreshWorker.presets.refreshTokenAsBearer(),\n  apiUrls: ['/users/'],\n  loginUrl: '/auth/signin',\n  refreshTokenUrl: '/auth/refresh',\n}",
  login: post('/auth/signin', { email: 'ada', password: 'lovelace' }),
  api: { url: '/users/me' },
  isRefresh: posts(PATH),
  open: async () => {
    const { App, refuse } = createModule()
    const app = await NestFactory.create(App, { logger: ['error', 'warn'] })
    await app.listen(0, '127.0.0.1')
    return { url: await app.getUrl(), refuse, close: () => app.close() }
  },
}
