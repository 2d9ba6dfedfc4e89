/** Pages whose code knows nothing of the worker: it keeps its token, decodes it, refreshes by itself, logs out by itself. */
import { afterEach, describe, expect, it } from 'vitest'
import type { Tab } from './engines/engine.ts'
import { engine, get, host, logIn, Scene, stateOf, untilStatus, useBrowser } from './harness.ts'

/** In Firefox, such requests pass any worker by: see docs/engines.md. */
const isKeepaliveSeen = engine.name !== 'firefox' || host === 'page'

const browser = useBrowser()
let scene: Scene
afterEach(() => scene.close())

async function open(options = ''): Promise<Tab> {
  const body = `importScripts('/refresh-worker.js')
    RefreshWorker.setup({ apiUrls: ['/api/'], loginUrl: '/auth/login', useRefreshToken: true, ${options} })`
  scene = await Scene.open(browser, { files: { '/sw.js': { type: 'text/javascript', body } } })
  return scene.tab()
}

/** As an application does that keeps its token in `localStorage`: what its API client sends, and gets. */
const call = (page: Tab) =>
  page.evaluate(async () => {
    const token = localStorage.getItem('token')
    const headers: Record<string, string> = token ? { Authorization: `Bearer ${token}` } : {}
    return (await fetch('/api/me', { headers })).status
  })

describe('an application that decodes its token', () => {
  it('finds its claims, and a time that has not come (W54, W56)', async () => {
    const page = await open()
    const { body } = await logIn(page)
    const claims = await page.evaluate(
      token => JSON.parse(atob(token.split('.')[1] ?? '')),
      body.access_token as string,
    )
    expect(claims).toMatchObject({ sub: 'ada', name: 'Ada Lovelace', roles: ['analyst', 'admin'] })
    expect(claims.exp * 1000).toBeGreaterThan(Date.now() + 86_400_000)
  })
})

describe('an application that sends its token, and logs out by forgetting it', () => {
  it('is logged out where it has forgotten it, in every tab that it reaches (W57)', async () => {
    const page = await open("attach: 'placeholder'")
    const other = await scene.tab()
    const { body } = await logIn(page)
    await page.evaluate(token => localStorage.setItem('token', token), body.access_token as string)
    expect(await Promise.all([page, other].map(call))).toEqual([200, 200])
    scene.demo.expireAccessTokens()
    expect(await Promise.all([page, other].map(call))).toEqual([200, 200])
    expect(scene.demo.stats.refreshes).toBe(1)
    await other.evaluate(() => localStorage.removeItem('token'))
    expect(await Promise.all([page, other].map(call))).toEqual([401, 401])
  })

  it("of one user's gets nothing of the next one's (N14)", async () => {
    const page = await open()
    const { body } = await logIn(page)
    await page.evaluate(token => localStorage.setItem('token', token), body.access_token as string)
    await logIn(page, 'grace', 'hopper')
    expect(await call(page)).toBe(401)
    expect(await get(page, '/api/me')).toBe(200)
    expect(scene.demo.log.at(-1)).toMatchObject({ user: 'grace', status: 200 })
  })
})

describe('an application that had tokens before it had the worker', () => {
  it('hands them over, once for three tabs, and its user stays logged in (W53)', async () => {
    const page = await open()
    const tabs = [page, await scene.tab(), await scene.tab()]
    // By the server alone, as it was before there was a worker.
    const login = await fetch(`${scene.origin}/auth/login`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ username: 'ada', password: 'lovelace' }),
    })
    const { access_token: accessToken, refresh_token: refreshToken } = await login.json()
    const adopt = (tab: Tab) => tab.evaluate(tokens => window.auth.adopt(tokens), { accessToken, refreshToken })
    const taken = await Promise.all(tabs.map(adopt))
    expect(taken.filter(Boolean)).toHaveLength(1)
    for (const tab of tabs) await untilStatus(tab, 'authenticated')
    scene.demo.expireAccessTokens()
    expect(await Promise.all(tabs.map(tab => get(tab, '/api/me')))).toEqual([200, 200, 200])
    expect(scene.demo.stats).toMatchObject({ logins: 1, refreshes: 1 })
    await page.evaluate(() => window.auth.logout())
    expect(await adopt(page)).toBe(false)
    expect(await stateOf(page)).toMatchObject({ status: 'anonymous', reason: 'logout' })
  })
})

