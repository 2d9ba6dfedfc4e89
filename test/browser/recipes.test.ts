import { afterEach, describe, expect, it } from 'vitest'
import { openRecipe, type RecipeServer, type RecipeServerOptions } from '../servers/recipe.ts'
import { openSocialProvider } from '../servers/social.ts'
import type { Profile, Tab } from './engines/engine.ts'
import { get, logIn, look, PAGE, SECRETS, stateOf, useBrowser } from './harness.ts'

/** A recipe's own server, page and worker (examples/recipes), and one browser profile that uses them. */
class Kitchen {
  readonly server: RecipeServer
  readonly profile: Profile

  private constructor(server: RecipeServer, profile: Profile) {
    this.server = server
    this.profile = profile
  }

  static async open(recipe: string, options?: RecipeServerOptions): Promise<Kitchen> {
    const server = await openRecipe(recipe, options)
    server.files.set('/test.html', { type: 'text/html', body: PAGE })
    return new Kitchen(server, await browser.newProfile())
  }

  /** A tab of the recipe's page, unless told otherwise. */
  async tab(path = '/'): Promise<Tab> {
    const page = await this.profile.newTab()
    await page.goto(this.server.origin + path)
    return page
  }

  /** A tab that has the page of the tests, with `window.auth`. */
  async probe(): Promise<Tab> {
    const page = await this.tab('/test.html')
    await page.evaluate(() => window.auth.ready)
    return page
  }

  /** What the server has answered to requests that begin like this. */
  answersTo(beginning: string): string[] {
    return this.server.log.filter(line => line.startsWith(beginning))
  }

  /** Looks for secrets wherever they must not be (R35, H17), and ends it all. */
  async close() {
    const places: (readonly [string, string])[] = []
    try {
      for (const tab of this.profile.tabs) places.push(...(await tab.evaluate(look)))
    } finally {
      await this.profile.close()
      await this.server.close()
    }
    const { failures } = this.profile
    if (failures.length > 0) throw new Error(`pages threw: ${failures.join('; ')}`)
    places.push(['URLs of requests', this.server.log.join(' ')], ['console', this.profile.console.join(' ')])
    const leaks = places.filter(([, text]) => SECRETS.test(text)).map(([place]) => place)
    if (leaks.length > 0) throw new Error(`there are secrets in: ${leaks.join(', ')}`)
  }
}

const browser = useBrowser()
let kitchen: Kitchen
afterEach(() => kitchen.close())

const ADA = { username: 'ada', password: 'lovelace' }
const GRACE = { username: 'grace', password: 'hopper' }

/** Work that may take the page to another, before it has answered: whether it was done, what comes next will show. */
async function leave<Arg>(page: Tab, work: (arg: Arg) => void, arg: Arg) {
  await page.evaluate(work, arg).catch(() => undefined)
}

/** Waits until something can be seen; the page may be on its way to another. */
function seen(page: Tab, selector: string) {
  const isSeen = (which: string) => document.querySelector(which)?.checkVisibility() === true
  return expect.poll(() => page.evaluate(isSeen, selector).catch(() => false)).toBe(true)
}

/** Fills in the page's form and sends it. */
async function submit(page: Tab, fields: Readonly<Record<string, string>>) {
  await seen(page, 'form')
  const send = (values: Readonly<Record<string, string>>) => {
    const form = document.querySelector('form') as HTMLFormElement
    for (const [name, value] of Object.entries(values))
      (form.elements.namedItem(name) as HTMLInputElement).value = value
    form.requestSubmit()
  }
  await leave(page, send, fields)
}

/**
 * Waits until the worker controls the page. In WebKitGTK a page that goes to another while the first worker installs may
 * leave that one installing for good, or the next page without control: it knows of no claim, update or registration then.
 */
async function controlled(page: Tab): Promise<Tab> {
  await expect.poll(() => page.evaluate(() => navigator.serviceWorker.controller !== null)).toBe(true)
  return page
}

async function click(page: Tab, selector: string) {
  await seen(page, selector)
  await leave(page, which => document.querySelector<HTMLElement>(which)?.click(), selector)
}

