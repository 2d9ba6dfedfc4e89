/** Sessions in HttpOnly cookies, and pages that a server renders: one refresh for all tabs, and for navigations too. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { type CookieServer, openCookieServer } from '../servers/cookie-server.ts'
import type { Tab } from './engines/engine.ts'
import { barrier, engine, stateOf, untilStatus, useBrowser } from './harness.ts'
import { type Site, useSites } from './site.ts'

const WORKER = `importScripts('/refresh-worker.js')
  RefreshWorker.setup({
    apiUrls: ['/api/'],
    loginUrl: '/auth/login',
    refreshTokenUrl: '/auth/refresh',
    logoutUrl: '/auth/logout',
    logoutMethod: 'post',
    accessTokenIn: 'cookie',
    useRefreshToken: true,
    sessionUrl: '/api/session',
    subjectProp: 'user.id',
    claims: ['user'],
    navigations: ['/app/'],
  })`
const PAGE = `import { register } from '/refresh-worker/index.js'
  window.auth = register('/sw.js')`

/** How many tabs, requests of each, and expiries. */
const [TABS, CALLS, EXPIRIES] = process.env.EVERYWHERE ? [20, 20, 10] : [5, 4, 5]

/** What is the worker's own doing is shown in one engine, unless there is time. */
const isShown = engine.name === 'chromium' || process.env.EVERYWHERE !== undefined

const browser = useBrowser()
const openSiteFor = useSites<CookieServer>(browser)

async function open(options: Parameters<typeof openCookieServer>[0] = {}, worker = WORKER) {
  const server = await openCookieServer(options)
  const type = 'text/javascript'
  const site = await openSiteFor(server, {
    '/sw.js': { type, body: worker },
    '/page.js': { type, body: PAGE },
  })
  return { server, site }
}

const logIn = (tab: Tab, name = 'ada', password = 'lovelace') =>
  tab.evaluate(async body => {
    const headers = { 'Content-Type': 'application/json' }
    return (await fetch('/auth/login', { method: 'POST', headers, body })).status
  }, JSON.stringify({ name, password }))
const call = (tab: Tab) => tab.evaluate(async () => (await fetch('/api/data')).status)
const userOf = (tab: Tab) => tab.evaluate(() => document.body.dataset.user ?? null)
/** How often the page's own navigation was redirected, by whom ever. */
const redirectsOf = (tab: Tab) =>
  tab.evaluate(() => performance.getEntriesByType('navigation').map(entry => Object(entry).redirectCount)[0])
/** Has the page go somewhere by itself, and waits until it is there, with the worker's answer. */
async function go(tab: Tab, work: string, isThere: string) {
  await tab.evaluate(`void setTimeout(() => ${work})`).catch(() => undefined)
  await expect.poll(() => tab.evaluate(isThere).catch(() => false)).toBe(true)
  await tab.evaluate(() => window.auth.ready)
}

describe('requests', () => {
  it.runIf(isShown)('of many tabs get one refresh, expiry after expiry, with strict rotation (G1, K3)', async () => {
    const { server, site } = await open()
    const tabs = await site.tabs(TABS, '/public/')
    const [tab] = tabs
    expect(await logIn(tab)).toBe(200)
    for (const tab of tabs) await untilStatus(tab, 'authenticated')
    for (let expiry = 1; expiry <= EXPIRIES; expiry++) {
      await site.expireTokens(tab)
      const statuses = await Promise.all(tabs.flatMap(tab => Array.from({ length: CALLS }, () => call(tab))))
      expect(new Set(statuses)).toEqual(new Set([200]))
      expect(server.stats).toMatchObject({ refreshes: expiry, refusals: 0 })
    }
    expect(await stateOf(tab)).toMatchObject({ claims: { user: { id: 'ada' } } })
  })

  it.runIf(isShown)('end with the session, in every tab, when the server has forgotten it (G12, K12)', async () => {
    const { server, site } = await open()
    const tabs = [await site.tab('/public/'), await site.tab('/public/')]
    await logIn(tabs[0] as Tab)
    server.forgetSessions()
    expect(await call(tabs[0] as Tab)).toBe(401)
    for (const tab of tabs) await untilStatus(tab, 'anonymous')
    expect(await stateOf(tabs[0] as Tab)).toEqual({ status: 'anonymous', reason: 'rejected' })
  })
})

