/** One set of handlers in Node's own server, Express 5 and 4, Fastify and Hono: login, refresh, API, logout. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ensurePackages } from '../../scripts/packages.mjs'
import { type AuthServer, createAuthServer, memoryStore, nodeHandler, requestOf } from '../../src/server/index.ts'

const express4: typeof express = createRequire(import.meta.url)('express4')

beforeAll(() => ensurePackages('test/server'), 120_000)

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

const authServer = () =>
  createAuthServer({
    keys: [{ kid: 'one', secret: 'k'.repeat(32) }],
    refreshTokenSecret: 'r'.repeat(32),
    store: memoryStore(),
    cookies: { path: '/auth', secure: false },
    authenticate: ({ name, password }) => (password === 'right' ? { sub: String(name) } : null),
  })

const handlersOf = (auth: AuthServer) =>
  ({
    '/auth/login': auth.login,
    '/auth/refresh': auth.refresh,
    '/auth/logout': auth.logout,
    '/api/me': async (request: Request) => {
      const claims = await auth.verify(request)
      return claims ? Response.json({ sub: claims.sub }) : new Response(null, { status: 401 })
    },
  }) as const

async function listen(server: Server) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  ends.push(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

type Handlers = ReturnType<typeof handlersOf>

const HOSTS: Readonly<Record<string, (handlers: Handlers) => Promise<string>>> = {
  "Node's own server": handlers =>
    listen(
      createServer((request, response) => {
        const handler = handlers[new URL(request.url ?? '/', 'http://x').pathname as keyof Handlers]
        nodeHandler(handler)(request, response)
      }),
    ),
  'Express 5': handlers => {
    const app = express()
    for (const [path, handler] of Object.entries(handlers)) app.all(path, nodeHandler(handler))
    return listen(createServer(app))
  },
  'Express 5, after a body parser': handlers => {
    const app = express().use(express.json(), express.urlencoded())
    for (const [path, handler] of Object.entries(handlers)) app.all(path, nodeHandler(handler))
    return listen(createServer(app))
  },
  'Express 4': handlers => {
    const app = express4()
    for (const [path, handler] of Object.entries(handlers)) app.all(path, nodeHandler(handler))
    return listen(createServer(app))
  },
  Fastify: async handlers => {
    const { default: fastify } = await import('./node_modules/fastify/fastify.js' as string)
    const app = fastify()
    type Asked = { raw: Parameters<typeof requestOf>[0] }
    type Reply = { send(answer: Response): unknown }
    // The handlers read bodies themselves.
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_request: unknown, _payload: unknown, done: (error: null) => void) => done(null))
    for (const [path, handler] of Object.entries(handlers))
      app.all(path, async (request: Asked, reply: Reply) => reply.send(await handler(requestOf(request.raw))))
    ends.push(() => app.close())
    return app.listen({ port: 0, host: '127.0.0.1' })
  },
  Hono: async handlers => {
    const { Hono } = await import('./node_modules/hono/dist/index.js' as string)
    const { createAdaptorServer } = await import('./node_modules/@hono/node-server/dist/index.mjs' as string)
    const app = new Hono()
    for (const [path, handler] of Object.entries(handlers))
      app.all(path, (context: { req: { raw: Request } }) => handler(context.req.raw))
    return listen(createAdaptorServer({ fetch: app.fetch }))
  },
}

describe.each(Object.entries(HOSTS))('%s', (_, open) => {
  it('logs in, refreshes once for each token, authorizes, and logs out', async () => {
    const origin = await open(handlersOf(authServer()))
    let cookie = ''
    const post = async (path: string, body: BodyInit = '{}', type = 'application/json') => {
      const headers = { 'Content-Type': type, Cookie: cookie, 'X-Requested-With': 'refresh-worker', Origin: origin }
      const answer = await fetch(`${origin}${path}`, { method: 'POST', headers, body })
      const set = answer.headers.getSetCookie()[0]?.split(';')[0]
      if (set) cookie = set
      return answer
    }
    const login = await post('/auth/login', JSON.stringify({ name: 'ada', password: 'right' }))
    expect(login.status).toBe(200)
    expect(login.headers.get('Cache-Control')).toBe('no-store')
    const { access_token, ...rest } = await login.json()
    expect(rest).toEqual({ token_type: 'Bearer', expires_in: 900 })
    const me = () => fetch(`${origin}/api/me`, { headers: { Authorization: `Bearer ${access_token}` } })
    expect(await (await me()).json()).toEqual({ sub: 'ada' })
    const first = cookie
    expect((await post('/auth/refresh')).status).toBe(200)
    expect(cookie).not.toBe(first)
    const form = 'grant_type=refresh_token'
    expect((await post('/auth/refresh', form, 'application/x-www-form-urlencoded')).status).toBe(200)
    expect((await post('/auth/logout')).status).toBe(204)
    expect((await post('/auth/refresh')).status).toBe(401)
    expect((await fetch(`${origin}/api/me`)).status).toBe(401)
  })

  it('says what is wrong with a body, and serves on', async () => {
    const origin = await open(handlersOf(authServer()))
    const headers = { 'Content-Type': 'application/json', Origin: origin }
    const login = (body: string) => fetch(`${origin}/auth/login`, { method: 'POST', headers, body })
    expect((await login('{')).status).toBe(400)
    expect((await login('{"name":"ada","password":"wrong"}')).status).toBe(401)
    expect((await login('{"name":"ada","password":"right"}')).status).toBe(200)
  })
})
