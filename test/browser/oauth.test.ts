import { createHash } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterEach, describe, expect, it } from 'vitest'
import type { Options } from '../../src/core/options/options.ts'
import type { AuthState } from '../../src/protocol.ts'
import { type AuthServer, postForm } from '../servers/app.ts'
import { openOAuth2Server } from '../servers/oauth2-server.ts'
import { openOidcServer } from '../servers/oidc.ts'
import { createProofCheck } from '../servers/proofs.ts'
import type { Tab } from './engines/engine.ts'
import { barrier, engine, get, logIn, untilStatus, useBrowser } from './harness.ts'
import { Site } from './site.ts'

declare global {
  interface Window {
    /** Every state since the page was opened. */
    states: AuthState[]
  }
}

const PAGE = `<!doctype html><meta charset="utf-8"><title>test</title><link rel="icon" href="data:,"><script type="module">
import { register } from '/refresh-worker/index.js'
window.auth = register('/sw.js')
window.states = []
window.auth.subscribe(state => window.states.push(state))
</script>`

/** What a standard authorization server asks of a single-page application. */
const STANDARD: Options = {
  apiUrls: ['/api/'],
  loginUrl: '/auth/login',
  logoutUrl: '/auth/logout',
  useRefreshToken: true,
  defaultHeadersForTokenRequests: { 'Content-Type': 'application/x-www-form-urlencoded' },
}

const browser = useBrowser()
let site: Site
afterEach(() => site.close())

type Tabs = readonly [Tab, Tab, ...Tab[]]

/** Has every tab send so many requests at once. */
async function burst(tabs: readonly Tab[], requests: number): Promise<number[]> {
  const send = (count: number) =>
    Promise.all(Array.from({ length: count }, async (_, n) => (await fetch(`/api/orders/${n}`)).status))
  const statuses = await Promise.all(tabs.map(tab => tab.evaluate(send, requests)))
  return statuses.flat()
}

/** A refresh by somebody else who has the token. */
function refreshAs(server: AuthServer, refreshToken: string) {
  const fields = { grant_type: 'refresh_token', refresh_token: refreshToken, client_id: server.clientId }
  return postForm(server.tokenUrl, fields)
}

const times = (count: number, status: number) => Array.from({ length: count }, () => status)

/** All states that the tabs have had since they were opened, the first ones of each left out. */
async function historyOf(tabs: readonly Tab[]) {
  const states = (await Promise.all(tabs.map(tab => tab.evaluate(() => window.states)))).flat()
  const generations = new Set(states.map(state => (state.status === 'authenticated' ? state.generation : null)))
  generations.delete(null)
  const endings = states.filter(state => state.status === 'anonymous' && state.reason !== 'none')
  return { generations: [...generations].sort((a, b) => Number(a) - Number(b)), endings }
}

/** Logs in, and waits until every tab has heard of it. */
async function logInAll(tabs: Tabs) {
  const answer = await logIn(tabs[0])
  await untilLoggedIn(tabs)
  return answer
}

/** By what they have seen: where a token lives for a moment, the session may be over by now. */
async function untilLoggedIn(tabs: Tabs) {
  const hasHeard = () => window.states.some(({ status }) => status === 'authenticated')
  for (const tab of tabs) await expect.poll(() => tab.evaluate(hasHeard)).toBe(true)
}

async function open(server: AuthServer, count: number, options: Partial<Options> = {}): Promise<Tabs> {
  const { clientId, tokenUrl: refreshTokenUrl } = server
  const setup = JSON.stringify({ ...STANDARD, clientId, refreshTokenUrl, ...options })
  site = await Site.open(browser, server, {
    '/sw.js': {
      type: 'text/javascript',
      body: `importScripts('/refresh-worker.js')\nRefreshWorker.setup(${setup})`,
    },
    '/test.html': { type: 'text/html', body: PAGE },
  })
  const tabs: Tab[] = []
  while (tabs.length < count) tabs.push(await site.tab('/test.html'))
  const [first, second, ...rest] = tabs
  if (!first || !second) throw new Error('the tests are about several tabs')
  return [first, second, ...rest]
}