describe('a refresh', () => {
  it('whose answer is cut off after its cookies have come ends nothing: the next goes on with them (B5, N17)', async () => {
    const hasCookies = barrier()
    const { server, site } = await open({ afterCookies: hasCookies.pass })
    const tab = await site.tab('/public/')
    const probe = await site.tab('/public/')
    await logIn(tab)
    await site.expireTokens(tab)
    server.state.cutsRefresh = true
    const failure = call(tab).then(() => null, String)
    await hasCookies.reached
    // A request that no worker touches tells that the cookie is there.
    await expect.poll(() => probe.evaluate(async () => (await fetch('/whose')).text())).toBe('ada')
    hasCookies.open()
    expect(await failure).toMatch(/TypeError|Load failed/)
    expect(await stateOf(tab)).toMatchObject({ status: 'authenticated', failingSince: expect.any(Number) })
    await expect.poll(() => call(tab).catch(() => null)).toBe(200)
    expect(server.stats).toMatchObject({ refreshes: 2, refusals: 0 })
    expect(await stateOf(tab)).not.toHaveProperty('failingSince')
  })
})

it.runIf(engine.can.clearCookies)(
  'a session whose cookies the user has cleared ends, in every tab (G12, K12)',
  async () => {
    const { server, site } = await open()
    const tabs = await site.tabs(2, '/public/')
    await logIn(tabs[0])
    for (const tab of tabs) await untilStatus(tab, 'authenticated')
    await site.clearCookies()
    expect(await call(tabs[0])).toBe(401)
    for (const tab of tabs) await untilStatus(tab, 'anonymous')
    expect(await stateOf(tabs[0])).toEqual({ status: 'anonymous', reason: 'rejected' })
    expect(server.stats).toMatchObject({ refreshes: 0 })
  },
)

describe('a server that wants a CSRF token in a header', () => {
  const worker = readFileSync(fileURLToPath(new URL('../../examples/recipes/csrf/sw.js', import.meta.url)), 'utf8')

  it('gets the one of its cookie with each refresh (K11)', async () => {
    const { server, site } = await open({ checksCsrf: true }, worker)
    const tab = await site.tab('/public/')
    await logIn(tab)
    for (let expiry = 1; expiry <= 2; expiry++) {
      await site.expireTokens(tab)
      expect(await call(tab)).toBe(200)
      expect(server.stats).toMatchObject({ refreshes: expiry, forgeries: 0, refusals: 0 })
    }
    // Each engine's workers can read it.
    expect(server.stats.csrfAnswers).toBe(0)
  })

  it('gets the one that it tells, where there is no cookie (K11)', async () => {
    const { server, site } = await open({ checksCsrf: true }, worker)
    const tab = await site.tab('/public/')
    await logIn(tab)
    await tab.evaluate(() => {
      // biome-ignore lint/suspicious/noDocumentCookie: not every engine has another way.
      document.cookie = 'XSRF-TOKEN=; Path=/; Max-Age=0'
    })
    await site.expireTokens(tab)
    expect(await call(tab)).toBe(200)
    expect(server.stats).toMatchObject({ refreshes: 1, forgeries: 0, refusals: 0, csrfAnswers: 1 })
  })
})

it.runIf(engine.can.stopWorkers)(
  'a logout that is cut off with its worker is told by the next one (K8, N8)',
  async () => {
    const logout = barrier()
    const { server, site } = await open({ beforeLogout: logout.pass })
    const tab = await site.tab('/public/')
    await logIn(tab)
    await tab.evaluate(() => void window.auth.logout())
    await logout.reached
    await tab.stopWorkers()
    await expect.poll(() => server.stats.cutLogouts).toBe(1)
    logout.open()
    // The server would say that there is a session.
    const other = await site.tab('/public/')
    expect(await stateOf(other)).toEqual({ status: 'anonymous', reason: 'logout' })
    await expect.poll(() => server.stats.logouts).toBe(1)
    await expect.poll(() => other.evaluate(async () => (await fetch('/whose')).text())).toBe('')
    expect(await call(other)).toBe(401)
    await logIn(other)
    expect(await call(tab)).toBe(200)
  },
)

