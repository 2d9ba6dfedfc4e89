/** `refresh-worker/devtools`: what it shows, what its buttons do, and that it never has a token. */
import { afterEach, describe, expect, it } from 'vitest'
import { findingsOf } from './axe.ts'
import type { Tab } from './engines/engine.ts'
import {
  barrier,
  engine,
  get,
  inPageScript,
  logIn,
  Scene,
  SECRETS,
  stateOf,
  untilStatus,
  useBrowser,
} from './harness.ts'

const browser = useBrowser()
let scene: Scene
afterEach(() => scene.close())

const script = (body: string) => ({ type: 'text/javascript', body })
const SETUP = `importScripts('/refresh-worker.js')
RefreshWorker.setup({
  apiUrls: ['/api/'],
  loginUrl: '/auth/login',
  logoutUrl: '/auth/logout',
  useRefreshToken: true,
  claims: ['name'],
})`
/** The strictest policy that an application can have, and still register a worker. */
const CSP = `default-src 'self'; require-trusted-types-for 'script'; trusted-types app`
const MAIN = `import { register } from '/refresh-worker/index.js'
import { mountDevtools } from '/refresh-worker/devtools.js'
window.received = []
new BroadcastChannel('refresh-worker/devtools').onmessage = ({ data }) => window.received.push(data)
const make = self.trustedTypes ? trustedTypes.createPolicy('app', { createScriptURL: url => url }) : { createScriptURL: url => url }
window.auth = register(make.createScriptURL('/sw.js'))
window.unmount = mountDevtools(window.auth, { open: !location.search.includes('closed') })`
const pageOf = (main: string, csp = CSP) => ({
  type: 'text/html',
  body: `<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${csp}">
<meta name="viewport" content="width=device-width"><title>test</title><link rel="icon" href="/favicon.svg">
<main><h1>An application</h1></main><script type="module" src="${main}"></script></html>`,
})

async function open(files: Scene['files'] = {}, options: Parameters<typeof Scene.open>[1] = {}) {
  scene = await Scene.open(browser, {
    lifetime: 600,
    ...options,
    files: { '/sw.js': script(SETUP), '/main.js': script(MAIN), '/app.html': pageOf('/main.js'), ...files },
  })
}

interface Row {
  readonly what: string
  readonly why: string
  readonly outcome: string
  readonly tab: string
  readonly level: string
  readonly steps: readonly string[]
}

/** What there is to read in the panel. */
function read(tab: Tab) {
  return tab.evaluate(() => {
    const root = document.querySelector('refresh-worker-devtools')?.shadowRoot
    const all = (selector: string) => [...(root?.querySelectorAll<HTMLElement>(selector) ?? [])]
    const textOf = (element: Element | null | undefined) => (element?.textContent ?? '').replace(/\s+/g, ' ').trim()
    return {
      isOpen: all('.panel').some(panel => !panel.hidden),
      opener: textOf(all('.opener')[0]),
      status: textOf(all('.pill')[0]),
      token: textOf(all('.token')[0]),
      left: textOf(all('.left')[0]),
      claims: textOf(all('.claims')[0]),
      facts: Object.fromEntries(all('dl div').map(({ children }) => [textOf(children[0]), textOf(children[1])])),
      rows: all('.lines > li').map(
        (li): Row => ({
          what: ['.title', '.title + b']
            .map(selector => textOf(li.querySelector(selector)))
            .join(' ')
            .trim(),
          why: textOf(li.querySelector('.why')),
          outcome: textOf(li.querySelector('.outcome')),
          tab: textOf(li.querySelector('.dot')),
          level: li.dataset.level ?? '',
          steps: [...li.querySelectorAll('.steps li')].map(step => textOf(step.lastChild as Element)),
        }),
      ),
      lanes: all('svg .lane').map(textOf),
      bars: ['good', 'waiting', 'untouched'].map(name => all(`svg rect.${name}`).length),
      chart: all('svg.chart')[0]?.getAttribute('aria-label') ?? '',
      host: textOf(all('.host')[0]),
      about: textOf(all('.host + .hint')[0]),
      tabs: all('.tabs li').map(textOf),
      said: textOf(all('[role=status]')[0]),
      notice: all('.notice').some(({ hidden }) => !hidden) ? textOf(all('.notice')[0]) : '',
      disabled: all('[aria-disabled=true]').map(textOf),
      pressed: all('[aria-pressed=true]').map(textOf),
      focus: textOf(root?.activeElement) || (root?.activeElement?.getAttribute('aria-label') ?? ''),
      html: root?.innerHTML ?? '',
    }
  })
}

