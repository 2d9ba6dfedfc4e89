/** What a page does that has lost its worker, never had one, or does not have it yet. */
import { readdirSync, readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import type { Browser, Tab } from './engines/engine.ts'
import {
  barrier,
  engine,
  get,
  inPageScript,
  launch,
  logIn,
  PAGE,
  Scene,
  SECRETS,
  stateOf,
  untilStatus,
  useBrowser,
} from './harness.ts'

const browser = useBrowser()
let scene: Scene
/** Of other settings than all others have. */
let strict: Browser | undefined
afterEach(async () => {
  await scene.close()
  await strict?.close()
  strict = undefined
})

const script = (body: string, type = 'text/javascript') => ({ type, body })
const SETUP = "importScripts('/refresh-worker.js'); RefreshWorker.setup({ apiUrls: ['/api/'], useRefreshToken: true })"
/** Takes every page at once, and knows nothing of us. */
const OTHER = `
  addEventListener('install', () => skipWaiting())
  addEventListener('activate', event => event.waitUntil(clients.claim()))`

const failure = (page: Tab) =>
  page.evaluate(() =>
    window.auth.ready.then(
      () => null,
      ({ code, message }) => ({ code, message }),
    ),
  )

/** How long it took until the page's state was another one (milliseconds). */
const nextState = (page: Tab, change: string) =>
  page.evaluate<{ state: unknown; after: number }>(`new Promise(resolve => {
    const before = JSON.stringify(window.auth.getSnapshot())
    const start = performance.now()
    window.auth.subscribe(state => {
      if (JSON.stringify(state) !== before && state.status !== 'unknown')
        resolve({ state, after: performance.now() - start })
    })
    ${change}
  })`)

describe('a worker that goes while a page is open', () => {
  it('V18: as the site data is cleared; the state is true, and the page can log in without a reload', async () => {
    scene = await Scene.open(browser)
    scene.serve('/clear', (_, response) => response.writeHead(200, { 'Clear-Site-Data': '"storage"' }).end())
    const page = await scene.tab()
    await logIn(page)
    await untilStatus(page, 'authenticated')
    const { state } = await nextState(page, "fetch('/clear')")
    expect(state).toEqual({ status: 'anonymous', reason: 'none' })
    // At once, without a look at `ready`.
    const { body } = await logIn(page)
    expect(JSON.stringify(body)).not.toMatch(SECRETS)
    await untilStatus(page, 'authenticated')
    expect(await get(page, '/api/me')).toBe(200)
  })

  it.each([
    ['V19: as another script takes its scope', "navigator.serviceWorker.register('/other.js')"],
    [
      'V19: as another script takes the page by a scope of its own',
      "navigator.serviceWorker.register('/other.js', { scope: '/test.html' })",
    ],
  ])('%s; which is told, and no war', async (_, change) => {
    scene = await Scene.open(browser, { files: { '/other.js': script(OTHER) } })
    const page = await scene.tab()
    await logIn(page)
    await untilStatus(page, 'authenticated')
    const { state } = await nextState(page, change)
    expect(state).toEqual({ status: 'unsupported', code: 'foreign_controller' })
    expect(await page.evaluate(() => navigator.serviceWorker.controller?.scriptURL)).toBe(`${scene.origin}/other.js`)
  })

  it('V20: as code of a former application unregisters whatever there is, at every load', async () => {
    const leftover = `<script>
      navigator.serviceWorker.getRegistrations().then(all => all.forEach(one => one.unregister()))
      navigator.serviceWorker.ready.then(registration => registration.unregister())
    </script>`
    scene = await Scene.open(browser, {
      files: { '/test.html': script(PAGE.replace('<script', `${leftover}<script`), 'text/html') },
    })
    for (let load = 0; load < 3; load++) {
      const page = await scene.tab()
      await logIn(page)
      expect(await get(page, '/api/me')).toBe(200)
      await page.reload()
      await page.evaluate(() => window.auth.ready)
      expect(await stateOf(page)).toMatchObject({ status: 'authenticated' })
      expect(await get(page, '/api/me')).toBe(200)
      await page.close()
    }
  })

  it('V21: as a version takes its place that never calls setup()', async () => {
    scene = await Scene.open(browser)
    const page = await scene.tab()
    await logIn(page)
    await untilStatus(page, 'authenticated')
    scene.files['/sw.js'] = script(OTHER)
    const { state } = await nextState(page, 'navigator.serviceWorker.getRegistration().then(one => one.update())')
    expect(state).toEqual({ status: 'unsupported', code: 'worker_timeout' })
    scene.files['/sw.js'] = script(SETUP)
    await nextState(page, 'navigator.serviceWorker.getRegistration().then(one => one.update())')
    expect(await stateOf(page)).toMatchObject({ status: 'authenticated' })
    expect(await get(page, '/api/me')).toBe(200)
  })
})

describe('V22: a login before the worker controls the page', () => {
  const LOGIN = `{ username: 'ada', password: 'lovelace' }`
  const byFetch = `fetch('/auth/login', {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(${LOGIN}),
  }).then(response => response.text())`
  const byXhr = `new Promise(resolve => {
    const request = new XMLHttpRequest()
    request.open('POST', '/auth/login')
    request.setRequestHeader('Content-Type', 'application/json')
    request.onload = () => resolve(request.responseText)
    request.send(JSON.stringify(${LOGIN}))
  })`
  const early = (login: string) => ({
    '/test.html': script(PAGE.replace('</script>', `;window.login = ${login}</script>`), 'text/html'),
  })

  it.each([
    ['fetch', byFetch],
    ['XMLHttpRequest', byXhr],
  ])('waits for it on a first visit with a slow network (%s), and the page is as before then', async (_, login) => {
    const slow = barrier()
    scene = await Scene.open(browser, { files: early(login) })
    scene.expose('document', 'the page holds the password')
    scene.serve('/slow.js', async (_, response) => {
      await slow.pass()
      response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(SETUP)
    })
    const page = await scene.tab('/test.html?worker=/slow.js', { ready: false })
    await slow.reached
    // What only reads does not wait.
    expect(await get(page, '/api/me')).toBe(401)
    expect(scene.demo.log.filter(({ path }) => path === '/auth/login')).toEqual([])
    slow.open()
    expect(await page.evaluate<string>('window.login')).not.toMatch(SECRETS)
    await untilStatus(page, 'authenticated')
    expect(await get(page, '/api/me')).toBe(200)
    const isNative = '[fetch, XMLHttpRequest.prototype.send].every(one => /native code/.test(one))'
    expect(await page.evaluate<boolean>(isNative)).toBe(true)
  })

  it.runIf(engine.can.hardReload)('waits for it after a hard reload', async () => {
    scene = await Scene.open(browser)
    scene.expose('document', 'the page holds the password')
    const page = await scene.tab()
    scene.files['/test.html'] = early(byFetch)['/test.html']
    await page.hardReload()
    expect(await page.evaluate<string>('window.login')).not.toMatch(SECRETS)
    await untilStatus(page, 'authenticated')
    expect(await get(page, '/api/me')).toBe(200)
  })

  it('is sent where no worker comes, and ready says why', async () => {
    scene = await Scene.open(browser, { files: early(byFetch) })
    const page = await scene.tab('/test.html?worker=/missing.js', { ready: false })
    expect(await failure(page)).toMatchObject({ code: 'script_error' })
    scene.expose('document', 'the page holds the password')
    expect(await page.evaluate<number>('window.login.then(({ length }) => length)')).toBeGreaterThan(0)
    expect(await stateOf(page)).toEqual({ status: 'unsupported', code: 'script_error' })
  })
})

describe('a registration that is refused', () => {
  const withPolicy = (policy: string) => ({
    '/test.html': script(
      PAGE.replace('<title>', `<meta http-equiv="Content-Security-Policy" content="${policy}"><title>`),
      'text/html',
    ),
  })

  it('V28: names no false cause where a Content-Security-Policy lets the page fetch nothing, or only reports', async () => {
    scene = await Scene.open(browser, { files: withPolicy("connect-src 'none'") })
    const page = await scene.tab('/test.html?worker=/missing.js', { ready: false })
    expect(await failure(page)).toEqual({ code: 'script_error', message: expect.stringContaining('connect-src of') })
    scene.serve('/reporting.html?worker=/missing.js', (_, response) =>
      response
        .writeHead(200, { 'Content-Type': 'text/html', 'Content-Security-Policy-Report-Only': "worker-src 'none'" })
        .end(PAGE),
    )
    const reporting = await scene.tab('/reporting.html?worker=/missing.js', { ready: false })
    expect(await failure(reporting)).toEqual({ code: 'script_error', message: expect.stringContaining('answers 404') })
  })

  it.each([
    ["worker-src 'none'", 'worker-src'],
    ["child-src 'none'", 'child-src'],
  ])('V29: by a Content-Security-Policy, whose directive is named: %s', async (policy, directive) => {
    scene = await Scene.open(browser, { files: withPolicy(policy) })
    const page = await scene.tab('/test.html', { ready: false })
    expect(await failure(page)).toEqual({ code: 'script_error', message: expect.stringContaining(`(by ${directive})`) })
    expect(await stateOf(page)).toEqual({ status: 'unsupported', code: 'script_error' })
  })

  it('V31: by a wrong option, rejects with the words of setup(), and a worker that serves goes on', async () => {
    const mistyped = SETUP.replace('apiUrls', 'apiUrl')
    scene = await Scene.open(browser, { files: { '/mistyped.js': script(mistyped) } })
    const page = await scene.tab('/test.html?worker=/mistyped.js', { ready: false })
    expect(await failure(page)).toEqual({
      code: 'config_error',
      message: expect.stringMatching(/option apiUrl.*apiUrls/),
    })
    expect(await stateOf(page)).toEqual({ status: 'unsupported', code: 'config_error' })

    const served = await scene.tab()
    await logIn(served)
    scene.files['/sw.js'] = script(mistyped)
    expect(
      await served.evaluate(async () => {
        const registration = await navigator.serviceWorker.ready
        return registration.update().then(
          () => 'updated',
          () => 'refused',
        )
      }),
    ).toBe('refused')
    await served.reload()
    await served.evaluate(() => window.auth.ready)
    expect(await stateOf(served)).toMatchObject({ status: 'authenticated' })
    expect(await get(served, '/api/me')).toBe(200)
  })

  it.runIf(engine.can.blockCookies)(
    'V24: by a browser that blocks all cookies, in words; or serves itself',
    async () => {
      strict = await launch({ cookies: 'blocked' })
      scene = await Scene.open(strict)
      const page = await scene.tab('/test.html', { ready: false })
      expect(await failure(page)).toEqual({
        code: 'unsupported',
        message: expect.stringContaining('blocks cookies and site data'),
      })
      expect(await stateOf(page)).toEqual({ status: 'unsupported', code: 'unsupported' })
      expect(await page.evaluate<boolean>('/native code/.test(fetch)')).toBe(true)

      scene.files['/in-page.js'] = script(inPageScript(SETUP))
      const withoutWorker = "'/sw.js', { withoutWorker: () => import('/in-page.js') }"
      scene.files['/itself.html'] = script(PAGE.replace(/(?<=register\().*(?=\)\n)/, withoutWorker), 'text/html')
      const itself = await scene.tab('/itself.html')
      await logIn(itself)
      expect(await get(itself, '/api/me')).toBe(200)
      expect(await stateOf(itself)).toMatchObject({ status: 'authenticated' })
    },
  )

  it('V28: by a redirect, a login or a proxy, says which', async () => {
    scene = await Scene.open(browser)
    scene.serve('/moved.js', (_, response) => response.writeHead(302, { Location: '/login.html' }).end())
    const elsewhere = scene.origin.replace('localhost', '127.0.0.1')
    scene.serve('/sso.js', (_, response) => response.writeHead(302, { Location: `${elsewhere}/login.html` }).end())
    scene.serve('/private.js', (_, response) => response.writeHead(403).end())
    scene.serve('/failing.js', (_, response) => response.writeHead(502, { 'Content-Type': 'text/html' }).end('<p>'))
    scene.serve('/cut.js', ({ socket }) => socket.destroy())
    for (const [path, message] of [
      ['/moved.js', /is redirected to .*\/login\.html/],
      ['/sso.js', /is redirected to another site/],
      ['/private.js', /answers 403: serve it to everyone/],
      ['/failing.js', /answers 502: the server, or a proxy/],
      ['/cut.js', /could not be fetched/],
    ] as const) {
      const page = await scene.tab(`/test.html?worker=${path}`, { ready: false })
      expect(await failure(page)).toEqual({ code: 'script_error', message: expect.stringMatching(message) })
      await page.close()
    }
  })
})

describe('a frame', () => {
  /** A page that tells the page around it what became of it. */
  const framed = (page: string) =>
    page.replace(
      '</script>',
      `;const tell = value => parent.postMessage(value, '*')
      window.auth.ready.then(() => tell('ready'), ({ code, message }) => tell({ code, message, state: window.auth.getSnapshot() }))</script>`,
    )

  it('V30: without a URL of its own has its requests authorized, and its helper says whom to ask', async () => {
    scene = await Scene.open(browser)
    const page = await scene.tab()
    await logIn(page)
    await page.evaluate(
      async srcdoc => {
        const frame = Object.assign(document.createElement('iframe'), { srcdoc })
        const loaded = new Promise(resolve => frame.addEventListener('load', resolve))
        document.body.append(frame)
        await loaded
      },
      PAGE.replace("new URLSearchParams(location.search).get('worker') ?? ", ''),
    )
    expect(await page.evaluate('frames[0].auth.ready.catch(({ code, message }) => ({ code, message }))')).toEqual({
      code: 'unsupported',
      message: expect.stringContaining('the page around it'),
    })
    expect(await page.evaluate('frames[0].auth.getSnapshot()')).toEqual({ status: 'unsupported', code: 'unsupported' })
    expect(await page.evaluate("frames[0].fetch('/api/me').then(({ status }) => status)")).toBe(200)
  })

  it.each([
    ['V23: sandboxed', "{ src: '/framed.html', sandbox: 'allow-scripts' }", 'allow-same-origin'],
    ['V30: of a blob', "{ src: URL.createObjectURL(new Blob([text], { type: 'text/html' })) }", 'the page around it'],
    ['V30: of a data: URL', "{ src: 'data:text/html,' + encodeURIComponent(text) }", 'the page around it'],
  ])('%s is unsupported, in true words', async (_, attributes, words) => {
    scene = await Scene.open(browser)
    // The very look at it throws in a sandbox.
    const plain = PAGE.replace(/^navigator\.serviceWorker.*\n/m, '')
    const text = framed(plain.replaceAll("'/", `'${scene.origin}/`))
    scene.serve('/framed.html', (_, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end(text))
    // Their origin is none.
    const headers = { 'Content-Type': 'text/javascript', 'Access-Control-Allow-Origin': '*' }
    const names = readdirSync('dist', { recursive: true, encoding: 'utf8' })
    for (const name of names.filter(name => name.endsWith('.js')))
      scene.serve(`/refresh-worker/${name}`, (_, response) => {
        response.writeHead(200, headers).end(readFileSync(`dist/${name}`))
      })
    const page = await scene.tab()
    const told = await page.evaluate<unknown>(`(text => {
      const told = new Promise(resolve => addEventListener('message', ({ data }) => resolve(data)))
      const frame = document.createElement('iframe')
      for (const [name, value] of Object.entries(${attributes})) frame.setAttribute(name, value)
      document.body.append(frame)
      return told
    })(${JSON.stringify(text)})`)
    expect(told).toEqual({
      code: 'unsupported',
      message: expect.stringContaining(words),
      state: { status: 'unsupported', code: 'unsupported' },
    })
  })

  it('V25: of another site works by itself, or says that the browser keeps its data from it', async () => {
    scene = await Scene.open(browser)
    const foreign = scene.origin.replace('localhost', '127.0.0.1')
    scene.files['/framed.html'] = script(framed(PAGE), 'text/html')
    const page = await scene.tab()
    const told = await page.evaluate(url => {
      const told = new Promise<unknown>(resolve => addEventListener('message', ({ data }) => resolve(data)))
      document.body.append(Object.assign(document.createElement('iframe'), { src: url }))
      return told
    }, `${foreign}/framed.html`)
    if (told !== 'ready')
      expect(told).toEqual({
        code: 'unsupported',
        message: expect.stringContaining('frame of another site'),
        state: { status: 'unsupported', code: 'unsupported' },
      })
  })
})