describe.runIf(engine.can.stopWorkers)('a worker that is killed in the middle of a refresh', () => {
  /** The killed one's clock is gone: the access token is expired for the server alone. */
  async function refreshAndKill(server: CookieServer, site: Site<CookieServer>, isReached: Promise<unknown>) {
    const tab = await site.tab('/public/')
    const other = await site.tab('/public/')
    await logIn(tab)
    server.forgetAccessTokens()
    const status = call(tab)
    await isReached
    await tab.stopWorkers()
    return { tab, other, status }
  }

  it('whose cookies had arrived: the next one goes on with them (K10)', async () => {
    const end = barrier()
    const { server, site } = await open({ afterCookies: end.pass })
    const isReached = end.reached.then(async () => {
      const probe = await site.tab('/public/')
      // A request that no worker touches tells that the cookie is there.
      await expect.poll(() => probe.evaluate(async () => (await fetch('/whose')).text())).toBe('ada')
    })
    const { tab, other, status } = await refreshAndKill(server, site, isReached)
    end.open()
    expect(await status).toBe(200)
    expect(await call(other)).toBe(200)
    expect(server.stats.refusals).toBe(0)
    for (const each of [tab, other]) expect(await stateOf(each)).toMatchObject({ status: 'authenticated' })
  })

  it('whose cookies had not: the session ends once, in every tab, and nobody is stuck (K10)', async () => {
    const answer = barrier()
    const { server, site } = await open({ afterRefresh: answer.pass })
    const { tab, other, status } = await refreshAndKill(server, site, answer.reached)
    answer.open()
    expect(await status).toBe(401)
    for (const each of [tab, other]) await untilStatus(each, 'anonymous')
    expect(await stateOf(other)).toEqual({ status: 'anonymous', reason: 'lost' })
    expect(server.stats).toMatchObject({ refreshes: 1, refusals: 1 })
    await logIn(tab)
    expect(await call(other)).toBe(200)
  })
})