/** Clicks a button of the panel once it can be clicked. */
function press(tab: Tab, name: string) {
  const click = (name: string) => {
    const root = document.querySelector('refresh-worker-devtools')?.shadowRoot
    const buttons = [...(root?.querySelectorAll<HTMLElement>('button:not([aria-disabled=true])') ?? [])]
    const button = buttons.find(({ textContent, ariaLabel }) => [textContent, ariaLabel].includes(name))
    button?.focus()
    button?.click()
    return button !== undefined
  }
  return expect.poll(() => tab.evaluate(click, name)).toBe(true)
}

const rowsOf = async (tab: Tab) => (await read(tab)).rows
const row = (more: Partial<Row>) => expect.objectContaining(more)
const callTwenty = (tab: Tab) =>
  tab.evaluate(async () =>
    Promise.all(Array.from({ length: 20 }, async (_, n) => (await fetch(`/api/orders/${n + 1}`)).status)),
  )

/** Nothing of it is a secret: what it has in its document, and all that came to it. */
async function expectNoSecrets(tab: Tab) {
  expect((await read(tab)).html).not.toMatch(SECRETS)
  expect(JSON.stringify(await tab.evaluate(() => window.received))).not.toMatch(SECRETS)
}

describe('devtools', () => {
  it('shows the session, its host and tabs, and each request of every tab with what it was taken for', async () => {
    await open()
    const tab = await scene.tab('/app.html')
    const other = await scene.tab('/app.html')
    await expect
      .poll(() => read(tab))
      .toMatchObject({
        status: 'anonymous',
        token: 'No access token',
        host: 'Service worker /sw.js',
        about: expect.stringMatching(
          /^version .*, development · scope \/ · tokens in IndexedDB · started \d\d:\d\d:\d\d$/,
        ),
        tabs: [expect.stringContaining('Tab 1, this one'), expect.stringContaining('Tab 2')],
        lanes: ['Refreshes', 'Tab 1', 'Tab 2'],
        disabled: ['Refresh now', 'Expire token', 'Log out'],
      })
    await logIn(other)
    await expect
      .poll(() => read(tab))
      .toMatchObject({
        status: 'authenticated',
        token: 'Access token #1',
        claims: 'name: Ada Lovelace',
        facts: { Expires: expect.stringMatching(/^\d\d:\d\d:\d\d$/), 'Open requests': '0' },
        disabled: [],
        rows: [
          row({ what: 'Logged in', level: 'good' }),
          row({ what: 'POST /auth/login', tab: 'Tab 2', outcome: '200' }),
        ],
      })
    expect(await get(tab, '/api/me?code=query-secret')).toBe(200)
    await expect
      .poll(() => rowsOf(other))
      .toContainEqual(
        row({
          what: 'GET /api/me',
          tab: 'Tab 1',
          outcome: '200',
          why: 'sent with Authorization: Bearer ...',
          steps: ['taken for: API', 'session: refresh-worker', 'sent with Authorization: Bearer ...', 'answered: 200'],
        }),
      )
    for (const each of [tab, other]) {
      expect((await read(each)).html).not.toContain('query-secret')
      await expectNoSecrets(each)
    }
  })

  it('shows the refresh that another tab has caused, and who has waited for it', async () => {
    await open()
    const tab = await scene.tab('/app.html')
    const other = await scene.tab('/app.html')
    await logIn(tab)
    scene.demo.expireAccessTokens()
    expect(new Set(await callTwenty(other))).toEqual(new Set([200]))
    await expect
      .poll(() => rowsOf(tab))
      .toEqual(
        expect.arrayContaining([
          row({ what: 'New token, #2' }),
          row({ what: 'Refresh, for all tabs', outcome: 'refreshed', level: 'good' }),
          row({
            what: expect.stringMatching(/^GET \/api\/orders\//),
            tab: 'Tab 2',
            why: 'waited for a refresh: the answer calls for a new token',
          }),
        ]),
      )
    const { facts, bars, chart } = await read(tab)
    expect(facts['Last refresh']).toMatch(/, refreshed$/)
    expect(bars[1]).toBeGreaterThan(0)
    expect(chart).toMatch(/2\d requests and 1 refreshes/)
    await expectNoSecrets(tab)
  })

  it('says why a request got no token: it is not ours, is in a mode without headers, or nobody is logged in', async () => {
    await open()
    const tab = await scene.tab('/app.html')
    await tab.evaluate(async () => {
      await fetch('/elsewhere?key=query-secret')
      await fetch('/api/me', { mode: 'no-cors' })
      await fetch('/api/me')
    })
    await expect
      .poll(() => rowsOf(tab))
      .toEqual([
        row({ what: 'GET /api/me', why: 'sent without a token: nobody is logged in', outcome: '401', level: 'warn' }),
        row({ what: 'GET /api/me', why: expect.stringContaining("take mode 'cors'"), outcome: 'not touched' }),
        row({ what: 'GET /elsewhere', why: 'is below none of apiUrls', outcome: 'not touched', level: 'none' }),
      ])
    expect((await read(tab)).html).not.toContain('query-secret')
    // Whoever wants to see only what is ours.
    await tab.evaluate(() =>
      document
        .querySelector('refresh-worker-devtools')
        ?.shadowRoot?.querySelector<HTMLElement>('.check input')
        ?.click(),
    )
    await expect.poll(async () => (await rowsOf(tab)).length).toBe(1)
    await press(tab, 'Clear')
    await expect.poll(() => rowsOf(tab)).toEqual([])
  })

  it('has a tab go that was closed, and shows what was before to one that comes later', async () => {
    await open()
    const tab = await scene.tab('/app.html')
    await logIn(tab)
    const other = await scene.tab('/app.html')
    await expect.poll(() => rowsOf(other)).toContainEqual(row({ what: 'POST /auth/login', tab: 'Tab 1' }))
    await expect.poll(async () => (await read(tab)).tabs).toHaveLength(2)
    await other.close()
    await expect.poll(async () => (await read(tab)).tabs).toHaveLength(1)
  })

  it('takes a page that was reloaded for the tab that it was', async () => {
    await open()
    const tab = await scene.tab('/app.html')
    const other = await scene.tab('/app.html')
    await logIn(other)
    await expect.poll(() => rowsOf(tab)).toContainEqual(row({ what: 'POST /auth/login', tab: 'Tab 2' }))
    await other.reload()
    await other.evaluate(() => window.auth.ready)
    await get(other, '/api/me')
    await expect
      .poll(() => rowsOf(tab))
      .toEqual([
        row({ what: 'GET /api/me', tab: 'Tab 2' }),
        row({ what: 'Logged in' }),
        row({ what: 'POST /auth/login', tab: 'Tab 2' }),
      ])
    expect(await read(tab)).toMatchObject({ lanes: ['Refreshes', 'Tab 1', 'Tab 2'], tabs: [{}, {}] })
  })

  it('stands where the page has put it, whatever comes first: the element, its auth, or its definition', async () => {
    const main = `import { register } from '/refresh-worker/index.js'
      import { defineDevtools } from '/refresh-worker/devtools.js'
      window.received = []
      window.auth = register('/sw.js')
      document.querySelector('refresh-worker-devtools').auth = window.auth
      defineDevtools()`
    const page = pageOf('/inline.js', "default-src 'self'")
    await open({
      '/inline.js': script(main),
      '/inline.html': {
        ...page,
        body: page.body.replace('</main>', '<refresh-worker-devtools inline></refresh-worker-devtools></main>'),
      },
    })
    const tab = await scene.tab('/inline.html')
    await logIn(tab)
    await expect.poll(() => read(tab)).toMatchObject({ isOpen: true, status: 'authenticated', rows: [{}, {}] })
    // Moved within the page, it goes on.
    await tab.evaluate(() => document.body.append(document.querySelector('refresh-worker-devtools') as Element))
    await get(tab, '/api/me')
    await expect.poll(async () => (await rowsOf(tab)).length).toBe(3)
    expect((await read(tab)).tabs).toEqual([expect.stringContaining('Tab 1, this one')])
  })

  it('goes with all that it has begun when it is unmounted', async () => {
    await open()
    const tab = await scene.tab('/app.html')
    const other = await scene.tab('/app.html')
    await expect
      .poll(async () => (await read(other)).tabs)
      .toEqual([expect.stringContaining('Tab 2, this one'), expect.stringMatching(/Tab 1 ?anonymous/)])
    await tab.evaluate(() => (window as unknown as { unmount: () => void }).unmount())
    expect(await tab.evaluate(() => document.querySelector('refresh-worker-devtools'))).toBeNull()
    await expect
      .poll(async () => (await read(other)).tabs)
      .toEqual([expect.stringContaining('Tab 2, this one'), expect.stringMatching(/^Tab 1 ?has no devtools/)])
    const held = () => tab.evaluate(async () => (await navigator.locks.query()).held?.map(({ name }) => name))
    await expect.poll(held).toEqual(['refresh-worker/devtools/tab-2'])
  })
})

describe('its buttons', () => {
  async function openLoggedIn() {
    await open()
    const tab = await scene.tab('/app.html')
    await logIn(tab)
    await expect.poll(async () => (await read(tab)).disabled).toEqual([])
    return tab
  }

  it('refresh now, and log out', async () => {
    const tab = await openLoggedIn()
    await press(tab, 'Refresh now')
    await expect.poll(() => read(tab)).toMatchObject({ token: 'Access token #2', said: 'There is a new token, #2.' })
    await expect.poll(() => scene.demo.stats.refreshes).toBe(1)
    await press(tab, 'Log out')
    await expect.poll(() => read(tab)).toMatchObject({ status: 'anonymous: logout', said: 'Logged out, in all tabs.' })
    await expect.poll(() => scene.demo.stats.logouts).toBe(1)
  })

  it('expire the token: the next request refreshes first', async () => {
    const tab = await openLoggedIn()
    await press(tab, 'Expire token')
    await expect.poll(() => read(tab)).toMatchObject({ left: 'expired: the next request refreshes' })
    expect(scene.demo.stats.refreshes).toBe(0)
    expect(await get(tab, '/api/me')).toBe(200)
    await expect.poll(() => scene.demo.stats).toMatchObject({ refreshes: 1, unauthorized: 0 })
    await expect
      .poll(() => rowsOf(tab))
      .toContainEqual(
        row({ what: 'GET /api/me', why: 'waited for a refresh: the access token has expired', outcome: '200' }),
      )
    expect(await stateOf(tab)).toMatchObject({ generation: 2 })
  })

  it('refuse the next refresh: the session ends in all tabs, and the server is not asked', async () => {
    const tab = await openLoggedIn()
    const other = await scene.tab('/app.html')
    await press(tab, 'Refuse next refresh')
    // The other tab's devtools knows too, and can take it back.
    await expect.poll(() => read(other)).toMatchObject({ pressed: ['Refuse next refresh'] })
    await press(other, 'Refuse next refresh')
    await expect.poll(() => read(tab)).toMatchObject({ pressed: [] })
    await press(tab, 'Refuse next refresh')
    await expect.poll(() => read(tab)).toMatchObject({ pressed: ['Refuse next refresh'] })
    await press(tab, 'Expire token')
    await expect.poll(() => read(tab)).toMatchObject({ left: 'expired: the next request refreshes' })
    await get(other, '/api/me')
    for (const each of [tab, other]) {
      await untilStatus(each, 'anonymous')
      await expect
        .poll(() => read(each))
        .toMatchObject({
          status: 'anonymous: rejected',
          said: 'The server has refused the session.',
          pressed: [],
        })
    }
    expect(scene.demo.stats).toMatchObject({ refreshes: 0, refreshFailures: 0 })
    await logIn(tab)
    await press(tab, 'Refresh now')
    await expect.poll(() => scene.demo.stats.refreshes).toBe(1)
  })

  it('go offline: requests for the session fail, others do not, until it is switched off', async () => {
    const tab = await openLoggedIn()
    const other = await scene.tab('/app.html')
    await press(tab, 'Go offline')
    await expect.poll(() => read(other)).toMatchObject({ pressed: ['Go offline'] })
    const calls = (tab: Tab) =>
      tab.evaluate(() =>
        Promise.all(
          ['/api/me', '/demo.json'].map(path =>
            fetch(path).then(
              ({ status }) => status,
              ({ name }) => name,
            ),
          ),
        ),
      )
    expect(await calls(other)).toEqual(['TypeError', 200])
    await expect
      .poll(() => rowsOf(tab))
      .toContainEqual(row({ what: 'GET /api/me', outcome: 'network error', level: 'bad' }))
    expect(await stateOf(tab)).toMatchObject({ status: 'authenticated' })
    await press(other, 'Go offline')
    await expect.poll(() => read(tab)).toMatchObject({ pressed: [] })
    expect(await calls(tab)).toEqual([200, 200])
  })

  it('empty the memory: the worker goes on from storage, and has forgotten that it was offline', async () => {
    const tab = await openLoggedIn()
    const before = (await read(tab)).rows
    await press(tab, 'Go offline')
    await expect.poll(() => read(tab)).toMatchObject({ pressed: ['Go offline'] })
    await press(tab, 'Empty memory')
    await expect
      .poll(() => read(tab))
      .toMatchObject({ pressed: [], said: expect.stringContaining('started from storage') })
    expect(await get(tab, '/api/me')).toBe(200)
    await expect.poll(() => rowsOf(tab)).toEqual(expect.arrayContaining(before))
    expect(await stateOf(tab)).toMatchObject({ status: 'authenticated', generation: 1 })
  })

  it('empty the memory of a worker that has the tokens nowhere else: they are lost, as with a stop', async () => {
    await open({ '/sw.js': script(SETUP.replace('claims', "storage: 'memory',\n  claims")) })
    const tab = await scene.tab('/app.html')
    await logIn(tab)
    await press(tab, 'Empty memory')
    await expect.poll(() => read(tab)).toMatchObject({ status: 'anonymous: lost' })
    expect(await get(tab, '/api/me')).toBe(401)
  })
})

describe.runIf(engine.can.stopWorkers)('a worker that is stopped', () => {
  it('in the middle of a refresh leaves it cut off, and the next one repeats it', async () => {
    const gate = barrier()
    let isHeld = true
    await open({}, { beforeRefresh: () => (isHeld ? gate.pass() : undefined) })
    const tab = await scene.tab('/app.html')
    await logIn(tab)
    scene.demo.expireAccessTokens()
    const status = get(tab, '/api/me')
    await gate.reached
    await expect.poll(() => rowsOf(tab)).toContainEqual(row({ what: 'Refresh, for all tabs', outcome: 'under way' }))
    isHeld = false
    await scene.stopWorkers(tab)
    // Chromium gives the request to the next worker; the server may have spent the token for the one that was cut off.
    await status
    gate.open()
    await expect
      .poll(() => rowsOf(tab))
      .toContainEqual(row({ what: 'Refresh, for all tabs', outcome: 'cut off', level: 'bad' }))
    await expectNoSecrets(tab)
  })

  it('is no longer offline, and devtools says so', async () => {
    await open()
    const tab = await scene.tab('/app.html')
    await press(tab, 'Go offline')
    await expect.poll(() => read(tab)).toMatchObject({ pressed: ['Go offline'] })
    await scene.stopWorkers(tab)
    await get(tab, '/api/me')
    await expect.poll(() => read(tab)).toMatchObject({ pressed: [] })
  })
})

describe('a host', () => {
  it('that is the page itself is shown, told of and commanded likewise', async () => {
    const inPage = inPageScript(SETUP).replace('in-page.js', 'in-page.dev.js')
    const main = MAIN.replace("('/sw.js'))", "('/sw.js'), { withoutWorker: () => import('/in-page.js') })")
    await open({
      '/in-page.js': script(inPage),
      '/own.js': script(main),
      '/own.html': pageOf('/own.js', `${CSP}; worker-src 'none'`),
    })
    const tab = await scene.tab('/own.html')
    const other = await scene.tab('/own.html')
    await logIn(tab)
    await expect
      .poll(() => read(other))
      .toMatchObject({
        status: 'authenticated',
        host: 'This page, without a worker',
        tabs: [
          expect.stringMatching(/Tab 2, this one ?token #1/),
          expect.stringMatching(/Tab 1 ?token #1.*serves itself/),
        ],
      })
    await expect
      .poll(() => rowsOf(other))
      .toEqual([row({ what: 'Logged in' }), row({ what: 'POST /auth/login', tab: 'Tab 1', outcome: '200' })])
    await press(tab, 'Expire token')
    await expect.poll(() => rowsOf(other)).toContainEqual(row({ what: 'You expired the access token' }))
    // Its own host hears of it by the store, a moment later.
    await expect
      .poll(async () => {
        expect(await get(other, '/api/me')).toBe(200)
        return scene.demo.stats.refreshes
      })
      .toBe(1)
    await expect
      .poll(() => rowsOf(tab))
      .toContainEqual(
        row({ what: 'GET /api/me', tab: 'Tab 2', why: 'waited for a refresh: the access token has expired' }),
      )
    // Its own network alone.
    await press(tab, 'Go offline')
    await expect.poll(() => read(tab)).toMatchObject({ pressed: ['Go offline'] })
    const outcome = (tab: Tab) =>
      tab.evaluate(() =>
        fetch('/api/me').then(
          ({ status }) => status,
          ({ name }) => name as string,
        ),
      )
    expect([await outcome(tab), await outcome(other)]).toEqual(['TypeError', 200])
    await expectNoSecrets(other)
  })

  it('that is a production build shows its session, says what it cannot tell, and takes no command', async () => {
    await open({ '/sw.js': script(SETUP.replace('/refresh-worker.js', '/refresh-worker/refresh-worker.js')) })
    const tab = await scene.tab('/app.html')
    await logIn(tab)
    await expect
      .poll(() => read(tab))
      .toMatchObject({
        token: 'Access token #1',
        host: 'Service worker /sw.js',
        notice: expect.stringContaining('refresh-worker.dev.js'),
        disabled: ['Expire token', 'Refuse next refresh', 'Go offline', 'Empty memory'],
        rows: [],
      })
    // What a hostile page could try: nothing answers, and nothing comes of it.
    const answer = await tab.evaluate(async () => {
      const { active } = await navigator.serviceWorker.ready
      const ask = (message: unknown) => {
        const { port1, port2 } = new MessageChannel()
        const answered = new Promise(resolve => {
          port1.onmessage = ({ data }) => resolve(data)
        })
        active?.postMessage(message, [port2])
        return answered
      }
      const about = { ns: 'refresh-worker', v: 1, session: 'refresh-worker' }
      const commands = ['hello', 'expire', 'refuse', 'offline', 'forget']
      const answers = commands.map(command => ask({ ...about, type: 'devtools', command }))
      new BroadcastChannel('refresh-worker/devtools').postMessage({ type: 'watch' })
      // It has read all of them by the time that it answers this one.
      const last = ask({ ...about, type: 'state' })
      return Promise.race([...answers, last])
    })
    expect(answer).toMatchObject({ type: 'state', state: { status: 'authenticated' } })
    expect(await get(tab, '/api/me')).toBe(200)
    expect(await tab.evaluate(() => window.auth.updateToken())).toMatchObject({ generation: 2 })
    await press(tab, 'Log out')
    await untilStatus(tab, 'anonymous')
  })

  it('that is not there is said, and why', async () => {
    await open({ '/app.html': pageOf('/main.js', `${CSP}; worker-src 'none'`) })
    const tab = await scene.tab('/app.html', { ready: false })
    await expect.poll(() => read(tab)).toMatchObject({ notice: expect.stringContaining('script_error') })
  })

  it('that has several sessions shows one of them, which can be chosen', async () => {
    const other = `{ storageKey: 'mail', apiUrls: ['/mail/'], loginUrl: '/mail/login', useRefreshToken: true }`
    await open({ '/sw.js': script(SETUP.replace('setup({', 'setup([{').replace(/\}\)$/, `}, ${other}])`)) })
    const tab = await scene.tab('/app.html')
    await logIn(tab)
    await expect.poll(() => read(tab)).toMatchObject({ status: 'authenticated' })
    await tab.evaluate(() => {
      const select = document.querySelector('refresh-worker-devtools')?.shadowRoot?.querySelector('select')
      if (!select) return
      select.value = 'mail'
      select.dispatchEvent(new Event('change'))
    })
    await expect.poll(() => read(tab)).toMatchObject({ status: 'anonymous', token: 'No access token' })
  })
})

describe('its panel', () => {
  it('opens and closes by keyboard, keeps the focus where it makes sense, and stays as it was over a reload', async () => {
    await open()
    const tab = await scene.tab('/app.html?closed')
    await expect.poll(() => read(tab)).toMatchObject({ isOpen: false, opener: 'refresh-worker devtools: anonymous' })
    const opener = 'refresh-worker devtools: anonymous'
    await press(tab, opener)
    await expect.poll(() => read(tab)).toMatchObject({ isOpen: true, focus: '✕', status: 'anonymous' })
    await tab.reload()
    await tab.evaluate(() => window.auth.ready)
    await expect.poll(() => read(tab)).toMatchObject({ isOpen: true, status: 'anonymous' })
    // By the Tab key, everything that can be used: in order, and nothing twice.
    const stops = await tab.evaluate(() => {
      const root = document.querySelector('refresh-worker-devtools')?.shadowRoot
      const all = [...(root?.querySelectorAll<HTMLElement>('button, select, input, summary, [tabindex]') ?? [])]
      return all
        .filter(stop => stop.checkVisibility() && stop.tabIndex >= 0)
        .map(stop => {
          stop.focus()
          return root?.activeElement === stop
        })
    })
    expect(stops.length).toBeGreaterThan(8)
    expect(new Set(stops)).toEqual(new Set([true]))
    await press(tab, '✕')
    await expect.poll(() => read(tab)).toMatchObject({ isOpen: false, focus: opener })
    await press(tab, opener)
    await tab.evaluate(() =>
      document
        .querySelector('refresh-worker-devtools')
        ?.shadowRoot?.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true })),
    )
    await expect.poll(() => read(tab)).toMatchObject({ isOpen: false, focus: opener })
  })

  it('keeps a line open, and the focus on it, while others come', async () => {
    await open()
    const tab = await scene.tab('/app.html')
    await logIn(tab)
    await get(tab, '/api/me')
    await expect.poll(() => rowsOf(tab)).toContainEqual(row({ what: 'GET /api/me' }))
    await tab.evaluate(() => {
      const summary = document
        .querySelector('refresh-worker-devtools')
        ?.shadowRoot?.querySelector<HTMLElement>('summary')
      summary?.focus()
      summary?.click()
    })
    await get(tab, '/api/orders/1')
    await expect.poll(() => rowsOf(tab)).toContainEqual(row({ what: 'GET /api/orders/1' }))
    const isKept = await tab.evaluate(() => {
      const root = document.querySelector('refresh-worker-devtools')?.shadowRoot
      const details = root?.querySelector('details[open]')
      return details?.textContent?.includes('/api/me') && root?.activeElement === details.firstElementChild
    })
    expect(isKept).toBe(true)
  })

  it.runIf(engine.can.emulate)(
    'fits into 390 pixels, and axe finds nothing wrong with it, light and dark',
    async () => {
      await open()
      const tab = await scene.tab('/app.html')
      await logIn(tab)
      await callTwenty(tab)
      await tab.evaluate(() => fetch('/elsewhere'))
      await press(tab, 'Refuse next refresh')
      await expect.poll(() => read(tab)).toMatchObject({ pressed: ['Refuse next refresh'] })
      for (const width of [1280, 390])
        for (const scheme of ['light', 'dark'] as const) {
          await tab.emulate({ width, scheme })
          const sizes = () =>
            tab.evaluate(() => {
              const panel = document.querySelector('refresh-worker-devtools')?.shadowRoot?.querySelector('.panel')
              return [document.documentElement.scrollWidth, panel?.scrollWidth, innerWidth]
            })
          await expect.poll(sizes).toEqual([width, width, width])
          await expect.poll(() => findingsOf(tab)).toEqual([])
        }
      await press(tab, '✕')
      expect(await findingsOf(tab)).toEqual([])
    },
  )
})
