import { randomBytes } from 'node:crypto'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type Express } from 'express'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { issueTokens, type RefreshTokenOptions, refreshToken } from '../../../src/server/express.ts'
import { type Block, blocksThatAre, createFolder, fileNameOf } from './blocks.ts'

const folder = createFolder()
afterAll(() => folder.remove())

const ADA = { username: 'ada', password: 'correct horse' }
const secret = () => randomBytes(32).toString('hex')
const tokens = { accessTokenSecret: secret(), refreshTokenSecret: secret() }

let app: Express
let server: Server | undefined

/** What is there already where a block is but a part of a server. */
beforeEach(() => {
  vi.stubEnv('ACCESS_TOKEN_SECRET', tokens.accessTokenSecret)
  vi.stubEnv('REFRESH_TOKEN_SECRET', tokens.refreshTokenSecret)
  app = express().use(express.json())
  const ada = { ...ADA, roles: ['admin'], blocked: false }
  const spent = new Set<string>()
  const given = {
    app,
    tokens,
    users: new Map([['ada', ada]]),
    username: 'ada',
    user: ada,
    endedSessions: new Set(),
    useOnce: async (jti: string) => spent.size < spent.add(jti).size,
    // One that stands alone is the route of the login.
    refreshToken: (options: RefreshTokenOptions) =>
      app.post('/auth/login', refreshToken(options), async (_request, response) => {
        response.json(await issueTokens({ sub: 'ada' }, tokens))
      }),
  }
  for (const [name, value] of Object.entries(given)) vi.stubGlobal(name, value)
})

afterEach(() => {
  server?.close()
  vi.unstubAllEnvs()
  vi.unstubAllGlobals()
})

async function start(block: Block): Promise<string> {
  const path = folder.write(`${fileNameOf(block)}.mjs`, block.text.replace(/^app\.listen\(3000\)$/m, 'export { app }'))
  const module = await import(/* @vite-ignore */ path)
  const listening = ((module.app as Express | undefined) ?? app).listen(0)
  server = listening
  await new Promise(resolve => listening.once('listening', resolve))
  return `http://localhost:${(listening.address() as AddressInfo).port}`
}

const post = (url: string, body: object, headers: Record<string, string> = {}) =>
  fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })

describe('the server', () => {
  it.each(blocksThatAre('server'))('$place logs in and refreshes', async block => {
    const origin = await start(block)
    const url = `${origin}/auth/login`
    const login = await post(url, ADA)
    expect(login.status).toBe(200)
    const { access_token, refresh_token } = await login.json()
    const cookie = login.headers.get('Set-Cookie')?.split(';', 1)[0] ?? ''
    expect(cookie !== '').toBe(refresh_token === undefined)

    const refresh = (token: string) =>
      post(
        url,
        { grant_type: 'refresh_token', ...(cookie ? {} : { refresh_token: token }) },
        {
          Authorization: `Bearer ${access_token}`,
          ...(cookie ? { 'X-Requested-With': 'refresh-worker', Cookie: cookie.replace(refresh_token, token) } : {}),
        },
      )
    const refreshed = await refresh(refresh_token)
    expect(refreshed.status).toBe(200)
    expect((await refreshed.json()).access_token).not.toBe(access_token)
    if (!cookie) expect((await refresh('another')).status).toBe(401)
    if (block.text.includes('useOnce')) expect((await refresh(refresh_token)).status).toBe(401)

    if (block.text.includes("'/auth/logout'")) {
      const logout = await fetch(`${origin}/auth/logout`, { headers: { Cookie: cookie } })
      expect([logout.status, logout.headers.get('Set-Cookie')]).toEqual([204, expect.stringContaining('Max-Age=0')])
    }
    if (block.text.includes("'/api/me'")) {
      const me = (token: string) => fetch(`${origin}/api/me`, { headers: { Authorization: `Bearer ${token}` } })
      expect((await me('another')).status).toBe(401)
      expect(await (await me(access_token)).json()).toMatchObject({ sub: 'ada' })
    }
  })
})