describe('an application that refreshes by itself', () => {
  it('is answered from the session in whatever form it asks, in three tabs at once (W61)', async () => {
    const page = await open("refreshTokenUrl: '/auth/refresh'")
    const tabs = [page, await scene.tab(), await scene.tab()]
    let came = 0
    scene.serve('/auth/refresh', (_, response) => {
      came++
      response.writeHead(500).end()
    })
    const { body: tokens } = await logIn(page)
    const before = await stateOf(page)
    const askAll = (tab: Tab) =>
      tab.evaluate(
        async ({ access, refresh, isKeepaliveSeen }) => {
          const form = new FormData()
          form.set('access', access)
          form.set('refresh', refresh)
          const json = { 'Content-Type': 'application/json' }
          const asks: readonly (readonly [string, RequestInit])[] = [
            ['', { body: JSON.stringify({ accessToken: access, refreshToken: refresh }), headers: json }],
            ['', { body: JSON.stringify({ tokens: { access, refresh: { token: refresh } } }), headers: json }],
            ['', { body: new URLSearchParams({ grant_type: 'renew', access_token: access, refresh_token: refresh }) }],
            ['', { body: form }],
            ['', { body: new Blob([refresh]) }],
            [`?access=${access}&refresh=${refresh}`, {}],
            ['', { headers: { Authorization: `Bearer ${access}`, 'X-Refresh-Token': refresh } }],
            ['', { body: refresh, keepalive: isKeepaliveSeen }],
          ]
          const answers = await Promise.all(
            asks.map(async ([query, init]) =>
              (await fetch(`/auth/refresh${query}`, { method: 'POST', ...init })).json(),
            ),
          )
          // The time in its claims moves on.
          const markOf = (token: string) => token.split('.').at(-1)
          return answers.map(({ refresh_token }) => markOf(refresh_token) === markOf(refresh))
        },
        { ...tokensOf(tokens), isKeepaliveSeen },
      )
    for (const answers of await Promise.all(tabs.map(askAll))) expect(answers).toEqual(Array(8).fill(true))
    expect(came).toBe(0)
    expect(await stateOf(page)).toEqual(before)
  })
})

const tokensOf = (body: Record<string, unknown>) => ({
  access: String(body.access_token),
  refresh: String(body.refresh_token),
})

describe('a placeholder where none belongs', () => {
  it('is refused in words, and reaches no server (W62)', async () => {
    const page = await open("revocationUrl: '/auth/revoke'")
    const { body: tokens } = await logIn(page)
    const came = scene.demo.log.length
    const codes = await page.evaluate(
      async ({ access, isKeepaliveSeen }) => {
        const form = new FormData()
        form.set('token', access)
        const post = (body: BodyInit, headers: HeadersInit = {}): RequestInit => ({ method: 'POST', body, headers })
        const asks: readonly (readonly [string, RequestInit])[] = [
          ['/api/me', post(JSON.stringify({ access }), { 'Content-Type': 'application/json' })],
          ['/api/me', post(new URLSearchParams({ access }))],
          ['/api/me', post(form)],
          ['/api/me', post(access, { 'Content-Type': 'application/jwt' })],
          ['/api/me', { ...post(access), keepalive: isKeepaliveSeen }],
          [`/api/me?t=${access}`, {}],
          [`/api/me/${access}`, {}],
          ['/api/me', { headers: { 'X-Token': access } }],
          ['/api/me', { headers: { Authorization: `Basic ${btoa(`${access}:`)}` } }],
          [`/elsewhere?t=${access}`, {}],
        ]
        return Promise.all(
          asks.map(async ([url, init]) => {
            const response = await fetch(url, init)
            return response.status === 400 && (await response.json()).code
          }),
        )
      },
      { ...tokensOf(tokens), isKeepaliveSeen },
    )
    expect(codes).toEqual(Array(10).fill('placeholder_misplaced'))
    expect(scene.demo.log).toHaveLength(came)
  })

  it('signs out, where that is at the revocation endpoint, and a beacon at the logout URL does', async () => {
    const page = await open("revocationUrl: '/auth/revoke', logoutUrl: '/auth/logout'")
    const revoked: string[] = []
    scene.serve('/auth/revoke', async (request, response) => {
      let body = ''
      for await (const part of request) body += part
      revoked.push(body)
      response.end()
    })
    const { body: tokens } = await logIn(page)
    const status = await page.evaluate(async ({ refresh }) => {
      const body = new FormData()
      body.set('token', refresh)
      return (await fetch('/auth/revoke', { method: 'POST', body })).status
    }, tokensOf(tokens))
    expect(status).toBe(200)
    await untilStatus(page, 'anonymous')
    await logIn(page)
    await page.evaluate(() => navigator.sendBeacon('/auth/logout'))
    await untilStatus(page, 'anonymous')
    await expect.poll(() => revoked.length).toBe(2)
    expect(revoked.join()).not.toContain('refresh-worker-')
  })

  it('is looked for in no bytes that are none: they come as they were sent', async () => {
    const page = await open()
    const came: number[] = []
    scene.serve('/api/files', async (request, response) => {
      const parts: Buffer[] = []
      for await (const part of request) parts.push(part)
      const bytes = Buffer.concat(parts)
      came.push(bytes.length, bytes.filter((byte, index) => byte !== (index * 7919) % 256).length)
      response.writeHead(request.headers.authorization ? 200 : 401).end()
    })
    await logIn(page)
    const statuses = await page.evaluate(async () => {
      const bytes = Uint8Array.from({ length: 3_000_000 }, (_, index) => (index * 7919) % 256)
      const statuses: number[] = []
      for (const type of ['', 'application/octet-stream', 'image/png'])
        statuses.push((await fetch('/api/files', { method: 'PUT', body: new Blob([bytes], { type }) })).status)
      return statuses
    })
    expect(statuses).toEqual([200, 200, 200])
    expect(came).toEqual([3_000_000, 0, 3_000_000, 0, 3_000_000, 0])
  })
})