describe('navigations', () => {
  it('of many tabs after an expiry cause one refresh, and each page is rendered for its user (K13, K14)', async () => {
    const { server, site } = await open()
    const tabs = await site.tabs(TABS, '/public/')
    const [tab] = tabs
    await logIn(tab)
    await site.expireTokens(tab)
    server.rendered.length = 0
    await Promise.all(tabs.map((tab, index) => tab.goto(`${server.origin}/app/${index}`)))
    expect(await Promise.all(tabs.map(userOf))).toEqual(tabs.map(() => 'ada'))
    expect(server.stats).toMatchObject({ refreshes: 1, refusals: 0 })
    // Each was asked for once: the worker sends none itself.
    expect(server.rendered.map(({ path, user }) => [path, user]).sort()).toEqual(
      tabs.map((_, index) => [`/app/${index}`, 'ada']).sort(),
    )
  })

  it('by a link, a reload and Back show the user, with the hash and the query (K21)', async () => {
    const { server, site } = await open()
    const tab = await site.tab('/public/')
    await logIn(tab)
    await go(tab, "location.assign('/app/')", "location.pathname === '/app/' && !!window.auth")
    expect(await userOf(tab)).toBe('ada')
    await site.expireTokens(tab)
    await go(tab, "location.assign('/app/next?a=b#c')", "location.href.endsWith('/app/next?a=b#c') && !!window.auth")
    expect(await userOf(tab)).toBe('ada')
    await site.expireTokens(tab)
    await tab.reload()
    expect(await userOf(tab)).toBe('ada')
    await tab.evaluate(() => window.auth.ready)
    await site.expireTokens(tab)
    await go(tab, 'history.back()', "location.pathname === '/app/' && !!window.auth")
    expect(await userOf(tab)).toBe('ada')
    expect(server.stats.refusals).toBe(0)
  })

  it('that the server redirects, or answers with a file, wait for one refresh (K21)', async () => {
    const { server, site } = await open()
    const tab = await site.tab('/public/')
    await logIn(tab)
    await site.expireTokens(tab)
    server.rendered.length = 0
    // Out of what the worker looks at, and in again.
    await go(tab, "location.assign('/app/moved')", "location.pathname === '/app/arrived' && !!window.auth")
    expect(await userOf(tab)).toBe('ada')
    await site.expireTokens(tab)
    await tab.evaluate(() => {
      const link = Object.assign(document.createElement('a'), { href: '/app/file' })
      document.body.append(link)
      link.click()
    })
    await expect
      .poll(() => server.rendered.map(({ path, user }) => `${path} ${user}`))
      .toEqual(['/app/moved ada', '/app/arrived ada', '/app/file ada'])
    expect(await tab.evaluate(() => location.pathname)).toBe('/app/arrived')
    expect(server.stats).toMatchObject({ refreshes: 2, refusals: 0 })
  })

  it.runIf(isShown)('by POST go out at once, with what they send (K16)', async () => {
    const { server, site } = await open()
    const tab = await site.tab('/public/')
    await logIn(tab)
    await site.expireTokens(tab)
    server.rendered.length = 0
    const form = `(() => {
      const form = document.body.appendChild(document.createElement('form'))
      Object.assign(form, { method: 'post', action: '/app/form' })
      form.innerHTML = '<input name="a" value="b">'
      form.submit()
    })()`
    await go(tab, form, "location.pathname === '/app/form' && !!window.auth")
    expect(server.rendered).toEqual([expect.objectContaining({ path: '/app/form', user: null, form: { a: 'b' } })])
    expect(await redirectsOf(tab)).toBe(0)
  })

  it.runIf(isShown)('go out as they are where the refresh is refused: the server shows its login (K17)', async () => {
    const { server, site } = await open()
    const tab = await site.tab('/public/')
    await logIn(tab)
    await site.expireTokens(tab)
    server.forgetSessions()
    await tab.goto(`${server.origin}/app/`)
    expect(await userOf(tab)).toBe('')
    await tab.evaluate(() => window.auth.ready)
    expect(await stateOf(tab)).toMatchObject({ status: 'anonymous' })
  })

  it.runIf(isShown)('go out after a while where the refresh takes longer than anybody waits (K18)', async () => {
    let release: () => void = () => undefined
    const held = new Promise<void>(resolve => {
      release = resolve
    })
    const { server, site } = await open({ beforeRefresh: () => held })
    const tab = await site.tab('/public/')
    await logIn(tab)
    await site.expireTokens(tab)
    await tab.goto(`${server.origin}/app/guarded`)
    expect(server.stats.refreshes).toBe(0)
    expect(server.rendered.map(({ path, user }) => [path, user]).slice(-2)).toEqual([
      ['/app/guarded', null],
      ['/app/login', null],
    ])
    // By the worker, and by the server; the page that it leads to does not wait again.
    expect(await redirectsOf(tab)).toBe(2)
    release()
    await expect.poll(() => call(tab)).toBe(200)
    expect(server.stats).toMatchObject({ refreshes: 1, refusals: 0 })
  })

  it.runIf(engine.can.stopWorkers)('wake a worker that was stopped, for one refresh (K23)', async () => {
    const { server, site } = await open()
    const tabs = [await site.tab('/public/'), await site.tab('/public/'), await site.tab('/public/')]
    const [tab] = tabs as [Tab]
    await logIn(tab)
    // By the stored expiry: the worker's clock starts anew with it.
    await site.advance(tab, -700)
    await logIn(tab)
    server.forgetAccessTokens()
    await tab.stopWorkers()
    await Promise.all(tabs.map(tab => tab.goto(`${server.origin}/app/`)))
    expect(await Promise.all(tabs.map(userOf))).toEqual(['ada', 'ada', 'ada'])
    expect(server.stats).toMatchObject({ refreshes: 1, refusals: 0 })
  })

  it.runIf(isShown)(
    'go out once the worker has let them, though another script has turned preload on (K22)',
    async () => {
      const { server, site } = await open()
      const tab = await site.tab('/public/')
      await logIn(tab)
      await tab.evaluate(async () => (await navigator.serviceWorker.ready).navigationPreload.enable())
      await site.expireTokens(tab)
      await tab.goto(`${server.origin}/app/`)
      expect(await userOf(tab)).toBe('ada')
      expect(server.stats).toMatchObject({ refreshes: 1, refusals: 0 })
    },
  )

  it.runIf(engine.name === 'chromium')(
    'that are prefetched or prerendered wait for the same refresh (K20)',
    async () => {
      const { server, site } = await open()
      const tab = await site.tab('/public/')
      await logIn(tab)
      await site.expireTokens(tab)
      server.rendered.length = 0
      await tab.evaluate(() => {
        const rules = document.createElement('script')
        rules.type = 'speculationrules'
        rules.textContent = JSON.stringify({
          prerender: [{ urls: ['/app/prerendered'], eagerness: 'immediate' }],
          prefetch: [{ urls: ['/app/prefetched'], eagerness: 'immediate' }],
        })
        document.head.append(rules)
        const link = Object.assign(document.createElement('link'), { rel: 'prefetch', href: '/app/linked' })
        document.head.append(link)
      })
      const paths = () => server.rendered.map(({ path, user }) => `${path} ${user}`).sort()
      await expect.poll(paths).toEqual(['/app/linked ada', '/app/prefetched ada', '/app/prerendered ada'])
      for (const path of ['/app/prerendered', '/app/prefetched']) {
        await go(tab, `location.assign('${path}')`, `location.pathname === '${path}' && !!window.auth`)
        expect(await userOf(tab)).toBe('ada')
      }
      expect(server.stats).toMatchObject({ refreshes: 1, refusals: 0 })
    },
  )

  it('from another site say so: the worker vouches for none (K19)', async () => {
    const { server, site } = await open()
    const elsewhere = createServer((_, res) =>
      res.setHeader('Content-Type', 'text/html').end(`<!doctype html><a href="${server.origin}/app/from">go</a>`),
    ).listen(0, '127.0.0.1')
    await once(elsewhere, 'listening')
    try {
      const tab = await site.tab('/public/')
      await logIn(tab)
      const other = await site.tab('/public/')
      const from = async () => {
        await other.goto(`http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`)
        await go(other, "document.querySelector('a').click()", "location.pathname === '/app/from' && !!window.auth")
        return server.rendered.at(-1)?.site
      }
      const untouched = await from()
      await site.expireTokens(tab)
      const held = await from()
      expect(held).toBe(untouched)
      expect(held).not.toBe('same-origin')
      expect(server.stats.refreshes).toBe(1)
    } finally {
      elsewhere.close().closeAllConnections()
    }
  })
})

