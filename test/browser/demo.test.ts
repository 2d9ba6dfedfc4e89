import { afterEach, describe, expect, it } from 'vitest'
import { findingsOf } from './axe.ts'
import type { Tab } from './engines/engine.ts'
import { barrier, engine, get, logIn, Scene, untilStatus, useBrowser } from './harness.ts'

const browser = useBrowser()
let scene: Scene
afterEach(() => scene.close())

/** Clicks on the first button of that name, as soon as there is one that can be clicked. */
function click(page: Tab, name: RegExp) {
  const first = (source: string) => {
    const buttons = [...document.querySelectorAll<HTMLElement>('button:enabled')]
    const button = buttons.find(button => button.checkVisibility() && new RegExp(source, 'i').test(button.innerText))
    button?.click()
    return button !== undefined
  }
  return expect.poll(() => page.evaluate(first, name.source)).toBe(true)
}

const text = (page: Tab) => page.evaluate(() => document.body.innerText)

it('the demo shows what it promises: log in, call from every tab, one refresh, log out', async () => {
  scene = await Scene.open(browser)
  scene.expose('document', "the demo's buttons hold its users' passwords")
  const first = await scene.tab('/', { ready: false })
  await expect.poll(() => first.evaluate(() => document.querySelector('button:enabled') !== null)).toBe(true)
  const second = await scene.tab('/', { ready: false })
  await click(first, /ada/i)
  await expect.poll(() => text(first)).toContain('refresh-worker-access-token')
  for (const page of [first, second]) await expect.poll(() => text(page)).toContain('Ada Lovelace')

  await click(first, /20 calls from every tab/)
  for (const page of [first, second]) await expect.poll(() => text(page)).toContain('200 × 20')
  await expect.poll(() => text(second)).toContain('1 refresh')
  expect(scene.demo.stats).toMatchObject({ refreshes: 1, refreshFailures: 0 })

  await click(first, /call the api once/i)
  await expect.poll(() => scene.demo.log.some(({ path, status }) => path === '/api/me' && status === 200)).toBe(true)
  await click(second, /update the token/i)
  await expect.poll(() => text(first)).toContain('#3')

  await click(second, /log out/i)
  for (const page of [first, second]) await expect.poll(() => text(page)).toMatch(/logged out/i)
  // The server is told behind the answer.
  await expect.poll(() => scene.demo.stats.logouts).toBe(1)
  expect(scene.demo.stats).toMatchObject({ refreshes: 2, refreshFailures: 0 })
})

it('the demo keeps the keyboard where it was, says what was refused, and offers what can be done', async () => {
  scene = await Scene.open(browser)
  scene.expose('document', "the demo's buttons hold its users' passwords")
  const page = await scene.tab('/', { ready: false })
  const isReady = () => page.evaluate(() => document.querySelector('[data-username]:enabled') !== null)
  await expect.poll(isReady).toBe(true)
  const see = () =>
    page.evaluate(() => ({
      focus: document.activeElement?.id,
      current: document.querySelector('[aria-current=step]')?.id,
      enabled: [...document.querySelectorAll<HTMLElement>('#burst, #call-1, #call-20, #update, #logout')]
        .filter(button => button.matches(':enabled'))
        .map(({ id }) => id),
      refusal: document.querySelector('[role=alert]:not([hidden])')?.textContent,
    }))
  expect(await see()).toMatchObject({ current: 'step-login', enabled: ['call-1'], refusal: '' })

  const press = (selector: string) =>
    page.evaluate(selector => {
      const button = document.querySelector<HTMLElement>(selector)
      button?.focus()
      button?.click()
    }, selector)
  await page.evaluate(() => {
    const password = document.querySelector<HTMLInputElement>('[name=password]')
    if (password) password.value = 'wrong'
  })
  await press('#login-form button')
  await expect.poll(see).toMatchObject({ refusal: 'The login was refused (401).' })

  await press('[data-username=ada]')
  await expect.poll(see).toMatchObject({ focus: 'session', current: 'step-tabs', refusal: '' })
  expect((await see()).enabled).toEqual(['burst', 'call-1', 'call-20', 'update', 'logout'])
  await press('#logout')
  await expect.poll(see).toMatchObject({ focus: 'session', enabled: ['call-1'] })
})