// Long, and about a server: what they ask of an engine, shorter tests ask of all three.
describe.runIf(engine.name === 'chromium')('oidc-provider, which takes every refresh token once', () => {
  // Everything takes a minute.
  const [TABS, REQUESTS, EXPIRIES] = process.env.EVERYWHERE ? [20, 20, 10] : [10, 10, 3]

  it(`never signs out ${TABS} tabs with ${REQUESTS} requests each at ${EXPIRIES} expiries, and sees one refresh for each (B20, G1)`, async () => {
    const server = await openOidcServer()
    const tabs = await open(server, TABS)
    await logInAll(tabs)

    for (let expiries = 1; expiries <= EXPIRIES; expiries++) {
      expect(await burst(tabs, 1)).toEqual(times(TABS, 200))
      await site.expireTokens(tabs[0])
      expect(await burst(tabs, REQUESTS)).toEqual(times(TABS * REQUESTS, 200))
      expect(server.stats).toMatchObject({ refreshRequests: expiries, refreshes: expiries, refreshFailures: 0 })
    }

    // No request has gone with a token that was over, and none was refreshed that was not.
    expect(server.stats).toMatchObject({ unauthorized: 0, earlyRefreshes: 0 })
    // The pages have seen a login and so many refreshes, and nothing else.
    const generations = Array.from({ length: 1 + EXPIRIES }, (_, n) => n + 1)
    await expect.poll(() => historyOf(tabs)).toEqual({ generations, endings: [] })
    expect(await burst(tabs, 1)).toEqual(times(TABS, 200))
    expect(server.stats.refreshes).toBe(EXPIRIES)
  }, 300_000)

  it('sees one refresh when it no longer knows an access token that should be good (B13)', async () => {
    const server = await openOidcServer()
    const tabs = await open(server, 5)
    await logInAll(tabs)
    server.forgetAccessTokens()

    expect(await burst(tabs, 20)).toEqual(times(100, 200))

    expect(server.stats).toMatchObject({ refreshRequests: 1, refreshes: 1, refreshFailures: 0 })
    expect((await historyOf(tabs)).endings).toEqual([])
  })

  it("ends the session once, as 'rejected', for 100 requests that wait when a thief was faster (N4)", async () => {
    const held = barrier()
    const server = await openOidcServer({
      beforeRefresh: count => (count === 1 ? held.pass() : undefined),
    })
    const tabs = await open(server, 5)
    await logInAll(tabs)
    const stolen = [...server.secrets].at(-1) ?? ''

    await site.advance(tabs[0], 600)
    const statuses = burst(tabs, 20)
    await held.reached
    const theft = await refreshAs(server, stolen)
    expect(theft.status).toBe(200)
    held.open()

    expect(await statuses).toEqual(times(100, 401))
    for (const tab of tabs) await untilStatus(tab, 'anonymous')
    expect((await historyOf(tabs)).endings).toEqual(tabs.map(() => ({ status: 'anonymous', reason: 'rejected' })))
    expect(server.stats).toMatchObject({ refreshRequests: 2, refreshFailures: 1 })
    // The thief has nothing of it either.
    expect(await server.isValid((await theft.json()).access_token)).toBe(false)
  })

  it("ends the session once, as 'lost', where the answer to its refresh breaks off (B22)", async () => {
    const server = await openOidcServer({ lifetime: 2, losesAnswer: count => count === 1 })
    const tabs = await open(server, 3)
    await logInAll(tabs)
    await expect.poll(() => server.stats.refreshes).toBe(1)

    // Until the worker tries again, requests fail as the network did.
    const call = () =>
      fetch('/api/me').then(
        ({ status }) => status,
        ({ name }) => name,
      )
    const answers = new Set<unknown>()
    const last = async () => {
      const answer = await tabs[0].evaluate(call)
      answers.add(answer)
      return answer
    }
    await expect.poll(last).toBe(401)
    for (let n = 0; n < 3; n++) expect(await burst(tabs, 20)).toEqual(times(60, 401))

    answers.delete('TypeError')
    expect([...answers]).toEqual([401])
    for (const tab of tabs) await untilStatus(tab, 'anonymous')
    expect((await historyOf(tabs)).endings).toEqual(tabs.map(() => ({ status: 'anonymous', reason: 'lost' })))
    expect(server.stats).toMatchObject({ refreshRequests: 2, refreshes: 1, refreshFailures: 1 })
  })
})