describe('what the worker does not see', () => {
  it('a form logs in, and a link logs out, in every tab (K4)', async () => {
    const { server, site } = await open()
    const tab = await site.tab('/app/')
    const other = await site.tab('/app/')
    const form = `(() => {
      const form = document.body.appendChild(document.createElement('form'))
      Object.assign(form, { method: 'post', action: '/auth/login' })
      form.innerHTML = '<input name="name" value="grace"><input name="password" value="hopper">'
      form.submit()
    })()`
    await go(tab, form, "document.body?.dataset.user === 'grace' && !!window.auth")
    for (const each of [tab, other]) await untilStatus(each, 'authenticated')
    expect(await stateOf(other)).toMatchObject({ claims: { user: { id: 'grace' } } })
    await go(tab, "location.assign('/auth/logout')", "document.body?.dataset.user === '' && !!window.auth")
    for (const each of [tab, other]) await untilStatus(each, 'anonymous')
    expect(server.stats.logouts).toBe(1)
  })

  it.runIf(isShown)('a callback that ends on the server logs in, in every tab (K5)', async () => {
    const { server, site } = await open()
    const tab = await site.tab('/app/')
    const other = await site.tab('/app/')
    await untilStatus(tab, 'anonymous')
    const provider = createServer((_, res) =>
      res
        .setHeader('Content-Type', 'text/html')
        .end(`<!doctype html><a href="${server.origin}/auth/callback?code=1">back</a>`),
    ).listen(0, '127.0.0.1')
    await once(provider, 'listening')
    try {
      await tab.goto(`http://127.0.0.1:${(provider.address() as AddressInfo).port}/`)
      await go(tab, "document.querySelector('a').click()", "location.pathname === '/app/' && !!window.auth")
      for (const each of [tab, other]) await untilStatus(each, 'authenticated')
      expect(await stateOf(other)).toMatchObject({ claims: { user: { id: 'ada' } } })
      expect(await userOf(tab)).toBe('ada')
    } finally {
      provider.close().closeAllConnections()
    }
  })

  // Static routes are Chromium's alone.
  it.runIf(engine.name === 'chromium')(
    'a form logs in, and another one somebody else, where static routes hide the pages that they lead to (K4, K7)',
    async () => {
      const { site } = await open({}, WORKER.replace("['/app/']", "['/app/'],\n    staticRoutes: true"))
      const tab = await site.tab('/public/')
      expect(await stateOf(tab)).toMatchObject({ status: 'anonymous' })
      for (const [name, password] of [
        ['ada', 'lovelace'],
        ['grace', 'hopper'],
      ]) {
        const form = `(() => {
          const form = document.body.appendChild(document.createElement('form'))
          Object.assign(form, { method: 'post', action: '/auth/login' })
          form.innerHTML = '<input name="name" value="${name}"><input name="password" value="${password}">' +
            '<input name="next" value="/public/in">'
          form.submit()
        })()`
        await go(tab, form, `document.body?.dataset.user === '${name}' && !!window.auth`)
        expect(await stateOf(tab)).toMatchObject({ status: 'authenticated', claims: { user: { id: name } } })
      }
    },
  )

  it.runIf(isShown)('a login at another origin of the same site is known on the way back (K6)', async () => {
    const { server, site } = await open()
    const tab = await site.tab('/app/')
    await untilStatus(tab, 'anonymous')
    // As accounts.example.com, whose cookies are example.com's: cookies know no ports.
    const accounts = createServer((_, res) => {
      for (const cookie of server.beginSession('ada')) res.appendHeader('Set-Cookie', cookie)
      res.setHeader('Content-Type', 'text/html').end(`<!doctype html><a href="${server.origin}/app/back">back</a>`)
    }).listen(0, 'localhost')
    await once(accounts, 'listening')
    try {
      await tab.goto(`http://localhost:${(accounts.address() as AddressInfo).port}/`)
      await go(tab, "document.querySelector('a').click()", "location.pathname === '/app/back' && !!window.auth")
      await untilStatus(tab, 'authenticated')
      expect(await stateOf(tab)).toMatchObject({ claims: { user: { id: 'ada' } } })
    } finally {
      accounts.close().closeAllConnections()
    }
  })

  it('whoever was logged in before there was a worker stays so', async () => {
    const { server, site } = await open()
    const tab = await site.tab('/public/')
    expect(await logIn(tab)).toBe(200)
    await tab.evaluate(async () => {
      for (const registration of await navigator.serviceWorker.getRegistrations()) await registration.unregister()
      const opened = indexedDB.open('refresh-worker')
      await new Promise(resolve => {
        opened.onsuccess = resolve
      })
      const cleared = opened.result.transaction('sessions', 'readwrite').objectStore('sessions').clear()
      await new Promise(resolve => {
        cleared.onsuccess = resolve
      })
      opened.result.close()
    })
    await tab.goto(`${server.origin}/app/`)
    await tab.evaluate(() => window.auth.ready)
    await untilStatus(tab, 'authenticated')
    expect(await stateOf(tab)).toMatchObject({ claims: { user: { id: 'ada' } } })
  })

  it.runIf(isShown)('a logout that the server does not hear of says so, and its cookies let nobody in', async () => {
    const { server, site } = await open()
    const tab = await site.tab('/public/')
    await logIn(tab)
    server.state.isLogoutDown = true
    expect(await tab.evaluate(() => window.auth.logout())).toEqual({
      status: 'anonymous',
      reason: 'logout',
      isCookieLeft: true,
    })
    expect(await call(tab)).toBe(401)
    server.state.isLogoutDown = false
    expect(await tab.evaluate(() => window.auth.logout())).toEqual({ status: 'anonymous', reason: 'logout' })
    expect(server.stats.logouts).toBe(1)
  })
})
