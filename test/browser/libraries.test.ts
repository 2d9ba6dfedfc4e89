import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { TokenEndpointResponse } from 'oauth4webapi'
import type { User, UserManager } from 'oidc-client-ts'
import { afterEach, describe, expect, it } from 'vitest'
import { ACCESS_TOKEN_PLACEHOLDER as ACCESS, REFRESH_TOKEN_PLACEHOLDER as REFRESH } from '../../src/protocol.ts'
import { postForm } from '../servers/app.ts'
import { nameOf, type OidcServer, type OidcServerOptions, openOidcServer } from '../servers/oidc.ts'
import type { Tab } from './engines/engine.ts'
import { get, stateOf, untilStatus, useBrowser } from './harness.ts'
import { Site } from './site.ts'

/** What docs/libraries.md has the page do, with either library. */
interface Page {
  logIn(): Promise<void>
  // oidc-client-ts
  readonly manager: UserManager
  logOut(tokens?: TokenEndpointResponse): Promise<void>
  // oauth4webapi
  loadUser(tokens: TokenEndpointResponse): Promise<object>
  callApi(tokens: TokenEndpointResponse, path: string): Promise<Response>
  renew(tokens: TokenEndpointResponse): Promise<TokenEndpointResponse>
}

declare global {
  interface Window {
    page: Page
    /** What came of the login: on the callback page, once it is done. */
    user: User
    tokens: TokenEndpointResponse
    /** What oidc-client-ts has raised. */
    events: string[]
  }
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const DOC = readFileSync(`${ROOT}docs/libraries.md`, 'utf8')

/** A file out of the documentation, with the URLs of the tests. */
function fileOf(name: string, { issuer }: OidcServer): string {
  const [, text] = new RegExp(`\`\`\`js\n// ${name}\n(.*?)\`\`\``, 's').exec(DOC) ?? []
  if (!text) throw new Error(`docs/libraries.md has no ${name}`)
  return text
    .replaceAll('https://id.example', issuer)
    .replace('const options = {}', 'const options = { [oauth.allowInsecureRequests]: true }')
}

/** A page's script, with its library inside. */
async function bundle(module: string): Promise<string> {
  const contents = `${module}
    window.auth = auth
    window.page = { logIn, logOut, ...window.page }
    if (location.pathname === '/callback') window.user = window.tokens = await finishLogin()`
  const stdin = { contents, resolveDir: ROOT }
  const { outputFiles } = await build({ stdin, bundle: true, format: 'esm', write: false, logLevel: 'error' })
  return outputFiles.map(({ text }) => text).join()
}

const browser = useBrowser()
let site: Site<OidcServer>
afterEach(() => site.close())

interface Setting extends OidcServerOptions {
  /** Changes the page's script. */
  edit?: (text: string) => string
  /** What `setup()` in the worker gets besides. */
  setup?: (server: OidcServer) => string
}

async function open(name: string, more: string, { edit = text => text, setup = () => '', ...options }: Setting = {}) {
  const server = await openOidcServer({ ...options, isApart: true })
  const html = `<!doctype html><meta charset="utf-8"><title>test</title><link rel="icon" href="data:,">
    <script type="module" src="/page.js"></script>`
  const page = { type: 'text/html', body: html }
  site = await Site.open(browser, server, {
    '/sw.js': {
      type: 'text/javascript',
      body: fileOf('public/sw.js', server).replace('setup({', `setup({ ${setup(server)}`),
    },
    '/page.js': { type: 'text/javascript', body: await bundle(edit(fileOf(name, server)) + more) },
    '/': page,
    '/callback': page,
  })
  return server
}

const openManager = (setting?: Setting) =>
  open(
    'manager.js',
    `window.page = { manager }
    window.events = []
    manager.events.addAccessTokenExpired(() => window.events.push('expired'))
    manager.events.addSilentRenewError(error => window.events.push(error.message))
    `,
    setting,
  )

const openOAuth = (setting?: Setting) => open('oauth.js', 'window.page = { loadUser, callApi, renew }\n', setting)

/** Has the page go elsewhere, and does not wait until it is there. */
const leave = (tab: Tab, work: string) =>
  // It may be gone before it has answered.
  tab.evaluate(`void setTimeout(() => ${work})`).catch(() => undefined)

/** Settles once the tab shows a page where an expression holds; while it is on its way, it may show none. */
const until = (tab: Tab, condition: string) => expect.poll(() => tab.evaluate(condition)).toBe(true)

/** Fills in the provider's form for a prompt, and sends it. */
async function answer(tab: Tab, prompt: string, fields: Readonly<Record<string, string>> = {}) {
  const form = `document.querySelector('form:has([name=prompt][value=${prompt}])')`
  await until(tab, `${form} !== null`)
  for (const [name, value] of Object.entries(fields))
    await tab.evaluate(`void (${form}.elements.${name}.value = '${value}')`)
  await leave(tab, `${form}.submit()`)
}

/** Opens a tab, and logs in there: the redirect, the provider's login and consent, and back. */
async function logIn(account = 'ada'): Promise<Tab> {
  const tab = await site.tab('/')
  await leave(tab, 'page.logIn()')
  await answer(tab, 'login', { login: account, password: 'secret' })
  await answer(tab, 'consent')
  await until(tab, "location.pathname === '/callback' && window.user !== undefined")
  return tab
}

/** A refresh by somebody who has the refresh token that the server has issued last. */
function refresh({ tokenUrl, clientId, refreshToken }: OidcServer): Promise<Response> {
  return postForm(tokenUrl, { grant_type: 'refresh_token', refresh_token: refreshToken(), client_id: clientId })
}

/** Whether the server still takes the refresh token that it has issued last. */
const isAlive = async (server: OidcServer) => (await refresh(server)).ok

/** The session that the page knows of. */
async function sessionOf(tab: Tab) {
  const state = await stateOf(tab)
  if (state.status !== 'authenticated') throw new Error('nobody is logged in')
  return state
}

/** Has a page call `renew` three times at once, and settles with what it gets. */
function renewThrice(tab: Tab, renew: string): Promise<{ access_token: string; expires_in: number }[]> {
  return tab.evaluate(`(async () => {
    const results = await Promise.all([${renew}, ${renew}, ${renew}])
    return results.map(({ access_token, expires_in }) => ({ access_token, expires_in }))
  })()`)
}

/** Two tabs at a moment when the token, of ten minutes, is neither young nor over. */
async function openTwo() {
  const first = await logIn()
  const second = await site.tab('/')
  await untilStatus(second, 'authenticated')
  await site.advance(first, 400)
  return [first, second] as const
}

describe('oidc-client-ts', () => {
  const OWN_STORE = { edit: (text: string) => text.replace(/ *userStore: .*\n/, '') }

  it('logs in, loads the user, and keeps placeholders in its own sessionStorage', async () => {
    await openManager(OWN_STORE)
    const tab = await logIn()
    const { user, stored, me } = await tab.evaluate(async () => {
      const { access_token, refresh_token, expired, profile, id_token } = (await window.page.manager.getUser()) as User
      const hash = JSON.parse(atob(String(id_token?.split('.')[1]).replace(/-/g, '+').replace(/_/g, '/'))).at_hash
      const user = { access_token, refresh_token, expired, profile, hash }
      const response = await fetch('/api/me', { headers: { Authorization: `Bearer ${access_token}` } })
      return { user, stored: JSON.stringify(sessionStorage), me: await response.json() }
    })
    expect(user).toEqual({
      access_token: expect.stringContaining(ACCESS),
      refresh_token: expect.stringContaining(REFRESH),
      expired: false,
      profile: expect.objectContaining({ sub: 'ada', name: nameOf('ada') }),
      // Which is that of the real token.
      hash: expect.any(String),
    })
    expect(stored).toContain(REFRESH)
    expect(me).toEqual({ sub: 'ada' })
    expect(await get(tab, '/api/me')).toBe(200)
  })

  it('renews in two tabs, three times each, by one refresh (G1)', async () => {
    const server = await openManager()
    const tabs = await openTwo()
    const renewed = await Promise.all(tabs.map(tab => renewThrice(tab, 'page.manager.signinSilent()')))
    expect(renewed.flat()).toHaveLength(6)
    for (const user of renewed.flat()) {
      expect(user.access_token).toContain(ACCESS)
      expect(user.expires_in).toBeGreaterThan(500)
    }
    expect(server.stats).toMatchObject({ refreshes: 1, refreshFailures: 0 })
  })

  it('renews by itself: its user does not expire, and no event says otherwise', async () => {
    const server = await openManager({ lifetime: 8 })
    const tab = await logIn()
    const expiresAt = await tab.evaluate(() => window.user.expires_at ?? Number.NaN)
    const now = () => tab.evaluate(() => Date.now() / 1000)
    await expect.poll(now).toBeGreaterThan(expiresAt + 2)

    const { user, events } = await tab.evaluate(async () => {
      const { expired, expires_in } = (await window.page.manager.getUser()) as User
      return { user: { expired, expires_in }, events: window.events }
    })
    expect(events).toEqual([])
    expect(user.expired).toBe(false)
    expect(user.expires_in).toBeGreaterThan(500)
    expect(server.stats).toMatchObject({ refreshes: 1, refreshFailures: 0 })
  })

  it('notices, when it renews, that somebody else has logged in', async () => {
    const server = await openManager(OWN_STORE)
    const tab = await logIn('ada')
    const other = await site.tab('/')
    await leave(other, "page.manager.signinRedirect({ prompt: 'login' })")
    await answer(other, 'login', { login: 'grace', password: 'secret' })
    await answer(other, 'consent')
    await until(other, "location.pathname === '/callback' && window.user !== undefined")

    const renewal = (page: Tab) =>
      page.evaluate(() =>
        window.page.manager.signinSilent().then(
          user => user?.profile.sub,
          error => error.message,
        ),
      )
    expect(await renewal(tab)).toMatch(/another login has taken the place of this session/)
    expect(await renewal(other)).toBe('grace')
    expect(server.stats.refreshes).toBe(0)
  })

  it('renews by an iframe and the session at the server, where it is told to, which is a login', async () => {
    const edit = (text: string) => text.replace(/redirect_uri: (.*)/, '$&\nsilent_redirect_uri: $1')
    const server = await openManager({ edit })
    const tab = await logIn()
    const before = await sessionOf(tab)
    const user = await tab.evaluate(async () => {
      const user = await window.page.manager.signinSilent({ forceIframeAuth: true })
      return { access_token: user?.access_token, refresh_token: user?.refresh_token, sub: user?.profile.sub }
    })
    expect(user).toEqual({
      access_token: expect.stringContaining(ACCESS),
      refresh_token: expect.stringContaining(REFRESH),
      sub: 'ada',
    })
    expect((await sessionOf(tab)).sessionId).not.toBe(before.sessionId)
    expect(await get(tab, '/api/me')).toBe(200)
    expect(server.stats).toMatchObject({ refreshes: 0, unauthorized: 0 })
  })

  it('revokes its tokens, which ends the session in all tabs and at the server', async () => {
    const server = await openManager()
    const tab = await logIn()
    const other = await site.tab('/')
    expect(await isAlive(server)).toBe(true)
    await untilStatus(other, 'authenticated')

    await tab.evaluate(() => window.page.manager.revokeTokens())

    for (const page of [tab, other]) await untilStatus(page, 'anonymous')
    expect(await stateOf(other)).toEqual({ status: 'anonymous', reason: 'logout' })
    expect(await get(other, '/api/me')).toBe(401)
    await expect.poll(() => isAlive(server)).toBe(false)
    for (const secret of server.secrets) expect(await server.isValid(secret)).toBe(false)
    expect(await tab.evaluate(() => window.events)).toEqual([])
  })

  it.each([
    ['with revokeTokensOnSignout', () => 'page.logOut()'],
    [
      'after auth.logout()',
      (server: OidcServer) => `(async ({ manager }) => { ${fileOf('without revocationUrl', server)} })(page)`,
    ],
  ])('signs out at the server too, by its own page there, %s', async (_, signOut) => {
    const server = await openManager()
    const tab = await logIn()
    const other = await site.tab('/')
    await untilStatus(other, 'authenticated')

    await leave(tab, signOut(server))
    await until(tab, "document.querySelector('[name=logout]') !== null")
    const hint = "new URLSearchParams(location.search).get('id_token_hint').split('.').length"
    expect(await tab.evaluate(hint)).toBe(3)
    // By now revoked: the server's own logout, which would end it too, is still to come.
    await expect.poll(() => isAlive(server)).toBe(false)
    await leave(tab, "document.querySelector('[name=logout]').click()")
    await until(tab, "location.pathname === '/' && window.auth !== undefined")

    for (const page of [tab, other]) await untilStatus(page, 'anonymous')
    const users = [tab, other].map(page => page.evaluate(() => window.page.manager.getUser()))
    expect(await Promise.all(users)).toEqual([null, null])
    // Nor does the server know who it was.
    await leave(tab, 'page.logIn()')
    await until(tab, "document.querySelector('[name=prompt][value=login]') !== null")
  })
})

describe('a logout by the page of the server alone, on another origin', () => {
  it('ends the session too, where the browser tells a page where it goes', async ({ skip }) => {
    await openManager({
      edit: text => text.replace('revokeTokensOnSignout: true', 'revokeTokensOnSignout: false'),
      setup: ({ issuer }) => `endSessionUrl: '${issuer}/session/end',`,
    })
    const tab = await logIn()
    const other = await site.tab('/')
    await untilStatus(other, 'authenticated')
    skip(!(await tab.evaluate(() => 'navigation' in window)), 'without the Navigation API')
    await leave(tab, 'page.manager.signoutRedirect()')
    await until(tab, "document.querySelector('[name=logout]') !== null")
    await untilStatus(other, 'anonymous')
    expect(await stateOf(other)).toMatchObject({ reason: 'logout' })
  })
})

describe('oauth4webapi', () => {
  it('logs in, loads the user, calls an API, and holds placeholders', async () => {
    const server = await openOAuth()
    const tab = await logIn()
    const seen = await tab.evaluate(async () => {
      const { page, tokens } = window
      const user = await page.loadUser(tokens)
      const response = await page.callApi(tokens, '/api/me')
      return { tokens, user, me: await response.json() }
    })
    expect(seen).toMatchObject({
      tokens: { access_token: expect.stringContaining(ACCESS), refresh_token: expect.stringContaining(REFRESH) },
      user: { sub: 'ada', name: nameOf('ada') },
      me: { sub: 'ada' },
    })
    expect(server.stats).toMatchObject({ requests: 1, unauthorized: 0 })
  })

  it('renews in two tabs, three times each, by one refresh (G1)', async () => {
    const server = await openOAuth()
    const tabs = await openTwo()
    const tokens = JSON.stringify(await tabs[0].evaluate(() => window.tokens))
    const renewed = await Promise.all(tabs.map(tab => renewThrice(tab, `page.renew(${tokens})`)))
    expect(renewed.flat()).toHaveLength(6)
    for (const { access_token, expires_in } of renewed.flat()) {
      expect(access_token).toContain(ACCESS)
      expect(expires_in).toBeGreaterThan(500)
    }
    expect(server.stats).toMatchObject({ refreshes: 1, refreshFailures: 0 })
  })

  const revoke = (page: Tab, refreshToken: string) =>
    page.evaluate(async token => {
      await window.page.logOut({ refresh_token: token } as TokenEndpointResponse)
    }, refreshToken)

  it('revokes its tokens, which ends the session in all tabs and at the server, and may do so again', async () => {
    const server = await openOAuth()
    const tab = await logIn()
    const other = await site.tab('/')
    await untilStatus(other, 'authenticated')

    await revoke(tab, REFRESH)

    for (const page of [tab, other]) await untilStatus(page, 'anonymous')
    await revoke(other, ACCESS)
    const renewal = tab.evaluate(() => window.page.renew(window.tokens).catch(({ error }) => error))
    expect(await renewal).toBe('invalid_grant')
    await expect.poll(() => isAlive(server)).toBe(false)
    for (const secret of server.secrets) expect(await server.isValid(secret)).toBe(false)
  })

  it('ends the session all the same where the revocation endpoint is out of reach', async () => {
    const server = await openOAuth({ isRevocationDown: true })
    const tab = await logIn()
    const other = await site.tab('/')
    await untilStatus(other, 'authenticated')
    await revoke(tab, REFRESH)
    for (const page of [tab, other]) await untilStatus(page, 'anonymous')
    expect(await get(other, '/api/me')).toBe(401)
    expect(await isAlive(server)).toBe(true)
  })

  it('revokes a token that the page has from elsewhere, and nothing besides', async () => {
    const server = await openOAuth()
    const tab = await logIn()
    const { refresh_token } = await (await refresh(server)).json()
    await revoke(tab, refresh_token)
    expect(await isAlive(server)).toBe(false)
    expect((await sessionOf(tab)).generation).toBe(1)
  })
})
