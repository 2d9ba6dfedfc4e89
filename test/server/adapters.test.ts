/** The examples of docs/server.md: one set of handlers in Express 5 and 4, Fastify, Hono, Next and SvelteKit. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ensurePackages } from '../../scripts/packages.mjs'

const express4: typeof express = createRequire(import.meta.url)('express4')

beforeAll(async () => {
  await ensurePackages('test/server')
  process.env.ACCESS_TOKEN_SECRET = 'a'.repeat(32)
  process.env.REFRESH_TOKEN_SECRET = 'r'.repeat(32)
}, 120_000)

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

/** Written in JavaScript, and run as it is. */
const example = (name: string) => import(`../../examples/server/${name}.js`)

async function listen(server: Server) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  ends.push(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function withExpress(app: ReturnType<typeof express>) {
  const { authRoutes } = await example('express')
  authRoutes(app)
  return listen(createServer(app))
}

/** Settles with the origin. */
const HOSTS: Readonly<Record<string, () => Promise<string>>> = {
  'Express 5': () => withExpress(express()),
  'Express 5, after a body parser': () => withExpress(express().use(express.json(), express.urlencoded())),
  'Express 4': () => withExpress(express4()),
  Fastify: async () => {
    const { default: fastify } = await import('./node_modules/fastify/fastify.js' as string)
    const app = fastify()
    app.register((await example('fastify')).authRoutes)
    ends.push(() => app.close())
    return app.listen({ port: 0, host: '127.0.0.1' })
  },
  Hono: async () => {
    const { Hono } = await import('./node_modules/hono/dist/index.js' as string)
    const { createAdaptorServer } = await import('./node_modules/@hono/node-server/dist/index.mjs' as string)
    const app = new Hono()
    ;(await example('hono')).authRoutes(app)
    return listen(createAdaptorServer({ fetch: app.fetch }))
  },
}

const ADA = JSON.stringify({ username: 'ada', password: 'correct horse' })

describe.each(Object.entries(HOSTS))('%s', (_, open) => {
  it('logs in, refreshes, authorizes, and logs out', async () => {
    const origin = await open()
    const post = (path: string, body: BodyInit, type = 'application/json') =>
      fetch(`${origin}/auth/${path}`, { method: 'POST', headers: { 'Content-Type': type }, body })
    const login = await post('login', ADA)
    expect(login.status).toBe(200)
    expect(login.headers.get('Cache-Control')).toBe('no-store')
    const { access_token, refresh_token } = await login.json()
    const me = (token: string) => fetch(`${origin}/api/me`, { headers: { Authorization: `Bearer ${token}` } })
    expect(await (await me(access_token)).json()).toMatchObject({ sub: 'ada', roles: ['admin'] })
    const second = await (await post('refresh', JSON.stringify({ refresh_token }))).json()
    const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: second.refresh_token }).toString()
    const third = await (await post('refresh', form, 'application/x-www-form-urlencoded')).json()
    expect((await post('logout', JSON.stringify({ refresh_token: third.refresh_token }))).status).toBe(204)
    expect((await post('refresh', JSON.stringify({ refresh_token: third.refresh_token }))).status).toBe(401)
    expect((await me('none')).status).toBe(401)
  })

  it('says what is wrong with a body, and serves on', async () => {
    const origin = await open()
    const headers = { 'Content-Type': 'application/json' }
    const login = (body: string) => fetch(`${origin}/auth/login`, { method: 'POST', headers, body })
    expect((await login('{')).status).toBe(400)
    expect((await login('{"username":"ada","password":"wrong"}')).status).toBe(401)
    expect((await login(ADA)).status).toBe(200)
  })
})

describe.each([
  ['Next', 'next-route', (request: Request, action: string) => [request, { params: Promise.resolve({ action }) }]],
  ['SvelteKit', 'sveltekit-server', (request: Request, action: string) => [{ request, params: { action } }]],
] as const)('%s', (_, name, argumentsOf) => {
  it('answers as the route handler that it is', async () => {
    const { POST } = await example(name)
    const ask = (action: string, body: string): Promise<Response> => {
      const headers = { 'Content-Type': 'application/json' }
      const request = new Request(`https://app.example/auth/${action}`, { method: 'POST', headers, body })
      return POST(...argumentsOf(request, action))
    }
    const { refresh_token } = await (await ask('login', ADA)).json()
    expect((await ask('refresh', JSON.stringify({ refresh_token }))).status).toBe(200)
    expect((await ask('nothing', '{}')).status).toBe(404)
  })
})