/** To be polled: the page may be on its way to another. */
function text(page: Tab, selector: string): Promise<string | null> {
  return page.evaluate(which => document.querySelector(which)?.textContent ?? null, selector).catch(() => null)
}

const shown = (page: Tab, selector: string) => expect.poll(() => text(page, selector))

const whoami = (page: Tab): Promise<string> => page.evaluate(async () => (await (await fetch('/api/me')).json()).sub)

const post = (page: Tab, path: string) =>
  page.evaluate(async url => (await fetch(url, { method: 'POST' })).status, path)

describe('password login', () => {
  it('logs in, in every tab, and out', async () => {
    kitchen = await Kitchen.open('password')
    const page = await kitchen.tab()
    const other = await kitchen.tab()
    await submit(page, ADA)
    for (const tab of [page, other]) await shown(tab, '#user').toBe('Ada Lovelace, analyst and admin')
    expect(await whoami(other)).toBe('ada')
    await click(other, '#logout')
    await shown(page, '#user').toBe('')
    expect(await get(page, '/api/me')).toBe(401)
  })

  it("shows the server's word where it refuses, and logs nobody in", async () => {
    kitchen = await Kitchen.open('password')
    const page = await kitchen.tab()
    await submit(page, { username: 'ada', password: 'hopper' })
    await shown(page, '#problem').toBe('Wrong user name or password.')
    expect(await stateOf(await kitchen.probe())).toEqual({ status: 'anonymous', reason: 'none' })
    await submit(page, ADA)
    await shown(page, '#user').toBe('Ada Lovelace, analyst and admin')
    expect(await text(page, '#problem')).toBe('')
  })

  it('tells pages the claims that are named, and nothing else of the token', async () => {
    kitchen = await Kitchen.open('password')
    const probe = await kitchen.probe()
    await logIn(probe)
    expect(await whoami(probe)).toBe('ada')
    await probe.evaluate(() => window.auth.updateToken())
    const claims = { sub: 'ada', name: 'Ada Lovelace', roles: ['analyst', 'admin'] }
    expect(await stateOf(probe)).toMatchObject({ status: 'authenticated', generation: 2, claims })
    const told = await probe.evaluate(
      () => window.received as { state?: { status: string; sessionId: string; claims: object } }[],
    )
    const states = told.flatMap(({ state }) => (state?.status === 'authenticated' ? [state] : []))
    expect(states.length).toBeGreaterThan(1)
    const [first] = states
    for (const state of states) {
      expect(state.claims).toEqual(claims)
      // The session's id is the worker's own, no claim.
      expect(Object.keys(state).sort()).toEqual(Object.keys(first as object).sort())
    }
    const [jti] = kitchen.server.used
    expect(jti).toMatch(/^[\w-]{36}$/)
    expect(JSON.stringify(told)).not.toContain(jti)
    expect(JSON.stringify(told)).not.toContain('ada@example.org')
  })
})

describe('signup', () => {
  const EVE = { name: 'Eve Adams', username: 'eve', password: 'lovelace' }

  it('that logs in', async () => {
    kitchen = await Kitchen.open('signup')
    const page = await kitchen.tab()
    await submit(page, EVE)
    await shown(page, '#answer').toBe('Welcome, eve.')
    await shown(page, '#user').toBe('Eve Adams')
    expect(await whoami(page)).toBe('eve')
  })

  it('that is refused, and logs nobody in', async () => {
    kitchen = await Kitchen.open('signup')
    const page = await kitchen.tab()
    await submit(page, { ...EVE, username: 'ada' })
    await shown(page, '#answer').toBe('That user name is taken.')
    expect(await get(page, '/api/me')).toBe(401)
  })

  it('that does not log in', async () => {
    kitchen = await Kitchen.open('signup', { worker: 'signup/sw-no-login.js' })
    const probe = await kitchen.probe()
    const page = await kitchen.tab()
    await submit(page, EVE)
    await shown(page, '#answer').toBe('Welcome, eve.')
    expect(await get(page, '/api/me')).toBe(401)
    expect(await stateOf(probe)).toEqual({ status: 'anonymous', reason: 'none' })
    await logIn(probe, EVE.username, EVE.password)
    expect(await whoami(page)).toBe('eve')
  })
})