describe('a request that is not to get the token', () => {
  it('says so by a header, which does not go out (W59)', async () => {
    const page = await open()
    let seen: unknown
    scene.serve('/api/public', (request, response) => {
      seen = [request.headers.authorization, request.headers['refresh-worker-bypass'], request.headers['x-own']]
      response.end('ok')
    })
    await logIn(page)
    await page.evaluate(() => fetch('/api/public', { headers: { 'Refresh-Worker-Bypass': '1', 'X-Own': 'kept' } }))
    expect(seen).toEqual([undefined, undefined, 'kept'])
  })
})

describe("whenEnded: 'hold' (W60)", () => {
  /** A session that is over, since its refresh was refused, and two tabs with a request that waits. */
  async function end() {
    const page = await open("whenEnded: 'hold'")
    const other = await scene.tab()
    await logIn(page)
    scene.serve('/auth/login', async (request, response) => {
      let body = ''
      for await (const part of request) body += part
      // The demo takes the request as a stream: it gets one with the same body.
      if (body.includes('refresh_token'))
        return void response.writeHead(400, { 'Content-Type': 'application/json' }).end('{"error":"invalid_grant"}')
      const again = await fetch(`${scene.origin}/auth/login?again`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body,
      })
      response.writeHead(again.status, { 'Content-Type': 'application/json' }).end(await again.text())
    })
    scene.demo.expireAccessTokens()
    for (const tab of [page, other])
      await tab.evaluate(() => {
        const ask = fetch('/api/notes', {
          method: 'POST',
          body: '{"text":"kept"}',
          headers: { 'Content-Type': 'application/json' },
        })
        ask.then(({ status }) => Object.assign(window, { held: status }))
      })
    for (const tab of [page, other])
      await expect
        .poll(() => stateOf(tab))
        // A page that keeps the session itself knows of its own requests.
        .toMatchObject({ status: 'anonymous', reason: 'rejected', waiting: host === 'page' ? 1 : 2 })
    return { page, other }
  }
  const heldOf = (tab: Tab) => tab.evaluate(() => (window as { held?: number }).held ?? null)

  it('has requests wait for the same user, in every tab', async () => {
    const { page, other } = await end()
    let notes = 0
    scene.serve('/api/notes', (request, response) => {
      notes++
      response.writeHead(request.headers.authorization ? 201 : 401).end()
    })
    await logIn(page)
    for (const tab of [page, other]) await expect.poll(() => heldOf(tab)).toBe(201)
    expect(notes).toBe(2)
    expect(await stateOf(page)).not.toHaveProperty('waiting')
  })

  it('sends nothing as another user, nor for a tab that is closed', async () => {
    const { page, other } = await end()
    const before = scene.demo.log.length
    await other.close()
    await logIn(page, 'grace', 'hopper')
    await expect.poll(() => heldOf(page)).toBe(401)
    expect(scene.demo.log.slice(before).filter(({ path, user }) => path === '/api/notes' && user === 'grace')).toEqual(
      [],
    )
  })
})