describe('@node-oauth/oauth2-server', () => {
  it('logs in, sees one refresh for 5 tabs with 20 requests each, and logs out (N2)', async () => {
    const server = await openOAuth2Server()
    const tabs = await open(server, 5)
    const { body } = await logInAll(tabs)
    for (const secret of server.secrets) expect(JSON.stringify(body)).not.toContain(secret)
    expect(await burst(tabs, 1)).toEqual(times(5, 200))

    await site.expireTokens(tabs[0])
    expect(await burst(tabs, 20)).toEqual(times(100, 200))
    expect(server.stats).toMatchObject({
      refreshRequests: 1,
      refreshes: 1,
      refreshFailures: 0,
      earlyRefreshes: 0,
      unauthorized: 0,
    })

    await tabs[1].evaluate(() => window.auth.logout())
    for (const tab of tabs) await untilStatus(tab, 'anonymous')
    expect((await historyOf(tabs)).endings).toEqual(tabs.map(() => ({ status: 'anonymous', reason: 'logout' })))
    expect(await burst(tabs, 1)).toEqual(times(5, 401))
    await expect.poll(() => server.stats.logouts).toBe(1)
    for (const secret of server.secrets) expect(await server.isValid(secret)).toBe(false)
    expect(server.stats.refreshRequests).toBe(1)
  })
})

describe('oidc-provider and an API that want DPoP proofs with nonces (RFC 9449)', () => {
  const openBound = async () => {
    const proofs = createProofCheck(() => Date.now() + site.ahead)
    const server = await openOidcServer({ proofs })
    const tabs = await open(server, 5, { dpop: true, loginUrl: '/oidc/token' })
    const body = await exchangeCode(tabs[0])
    await untilLoggedIn(tabs)
    return { proofs, server, tabs, body }
  }

  it('5 tabs with 20 requests each at 2 expiries see one refresh for each, by one key (G1)', async () => {
    const { proofs, server, tabs, body } = await openBound()
    expect(body).toMatchObject({ token_type: 'DPoP' })
    for (const secret of server.secrets) expect(JSON.stringify(body)).not.toContain(secret)

    for (let expiries = 1; expiries <= 2; expiries++) {
      await site.expireTokens(tabs[0])
      expect(await burst(tabs, 20)).toEqual(times(100, 200))
      expect(server.stats.refreshes).toBe(expiries)
    }

    expect(server.stats).toMatchObject({ refreshRequests: 2, refreshFailures: 0, earlyRefreshes: 0 })
    expect(proofs.stats).toMatchObject({ accepted: server.stats.requests, refusals: [] })
    expect(proofs.stats.keys.size).toBe(1)
    expect((await historyOf(tabs)).endings).toEqual([])
  })

  it('who has stolen a token, and not the key, can do nothing with it', async () => {
    const { proofs, server, tabs } = await openBound()
    expect(await burst(tabs, 1)).toEqual(times(5, 200))
    const [token = ''] = server.secrets
    expect(await server.isValid(token)).toBe(true)
    const call = async (headers: Record<string, string>) => (await fetch(`${server.origin}/api/me`, { headers })).status

    expect(await call({ Authorization: `Bearer ${token}` })).toBe(401)
    expect(await call({ Authorization: `DPoP ${token}` })).toBe(401)
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
    const DPoP = await new SignJWT({
      htm: 'GET',
      htu: `${server.origin}/api/me`,
      jti: 'jti',
      nonce: proofs.nonce(),
      ath: createHash('sha256').update(token).digest('base64url'),
    })
      .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk: await exportJWK(publicKey) })
      .setIssuedAt()
      .sign(privateKey)
    expect(await call({ Authorization: `DPoP ${token}`, DPoP })).toBe(401)
    expect(proofs.stats.refusals).toEqual(['no proof', 'no proof', 'another key'])
    // Nor is a page given the key itself.
    expect(await tabs[0].evaluate(exportKey)).toEqual({ extractable: false, name: 'InvalidAccessError' })
  })

  it('a refresh token without the key is refused, and good for its owner still', async () => {
    const { server, tabs } = await openBound()
    const stolen = [...server.secrets].at(-1) ?? ''
    expect((await refreshAs(server, stolen)).status).toBe(400)
    await tabs[0].evaluate(() => window.auth.updateToken())
    expect(server.stats.refreshes).toBe(1)
  })

  it('a body is sent with each of three attempts: another token, then another proof (G10)', async () => {
    const { proofs, server, tabs } = await openBound()
    server.forgetAccessTokens()
    const body = 'two tickets'
    const order = (text: string) =>
      fetch('/api/orders', { method: 'POST', body: text, headers: { 'Content-Type': 'text/plain' } }).then(response =>
        response.json(),
      )
    expect(await tabs[0].evaluate(order, body)).toEqual({ ordered: body })
    expect(server.stats).toMatchObject({ unauthorized: 1, refreshes: 1 })
    expect(proofs.stats).toMatchObject({ accepted: 1, challenges: 1, refusals: [] })
  })

  it('a logout reaches the server, with a proof', async () => {
    const { server, tabs } = await openBound()
    await tabs[1].evaluate(() => window.auth.logout())
    for (const tab of tabs) await untilStatus(tab, 'anonymous')
    await expect.poll(() => server.stats.logouts).toBe(1)
    for (const secret of server.secrets) expect(await server.isValid(secret)).toBe(false)
  })

  it.runIf(engine.can.stopWorkers)('a worker that was killed goes on with the same key', async () => {
    const { proofs, server, tabs } = await openBound()
    expect(await burst(tabs, 1)).toEqual(times(5, 200))
    await tabs[0].stopWorkers()
    expect(await burst(tabs, 20)).toEqual(times(100, 200))

    await tabs[0].stopWorkers()
    await site.expireTokens(tabs[0])
    expect(await burst(tabs, 20)).toEqual(times(100, 200))

    expect(server.stats).toMatchObject({ refreshes: 1, refreshFailures: 0 })
    expect(proofs.stats.keys.size).toBe(1)
    expect(proofs.stats.refusals).toEqual([])
    // A new worker knows no nonce.
    expect(proofs.stats.challenges).toBeGreaterThan(0)
    expect((await historyOf(tabs)).endings).toEqual([])
  })
})