describe('social login, by way of an oidc-provider of another site', () => {
  const withProvider = { openProvider: openSocialProvider }

  it('hands the tokens to the worker, once, by no URL', async () => {
    kitchen = await Kitchen.open('social', withProvider)
    // By a link in a mail or the like: there is no worker yet when the browser comes back.
    const page = await kitchen.tab('/auth/github')
    await click(page, 'button[value=ada]')
    await shown(page, '#user').toBe('Ada Lovelace')
    expect(await whoami(page)).toBe('github:ada')
    expect(await page.evaluate(() => location.search)).toBe('')
    expect(kitchen.answersTo('POST /auth/session')).toEqual(['POST /auth/session 200'])

    // What was handed over is gone, and asking for it once more does no harm.
    expect(await post(page, '/auth/session')).toBe(401)
    expect(await whoami(page)).toBe('github:ada')
    await page.reload()
    await shown(page, '#user').toBe('Ada Lovelace')
    expect(kitchen.answersTo('POST /auth/session')).toHaveLength(2)
  })

  it('says so where the user has cancelled', async () => {
    kitchen = await Kitchen.open('social', withProvider)
    const page = await controlled(await kitchen.tab())
    await click(page, 'a')
    await click(page, 'button[name=cancel]')
    await shown(page, '#problem').toContain('has failed')
    expect(await get(page, '/api/me')).toBe(401)
  })

  it('refuses the way back of a login that another browser has begun (login CSRF)', async () => {
    kitchen = await Kitchen.open('social', withProvider)
    const { origin } = kitchen.server
    const attacker = await beginAs('grace', origin)
    const victim = await kitchen.tab(attacker.callback)
    await shown(victim, '#problem').toContain('has failed')
    expect(await get(victim, '/api/me')).toBe(401)

    // It would have been good.
    const { headers } = await fetch(origin + attacker.callback, {
      headers: { Cookie: attacker.cookie },
      redirect: 'manual',
    })
    expect(headers.get('Location')).toBe('/?login=done')
  })

  it('gives nothing to a page of another site, which leaves what is handed over where it is', async () => {
    kitchen = await Kitchen.open('social', withProvider)
    const { origin } = kitchen.server
    const { callback, cookie } = await beginAs('ada', origin)
    const { headers } = await fetch(origin + callback, { headers: { Cookie: cookie }, redirect: 'manual' })
    const handover = headers.getSetCookie().find(each => each.startsWith('handover=')) ?? ''
    expect(handover).toMatch(/^handover=[\w-]{43}; Max-Age=60; Path=\/auth; Expires=[^;]+; HttpOnly; SameSite=Lax$/)

    const ask = (from: HeadersInit) =>
      fetch(`${origin}/auth/session`, {
        method: 'POST',
        headers: { ...from, Cookie: handover.split(';', 1)[0] as string },
      })
    expect((await ask({ Origin: 'https://evil.example' })).status).toBe(403)
    expect((await ask({})).status).toBe(403)
    expect((await ask({ Origin: origin })).status).toBe(200)
    expect((await ask({ Origin: origin })).status).toBe(401)

    const elsewhere = await kitchen.tab()
    await click(elsewhere, 'a')
    await expect.poll(() => elsewhere.evaluate('location.hostname').catch(() => null)).toBe('127.0.0.1')
    const before = kitchen.answersTo('POST /auth/session').length
    await elsewhere.evaluate(
      url => fetch(url, { method: 'POST', mode: 'no-cors', credentials: 'include' }).then(() => undefined),
      `${origin}/auth/session`,
    )
    const sendForm = (url: string) => {
      const form = Object.assign(document.createElement('form'), { method: 'post', action: url })
      document.body.append(form)
      form.submit()
    }
    await leave(elsewhere, sendForm, `${origin}/auth/session`)
    const after = () => kitchen.answersTo('POST /auth/session').slice(before)
    await expect.poll(after).toEqual(['POST /auth/session 403', 'POST /auth/session 403'])
    await shown(elsewhere, 'body').toContain('forbidden')
  })
})