/** What the devtools in the page shows. */
function devtools(page: Tab) {
  return page.evaluate(() => {
    const root = document.querySelector('refresh-worker-devtools')?.shadowRoot
    const all = (selector: string) => [...(root?.querySelectorAll<HTMLElement>(selector) ?? [])]
    const text = (selector: string) => all(selector).map(({ textContent }) => textContent ?? '')
    return {
      isOpen: all('.panel').some(panel => panel.checkVisibility()),
      token: text('.token')[0],
      lines: text('.title'),
      outcomes: text('.outcome'),
      open: text('dd')[4],
      tabs: text('.tabs .sees'),
      host: text('.host')[0],
    }
  })
}

it('the demo has devtools in its page, which count the requests that wait for a refresh', async () => {
  const gate = barrier()
  let isHeld = true
  scene = await Scene.open(browser, { beforeRefresh: () => (isHeld ? gate.pass() : undefined) })
  scene.expose('document', "the demo's buttons hold its users' passwords")
  const page = await scene.tab('/', { ready: false })
  await expect.poll(() => page.evaluate(() => document.querySelector('[data-username]:enabled') !== null)).toBe(true)
  await scene.tab('/', { ready: false })
  await click(page, /ada/i)
  await expect
    .poll(() => devtools(page))
    .toMatchObject({ isOpen: true, token: 'Access token #1', tabs: ['token #1', 'token #1'] })
  await click(page, /20 calls from every tab/)
  await gate.reached
  // Of both tabs.
  await expect.poll(async () => (await devtools(page)).open).toBe('40')
  isHeld = false
  gate.open()
  await expect
    .poll(() => devtools(page))
    .toMatchObject({
      open: '0',
      token: 'Access token #2',
      lines: expect.arrayContaining(['Logged in', 'Refresh, for all tabs']),
      outcomes: expect.arrayContaining(['refreshed']),
    })
})

describe('the demo of another kind', () => {
  async function open(options: Parameters<typeof Scene.open>[1]) {
    scene = await Scene.open(browser, options)
    scene.expose('document', "the demo's buttons hold its users' passwords")
    const page = await scene.tab('/', { ready: false })
    await expect.poll(() => page.evaluate(() => document.querySelector('[data-username]:enabled') !== null)).toBe(true)
    return page
  }

  it('keeps the session in cookies, which no script sees, and refreshes once for all tabs', async () => {
    const page = await open({ kind: 'cookies' })
    // The worker cannot know whether there is a cookie: it asks once, and is refused.
    await expect.poll(() => scene.demo.stats).toMatchObject({ refreshes: 0, refreshFailures: 1 })
    const other = await scene.tab('/', { ready: false })
    await click(page, /ada/i)
    await expect.poll(() => text(page)).toContain('HttpOnly cookies')
    for (const tab of [page, other]) await expect.poll(() => text(tab)).toContain('Ada Lovelace')
    expect(await text(page)).toContain('"expires_in"')
    expect(await text(page)).not.toContain('access_token')
    expect(await page.evaluate(() => document.cookie)).toBe('')
    await click(page, /20 calls from every tab/)
    for (const tab of [page, other]) await expect.poll(() => text(tab)).toContain('200 × 20')
    await expect.poll(() => scene.demo.stats.refreshes).toBe(1)
    await click(other, /log out/i)
    for (const tab of [page, other]) await expect.poll(() => text(tab)).toMatch(/logged out/i)
    await expect.poll(() => scene.demo.stats.logouts).toBe(1)
    expect(await get(page, '/api/me')).toBe(401)
  })

  it('has no worker: pages keep the session, and refresh once for all tabs', async () => {
    const page = await open({ kind: 'page' })
    const other = await scene.tab('/', { ready: false })
    await click(page, /ada/i)
    for (const tab of [page, other]) await expect.poll(() => text(tab)).toContain('Ada Lovelace')
    await expect.poll(() => devtools(page)).toMatchObject({ host: 'This page, without a worker' })
    await click(page, /20 calls from every tab/)
    for (const tab of [page, other]) await expect.poll(() => text(tab)).toContain('200 × 20')
    await expect.poll(() => scene.demo.stats).toMatchObject({ refreshes: 1, refreshFailures: 0 })
    expect(await page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length)).toBe(0)
  })

  it('closes a tab in the middle of a refresh: the next one repeats it, and the session goes on', async () => {
    const page = await open({ kind: 'page', latency: 300 })
    await click(page, /ada/i)
    await expect.poll(() => text(page)).toContain('Ada Lovelace')
    await click(page, /close a tab in mid-refresh/i)
    await expect.poll(() => text(page)).toContain('tab closed in mid-refresh')
    await expect.poll(() => text(page)).toContain('token #2 ·')
    await expect
      .poll(() => devtools(page))
      .toMatchObject({ outcomes: expect.arrayContaining(['cut off', 'refreshed']) })
    // The first answer was lost with its page; the server has given the second one for the same token.
    await expect
      .poll(() => scene.demo.log.filter(({ kind }) => kind === 'refresh').map(({ status }) => status))
      .toEqual([0, 200])
    await click(page, /call the api once/i)
    await expect.poll(() => text(page)).toContain('200 ·')
  })

  it('is found by a link, and says which one is shown', async () => {
    const kinds = [
      { kind: 'bearer', url: 'http://localhost:1' },
      { kind: 'cookies', url: 'http://localhost:2' },
    ] as const
    const page = await open({ kind: 'cookies', kinds: () => kinds })
    const links = await page.evaluate(() =>
      [...document.querySelectorAll<HTMLAnchorElement>('nav a')].map(({ innerText, href, ariaCurrent }) => [
        innerText,
        href,
        ariaCurrent,
      ]),
    )
    expect(links).toEqual([
      ['Tokens in the worker', 'http://localhost:1/', null],
      ['Session in cookies', 'http://localhost:2/', 'page'],
    ])
  })
})

