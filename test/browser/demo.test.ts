import { afterEach, describe, expect, it } from 'vitest'
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

it('the panel shows sessions, timers, refreshes with their outcomes, messages and tabs', async () => {
  scene = await Scene.open(browser)
  scene.expose('document', "the demo's buttons hold its users' passwords")
  const first = await scene.tab('/', { ready: false })
  await expect.poll(() => first.evaluate(() => document.querySelector('[data-username]:enabled') !== null)).toBe(true)
  await scene.tab('/', { ready: false })
  const panel = () =>
    first.evaluate(() => {
      const all = (selector: string) => [...document.querySelectorAll<HTMLElement>(`refresh-worker-panel ${selector}`)]
      return {
        facts: Object.fromEntries(
          all('dl div').map(fact => [...fact.children].map(({ textContent }) => String(textContent))),
        ) as Record<string, string>,
        chart: all('svg')[0]?.getAttribute('aria-label'),
        marks: [all('svg circle.good').length, all('svg path.bad').length],
        axes: all('svg .axis').map(({ textContent }) => textContent),
        table: all('details tbody td:last-child').map(({ textContent }) => textContent),
        heard: all('.heard b').map(({ textContent }) => textContent),
        tabs: all('.panel-tabs tbody tr').map(({ innerText }) => innerText),
      }
    })
  await click(first, /ada/i)
  await expect.poll(async () => (await panel()).heard).toEqual(['login'])
  await click(first, /update the token/i)
  await expect.poll(panel).toMatchObject({
    marks: [1, 0],
    facts: {
      Token: '#2',
      Expires: expect.stringMatching(/^in \d+ s$/),
      'Next ask': expect.stringMatching(/^in \d+ s$/),
      'Logged in': expect.stringMatching(/^\d\d:\d\d:\d\d$/),
      'Open requests': '0',
    },
    chart: expect.stringContaining('1 refreshed, 0 failed'),
    axes: ['How long a refresh took (ms)', 'Time of day'],
    table: ['refreshed'],
    heard: ['refresh', 'login'],
  })
  const ofAda = expect.stringMatching(/Tab \d\s+Ada · #2/)
  await expect.poll(async () => (await panel()).tabs).toEqual([ofAda, ofAda])

  // The token endpoint is down: the session goes on, and a message tells that refreshes fail.
  scene.serve('/auth/login', (_request, response) => response.writeHead(503).end())
  await click(first, /update the token/i)
  await expect.poll(panel).toMatchObject({
    marks: [1, 1],
    chart: expect.stringContaining('1 refreshed, 1 failed'),
    table: ['refresh_unavailable', 'refreshed'],
    heard: ['refresh_failed', 'refresh', 'login'],
  })
})

it('the panel counts the requests that wait for a refresh, and forgets none of what a stopped worker had known', async () => {
  const gate = barrier()
  let isHeld = true
  scene = await Scene.open(browser, { beforeRefresh: () => (isHeld ? gate.pass() : undefined) })
  scene.expose('document', "the demo's buttons hold its users' passwords")
  const page = await scene.tab('/', { ready: false })
  await expect.poll(() => page.evaluate(() => document.querySelector('[data-username]:enabled') !== null)).toBe(true)
  await click(page, /ada/i)
  await expect.poll(() => text(page)).toContain('Ada Lovelace')
  await click(page, /20 calls from every tab/)
  await gate.reached
  const open = () => page.evaluate(() => document.querySelector('.facts div:last-child dd')?.textContent)
  await expect.poll(open).toBe('20')
  isHeld = false
  gate.open()
  await expect.poll(open).toBe('0')
  const rows = () => page.evaluate(() => document.querySelectorAll('refresh-worker-panel details tbody tr').length)
  await expect.poll(rows).toBe(1)
  if (engine.can.stopWorkers) await scene.stopWorkers(page)
  await click(page, /update the token/i)
  await expect.poll(rows).toBe(2)
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
      .toMatch(/GET \/api\/me → 200, \d+ ms\n.*matched as api, refresh-worker\n.*sent with Authorization: Bearer …/)

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