/** Logs in at the provider, and stops where it sends the browser back to the application. */
async function beginAs(account: string, origin: string) {
  const jar = new Map<string, string>()
  const cookies = () => [...jar].map(pair => pair.join('=')).join('; ')
  const visit = async (url: URL, body?: URLSearchParams) => {
    const response = await fetch(url, {
      headers: { Cookie: cookies() },
      redirect: 'manual',
      ...(body && { method: 'POST', body }),
    })
    for (const each of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(each) ?? []
      jar.set(name, value)
    }
    return new URL(response.headers.get('Location') ?? '', url)
  }
  const authorize = await visit(new URL('/auth/github', origin))
  const cookie = cookies()
  const resume = await visit(await visit(authorize), new URLSearchParams({ account }))
  const { pathname, search } = await visit(resume)
  return { callback: pathname + search, cookie }
}

it('several login URLs: whichever was used last is who is logged in; refreshes go to the first', async () => {
  kitchen = await Kitchen.open('social', { openProvider: openSocialProvider })
  const page = await kitchen.tab()
  const probe = await kitchen.probe()
  await logIn(probe)
  await shown(page, '#user').toBe('Ada Lovelace')
  await click(page, 'a')
  await click(page, 'button[value=grace]')
  await shown(page, '#user').toBe('Grace Hopper')
  expect(await whoami(probe)).toBe('github:grace')
  await probe.evaluate(() => window.auth.updateToken())
  expect(kitchen.answersTo('POST /auth/login')).toEqual(['POST /auth/login 200', 'POST /auth/login 200'])
  expect(kitchen.server.stats.refreshes).toBe(1)
  expect(await whoami(probe)).toBe('github:grace')
})

describe('a server that renders its pages, with a session of its own', () => {
  it('hands it to the worker, once', async () => {
    kitchen = await Kitchen.open('server-rendered')
    const page = await controlled(await kitchen.tab())
    expect(await get(page, '/api/me')).toBe(401)
    await submit(page, ADA)
    await shown(page, '#user').toBe('Ada Lovelace')
    expect(await whoami(page)).toBe('ada')
    await page.reload()
    await shown(page, '#user').toBe('Ada Lovelace')
    const probe = await kitchen.probe()
    await probe.evaluate(() => window.auth.updateToken())
    expect(kitchen.answersTo('POST /auth')).toEqual(['POST /auth/session 200', 'POST /auth/token 200'])
  })

  it('hands over the next user', async () => {
    kitchen = await Kitchen.open('server-rendered')
    const page = await controlled(await kitchen.tab())
    await submit(page, ADA)
    await shown(page, '#user').toBe('Ada Lovelace')
    await submit(page, GRACE)
    await shown(page, '#user').toBe('Grace Hopper')
    expect(await whoami(page)).toBe('grace')
  })

  it.each([
    ["by the page's request", (page: Tab) => click(page, '#logout')],
    [
      'by the worker, for any page',
      async () => void (await (await kitchen.probe()).evaluate(() => window.auth.logout())),
    ],
  ])('ends both sessions on logout: %s', async (_, logOut) => {
    kitchen = await Kitchen.open('server-rendered')
    const page = await controlled(await kitchen.tab())
    await submit(page, ADA)
    await shown(page, '#user').toBe('Ada Lovelace')
    await logOut(page)
    await expect.poll(() => kitchen.answersTo('POST /auth/logout')).toEqual(['POST /auth/logout 204'])
    await shown(page, '#user').toBe('')
    expect(await get(await kitchen.probe(), '/api/me')).toBe(401)
    const again = await kitchen.tab()
    expect(await post(again, '/auth/session')).toBe(401)
    expect(await again.evaluate(() => document.documentElement.dataset.user)).toBe('')
  })

  it.each(['/login', '/auth/session', '/auth/logout'])('takes no %s of another site (CSRF)', async path => {
    kitchen = await Kitchen.open('server-rendered')
    const send = (from: HeadersInit) =>
      fetch(kitchen.server.origin + path, {
        method: 'POST',
        headers: from,
        body: new URLSearchParams(ADA),
        redirect: 'manual',
      })
    expect((await send({ Origin: 'https://evil.example' })).status).toBe(403)
    expect((await send({})).status).toBe(403)
    expect((await send({ Origin: kitchen.server.origin })).status).not.toBe(403)
  })
})

const NEWS = '#news'

