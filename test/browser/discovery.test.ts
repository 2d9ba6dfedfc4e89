import { afterEach, describe, expect, it } from 'vitest'
import type { Options } from '../../src/core/options/options.ts'
import type { AuthServer } from '../servers/app.ts'
import { type OidcServerOptions, openOidcServer } from '../servers/oidc.ts'
import type { Profile, Tab } from './engines/engine.ts'
import { engine, get, SECRETS, stateOf, untilStatus, useBrowser } from './harness.ts'

const PAGE = `<!doctype html><meta charset="utf-8"><title>test</title><link rel="icon" href="data:,"><script type="module">
import { register } from '/refresh-worker/index.js'
window.auth = register('/sw.js')
</script>`

const browser = useBrowser()
let server: AuthServer
let profile: Profile

async function open(options: OidcServerOptions = {}, setup: Partial<Options> = {}): Promise<Tab> {
  server = await openOidcServer(options)
  const { clientId, origin } = server
  const all: Options = { apiUrls: ['/api/'], issuer: `${origin}/oidc`, clientId, useRefreshToken: true, ...setup }
  server.files.set('/sw.js', {
    type: 'text/javascript',
    body: `importScripts('/refresh-worker.js')\nRefreshWorker.setup(${JSON.stringify(all)})`,
  })
  server.files.set('/test.html', { type: 'text/html', body: PAGE })
  profile = await browser.newProfile()
  return newTab()
}

async function newTab(): Promise<Tab> {
  const tab = await profile.newTab()
  await tab.goto(`${server.origin}/test.html`)
  await tab.evaluate(() => window.auth.ready)
  return tab
}

afterEach(async () => {
  await profile.close()
  await server.close()
  const isSecret = (line: string) => [...server.secrets].some(secret => line.includes(secret))
  if (profile.console.some(isSecret)) throw new Error('the console shows a token')
})

/** Exchanges a code for tokens, as OAuth libraries do. */
const exchangeCode = (page: Tab) =>
  page.evaluate(async () => {
    const fields = await (await fetch('/auth/code')).json()
    try {
      const response = await fetch('/oidc/token', { method: 'POST', body: new URLSearchParams(fields) })
      return await response.text()
    } catch (error) {
      return (error as Error).name
    }
  })

describe("with nothing but an issuer's name", () => {
  it('the exchange of a code is a login, a refresh goes to the token endpoint, and a logout revokes', async () => {
    const page = await open()
    const other = await newTab()
    const { id_token, ...seen } = JSON.parse(await exchangeCode(page))
    expect(JSON.stringify(seen)).not.toMatch(SECRETS)
    expect(seen).toMatchObject({
      access_token: expect.stringContaining('refresh-worker-access-token'),
      token_type: 'Bearer',
    })
    expect(await get(page, '/api/me')).toBe(200)

    server.forgetAccessTokens()
    const call = () => Promise.all(Array.from({ length: 10 }, async () => (await fetch('/api/me')).status))
    const statuses = await Promise.all([page.evaluate(call), other.evaluate(call)])
    expect(statuses.flat()).toEqual(Array.from({ length: 20 }, () => 200))
    expect(server.stats).toMatchObject({ refreshes: 1, refreshFailures: 0 })

    const areValid = async () => (await Promise.all([...server.secrets].map(server.isValid))).includes(true)
    expect(await areValid()).toBe(true)
    await page.evaluate(() => window.auth.logout())
    await untilStatus(other, 'anonymous')
    // A refresh token that is revoked takes the access token with it.
    await expect.poll(areValid).toBe(false)
    expect(server.stats.metadataRequests).toBe(1)
  })

  it('a page learns where the issuer ends its own session (OpenID Connect RP-Initiated Logout)', async () => {
    const page = await open()
    await exchangeCode(page)
    const { worker } = await page.evaluate(() => window.auth.inspect())
    expect(worker).toMatchObject({
      issuer: `${server.origin}/oidc`,
      endSessionUrl: `${server.origin}/oidc/session/end`,
    })
  })

  it.runIf(engine.can.stopWorkers)('a worker that has just been started misses no login', async () => {
    const page = await open()
    await page.stopWorkers()
    expect(JSON.parse(await exchangeCode(page))).toMatchObject({
      access_token: expect.stringContaining('refresh-worker-access-token'),
    })
    await untilStatus(page, 'authenticated')
  })

  it('logins that go elsewhere need the token endpoint for refreshes only', async () => {
    const page = await open({}, { loginUrl: '/auth/login' })
    await page.evaluate(async () => {
      const headers = { 'Content-Type': 'application/json' }
      await fetch('/auth/login', { method: 'POST', headers, body: '{"username":"ada"}' })
      await window.auth.updateToken()
    })
    expect(server.stats).toMatchObject({ logins: 1, refreshes: 1 })
  })
})

describe('while the issuer does not tell', () => {
  it('who is logged in goes on; only a refresh fails, and ends nothing', async () => {
    const page = await open({ metadataStatus: () => 503 }, { loginUrl: '/auth/login' })
    const code = await page.evaluate(async () => {
      const headers = { 'Content-Type': 'application/json' }
      await fetch('/auth/login', { method: 'POST', headers, body: '{"username":"ada"}' })
      return window.auth.updateToken().then(
        () => null,
        ({ code }) => code,
      )
    })
    expect(code).toBe('refresh_unavailable')
    expect(await get(page, '/api/me')).toBe(200)
    expect(await stateOf(page)).toMatchObject({ status: 'authenticated' })
  })

  it("no code is exchanged, since the tokens would be the page's; once it does, all is well", async () => {
    let isFailing = true
    const page = await open({ metadataStatus: () => (isFailing ? 503 : 200) })
    expect(await exchangeCode(page)).toBe('TypeError')
    expect(await stateOf(page)).toMatchObject({ status: 'anonymous', reason: 'none' })
    const form = () => fetch('/api/me', { method: 'POST', body: new URLSearchParams({ q: 'x' }) }).then(r => r.status)
    expect(await page.evaluate(form)).toBe(401)
    isFailing = false
    expect(JSON.parse(await exchangeCode(page))).toMatchObject({
      access_token: expect.stringContaining('refresh-worker-access-token'),
    })
    expect(await get(page, '/api/me')).toBe(200)
  })
})
