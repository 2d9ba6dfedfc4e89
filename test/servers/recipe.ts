/** The application around a recipe's own routes (examples/recipes): its files, its users, and an API that checks tokens. */
import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import express, { type Express, type RequestHandler } from 'express'
import { type JWTPayload, jwtVerify } from 'jose'
import type { RefreshTokenOptions } from 'refresh-worker/express'
import { serveFiles } from './app.ts'

const RECIPES = new URL('../../examples/recipes/', import.meta.url)
const DIST = fileURLToPath(new URL('../../dist', import.meta.url))

/** What a recipe finds around it. */
interface Surroundings {
  readonly server: Server
  readonly origin: string
  /** Signs the server's own cookies. */
  readonly secret: string
  readonly tokens: RefreshTokenOptions
  readonly users: ReturnType<typeof createUsers>
  readonly verify: (token: unknown) => Promise<JWTPayload | null>
  readonly provider: unknown
}

interface Recipe {
  routes(app: Express, surroundings: Surroundings): void
}

export interface RecipeServerOptions {
  /** Of the access token of a login, in seconds; 600 unless set, as are those of refreshes. */
  lifetime?: number
  /** The worker's script below `examples/recipes/`, where it is not the recipe's own `sw.js`. */
  worker?: string
  /** Another site to log in at, once the recipe's own origin is known. */
  openProvider?: (origin: string) => Promise<{ close(): Promise<void> }>
}

export interface RecipeServer {
  readonly origin: string
  /** Method, URL and status of all that has been answered, and the URLs of WebSockets. */
  readonly log: readonly string[]
  /** WebSockets that are open. */
  readonly sockets: ReadonlySet<unknown>
  /** What is served besides, by URL path. */
  readonly files: Map<string, { type: string; body: string }>
  readonly stats: { refreshes: number; unauthorized: number }
  /** The `jti` of every good access token that has come, by whatever way. */
  readonly used: ReadonlySet<unknown>
  /** From now on those that have come are not good any more. */
  forgetAccessTokens(): void
  close(): Promise<void>
}

export async function openRecipe(name: string, options: RecipeServerOptions = {}): Promise<RecipeServer> {
  const { lifetime = 600, worker = `${name}/sw.js`, openProvider } = options
  const folder = fileURLToPath(new URL(name, RECIPES))
  const app = express()
  const server = createServer(app)
  await new Promise<void>(resolve => server.listen(0, 'localhost', resolve))
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`
  const provider = await openProvider?.(origin)

  const log: string[] = []
  const sockets = new Set<unknown>()
  server.prependListener('request', ({ method, url }, response) => {
    response.once('finish', () => log.push(`${method} ${url} ${response.statusCode}`))
  })
  server.prependListener('upgrade', ({ url }, socket) => {
    log.push(`WebSocket ${url}`)
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })

  const files: RecipeServer['files'] = new Map()
  const stats = { refreshes: 0, unauthorized: 0 }
  const used = new Set<unknown>()
  const spent = new Set<string>()
  const forgotten = new Set<unknown>()
  const tokens: RefreshTokenOptions = {
    accessTokenSecret: randomBytes(32),
    refreshTokenSecret: randomBytes(32),
    accessTokenLifetime: 600,
    authorize({ claims, refreshClaims: { jti } }) {
      if (spent.has(jti)) return null
      spent.add(jti)
      stats.refreshes++
      return claims
    },
  }
  const verify: Surroundings['verify'] = async token => {
    const checks = { algorithms: ['HS256'], typ: 'at+jwt', requiredClaims: ['sub', 'exp'] }
    const verified = await jwtVerify(String(token), tokens.accessTokenSecret as Uint8Array, checks).catch(() => null)
    if (!verified || forgotten.has(verified.payload.jti)) return null
    used.add(verified.payload.jti)
    return verified.payload
  }
  const authorized: RequestHandler = async (request, response, next) => {
    response.locals.user = await verify(request.get('Authorization')?.replace(/^Bearer /i, ''))
    if (response.locals.user) return next()
    stats.unauthorized++
    response.status(401).set('WWW-Authenticate', 'Bearer error="invalid_token"').end()
  }

  app.use('/api', authorized)
  const secret = randomBytes(16).toString('hex')
  const surroundings = { server, origin, secret, tokens, users: createUsers(), verify, provider }
  // What has no login of its own gets the usual one.
  for (const recipe of [name, 'password']) {
    const { routes }: Recipe = await import(new URL(`${recipe}/server.mjs`, RECIPES).href)
    routes(app, surroundings)
  }
  // The refresh middleware has read its options by now: only logins do so each time.
  tokens.accessTokenLifetime = lifetime

  app.get('/api/me', (_request, response) => {
    const { sub } = response.locals.user
    response.json({ sub })
  })
  app.get('/refresh-worker.js', (_request, response) => response.sendFile('refresh-worker.dev.js', { root: DIST }))
  app.use('/refresh-worker', express.static(DIST))
  app.get('/sw.js', (_request, response) => response.sendFile(worker, { root: fileURLToPath(RECIPES) }))
  app.get('/page.js', async (_request, response) => {
    const { outputFiles } = await build({
      entryPoints: [`${folder}/page.js`],
      bundle: true,
      format: 'esm',
      write: false,
      logLevel: 'silent',
    })
    response.type('text/javascript').send(outputFiles[0]?.text)
  })
  app.get('/', (_request, response) => response.sendFile('index.html', { root: folder }))
  app.use(serveFiles(files))

  return {
    origin,
    log,
    sockets,
    files,
    stats,
    used,
    forgetAccessTokens() {
      for (const jti of used) forgotten.add(jti)
    },
    async close() {
      await new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
      await provider?.close()
    },
  }
}

/** Stands for a database of users, and of the hashes of their passwords. */
function createUsers() {
  type User = Readonly<Record<string, unknown>> & { readonly sub: string }
  const users = new Map<string, { readonly user: User; readonly password?: string }>([
    [
      'ada',
      {
        password: 'lovelace',
        user: { sub: 'ada', name: 'Ada Lovelace', roles: ['analyst', 'admin'], email: 'ada@example.org' },
      },
    ],
    [
      'grace',
      {
        password: 'hopper',
        user: { sub: 'grace', name: 'Grace Hopper', roles: ['compiler'], email: 'grace@example.org' },
      },
    ],
  ])
  return {
    async authenticate(username: string, password: string): Promise<User | null> {
      const found = users.get(username)
      return found?.password === undefined || found.password !== password ? null : found.user
    },
    async add(sub: string, password: string, profile: object): Promise<User | null> {
      if (users.has(sub)) return null
      const user = { ...profile, sub }
      users.set(sub, { user, password })
      return user
    },
    async findOrAdd(sub: string, profile: object): Promise<User> {
      const user = users.get(sub)?.user ?? { ...profile, sub }
      users.set(sub, { user })
      return user
    },
  }
}