describe.runIf(engine.can.emulate)('axe finds nothing wrong with the demo', () => {
  it.each(['bearer', 'cookies', 'page'] as const)(
    'of the kind %s, before a login and after, light and dark, at any width',
    async kind => {
      const kinds = [
        { kind, url: 'http://localhost:1' },
        { kind: 'bearer', url: 'http://localhost:2' },
      ] as const
      scene = await Scene.open(browser, { kind, kinds: () => kinds })
      scene.expose('document', "the demo's buttons hold its users' passwords")
      const page = await scene.tab('/', { ready: false })
      await expect
        .poll(() => page.evaluate(() => document.querySelector('[data-username]:enabled') !== null))
        .toBe(true)
      await expect.poll(() => findingsOf(page)).toEqual([])
      await click(page, /ada/i)
      await expect.poll(() => text(page)).toContain('Ada Lovelace')
      await click(page, /20 calls from every tab/)
      await expect.poll(() => text(page)).toContain('200 × 20')
      for (const width of [1280, 390])
        for (const scheme of ['light', 'dark'] as const) {
          await page.emulate({ width, scheme })
          await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBe(width)
          await expect.poll(() => findingsOf(page)).toEqual([])
        }
    },
  )
})

describe.runIf(engine.can.seeWorkerConsole)('the log of the development worker (R35, H17)', () => {
  it('tells what becomes of each request, by its path alone', async () => {
    scene = await Scene.open(browser)
    const page = await scene.tab()
    const lines = () => scene.console.join('\n')
    await logIn(page)
    await untilStatus(page, 'authenticated')
    expect(await get(page, '/api/me?code=query-secret')).toBe(200)
    await expect
      .poll(lines)
      .toMatch(/POST \/auth\/login → 200, \d+ ms\n.*matched as login, refresh-worker\n.*taken as session/)
    await expect
      .poll(lines)
      .toMatch(
        /GET \/api\/me → 200, \d+ ms\n.*matched as api, refresh-worker\n.*sent with Authorization: Bearer \.\.\./,
      )

    scene.demo.expireAccessTokens()
    await get(page, '/api/orders/1')
    await expect
      .poll(lines)
      .toMatch(
        /GET \/api\/orders\/1 → 200, \d+ ms\n.*\n.*sent with .*\n.*waits for a refresh: the answer calls for a new token\n.*sent once more/,
      )
    expect(lines()).toMatch(/refreshed the access token in \d+ ms/)

    await page.evaluate(() => window.auth.logout())
    await get(page, '/api/orders/2')
    await expect.poll(lines).toMatch(/\/api\/orders\/2 → 401.*\n.*\n.*sent without a token: nobody is logged in/)
    expect(lines()).toMatch(/refresh-worker is anonymous: logout/)
    expect(lines()).toContain('a page asked for logout: answered')
    expect(lines()).not.toContain('query-secret')
  })
})