/** Has the page do what a public client does after its redirect: settles with what it sees of the token response. */
function exchangeCode(page: Tab): Promise<unknown> {
  return page.evaluate(async () => {
    const fields = await (await fetch('/auth/code')).json()
    const response = await fetch('/oidc/token', {
      method: 'POST',
      headers: { 'x-own-login': 'yes' },
      body: new URLSearchParams(fields),
    })
    return response.json()
  })
}

/** What becomes of a page's try to take the key out of the worker's records. */
async function exportKey() {
  const database = await new Promise<IDBDatabase>(resolve => {
    const request = indexedDB.open('refresh-worker')
    request.onsuccess = () => resolve(request.result)
  })
  const pair = await new Promise<CryptoKeyPair>(resolve => {
    const request = database.transaction('sessions').objectStore('sessions').get('refresh-worker:dpop')
    request.onsuccess = () => resolve(request.result)
  })
  database.close()
  const { extractable } = pair.privateKey
  const name = await crypto.subtle.exportKey('jwk', pair.privateKey).then(
    () => 'exported',
    error => error.name,
  )
  return { extractable, name }
}

it.runIf(engine.can.stopWorkers).each([
  ['oidc-provider', openOidcServer],
  ['@node-oauth/oauth2-server', openOAuth2Server],
])(
  "%s: a worker that is killed when its refresh token is spent ends the session once, as 'lost' (B22)",
  async (_, serve) => {
    // Its answer finds nobody.
    const server = await serve({ lifetime: 3, afterRefresh: () => tabs[0].stopWorkers() })
    const tabs = await open(server, 3)
    await logInAll(tabs)
    await expect.poll(() => server.stats.refreshes).toBe(1)

    for (let n = 0; n < 3; n++) expect(await burst(tabs, 20)).toEqual(times(60, 401))

    for (const tab of tabs) await untilStatus(tab, 'anonymous')
    expect((await historyOf(tabs)).endings).toEqual(tabs.map(() => ({ status: 'anonymous', reason: 'lost' })))
    expect(server.stats).toMatchObject({ refreshRequests: 2, refreshes: 1, refreshFailures: 1 })
    await logIn(tabs[0])
    expect(await get(tabs[1], '/api/me')).toBe(200)
  },
)