describe.each(['websocket-ticket', 'websocket-token'])('%s', recipe => {
  it('opens one for the login, one for the next, and none for nobody', async () => {
    kitchen = await Kitchen.open(recipe)
    const page = await kitchen.tab()
    const probe = await kitchen.probe()
    expect(kitchen.answersTo('WebSocket')).toEqual([])
    await logIn(probe)
    await shown(page, NEWS).toBe('Hello ada')
    await logIn(probe, 'grace', 'hopper')
    await shown(page, NEWS).toBe('Hello adaHello grace')
    await expect.poll(() => kitchen.server.sockets.size).toBe(1)
    await probe.evaluate(() => window.auth.logout())
    await expect.poll(() => kitchen.server.sockets.size).toBe(0)
  })

  it('opens another when its token is over, with the next one', async () => {
    kitchen = await Kitchen.open(recipe, { lifetime: 4 })
    const page = await kitchen.tab()
    await logIn(await kitchen.probe())
    await shown(page, NEWS).toBe('Hello adaHello ada')
    expect(kitchen.server.used.size).toBe(2)
    // The server counts in whole seconds: a token may be over up to one before its worker knows, and get a 401 first.
    expect(kitchen.server.stats.refreshes).toBe(1)
    expect(kitchen.server.stats.unauthorized).toBeLessThanOrEqual(1)
  })

  it('gets through with another token where the server has forgotten the first', async () => {
    kitchen = await Kitchen.open(recipe)
    const probe = await kitchen.probe()
    await logIn(probe)
    expect(await whoami(probe)).toBe('ada')
    kitchen.server.forgetAccessTokens()
    await shown(await kitchen.tab(), NEWS).toBe('Hello ada')
    expect(kitchen.server.stats.refreshes).toBe(1)
  })
})

it('a ticket opens one WebSocket, and no other', async () => {
  kitchen = await Kitchen.open('websocket-ticket')
  const probe = await kitchen.probe()
  await logIn(probe)
  const open = (path: string) =>
    new Promise<string>(resolve => {
      const socket = new WebSocket(path)
      socket.onmessage = ({ data }) => {
        socket.close()
        resolve(data)
      }
      socket.onclose = ({ code }) => resolve(`closed ${code}`)
    })
  const { ticket } = await probe.evaluate(async () => (await fetch('/api/ws-ticket', { method: 'POST' })).json())
  expect(await probe.evaluate(open, `/ws?ticket=${ticket}`)).toBe('Hello ada')
  expect(await probe.evaluate(open, `/ws?ticket=${ticket}`)).toBe('closed 1006')
  expect(await probe.evaluate(open, '/ws')).toBe('closed 1006')
})

describe('an SDK that asks for a token: graphql-ws', () => {
  it('connects with one, and again with the next when that is over', async () => {
    kitchen = await Kitchen.open('sdk', { lifetime: 4 })
    const page = await kitchen.tab()
    await logIn(await kitchen.probe())
    await shown(page, NEWS).toBe('Hello adaHello ada')
    expect(kitchen.server.used.size).toBe(2)
    expect(kitchen.server.stats.refreshes).toBe(1)
  })

  it('goes on as the next user', async () => {
    kitchen = await Kitchen.open('sdk')
    const page = await kitchen.tab()
    const probe = await kitchen.probe()
    await logIn(probe)
    await shown(page, NEWS).toBe('Hello ada')
    await logIn(probe, 'grace', 'hopper')
    await shown(page, NEWS).toBe('Hello adaHello grace')
    await expect.poll(() => kitchen.server.sockets.size).toBe(1)
  })

  it('is told why where there is no token', async () => {
    kitchen = await Kitchen.open('sdk')
    const probe = await kitchen.probe()
    const ask = () => probe.evaluate(() => window.auth.getAccessToken().catch(({ code }) => code))
    expect(await ask()).toBe('not_authenticated')
  })

  it('is told why where tokens are not for pages', async () => {
    kitchen = await Kitchen.open('sdk', { worker: 'password/sw.js' })
    const page = await kitchen.tab()
    await logIn(await kitchen.probe())
    await shown(page, NEWS).toBe('access_token_not_exposed')
  })
})
