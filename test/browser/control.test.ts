import { readFile } from 'node:fs/promises'
import { afterEach, describe, expect, it } from 'vitest'
import type { Tab } from './engines/engine.ts'
import { engine, get, logIn, Scene, stateOf, untilStatus, useBrowser } from './harness.ts'

const browser = useBrowser()
let scene: Scene
afterEach(() => scene.close())

const script = (body: string, type = 'text/javascript') => ({ type, body })

describe('ready', () => {
  it('settles on the first load with the page controlled, and nothing is reloaded', async () => {
    scene = await Scene.open(browser)
    let navigations = 0
    scene.demo.server.prependListener('request', ({ url }) => url === '/test.html' && navigations++)
    const page = await scene.tab()
    expect(await page.evaluate(() => navigator.serviceWorker.controller?.scriptURL)).toBe(`${scene.origin}/sw.js`)
    expect(navigations).toBe(1)
    await logIn(page)
    expect(await get(page, '/api/me')).toBe(200)
  })

  it.runIf(engine.can.hardReload)('brings control back after a hard reload (C23)', async () => {
    scene = await Scene.open(browser)
    const page = await scene.tab()
    await logIn(page)
    await page.hardReload()
    await page.evaluate(() => window.auth.ready)
    expect(await stateOf(page)).toMatchObject({ status: 'authenticated' })
    expect(await get(page, '/api/me')).toBe(200)
  })

  it('settles where the worker takes the place of one that knows nothing of us, at the same URL', async () => {
    const files = { '/app.js': script("addEventListener('install', () => skipWaiting())") }
    scene = await Scene.open(browser, { files })
    const page = await scene.tab()
    await page.evaluate(() => navigator.serviceWorker.register('/app.js').then(() => navigator.serviceWorker.ready))
    await page.close()

    scene.files['/app.js'] = script("importScripts('/refresh-worker.js'); RefreshWorker.setup({ apiUrls: ['/api/'] })")
    const after = await scene.tab('/test.html?worker=/app.js')
    await logIn(after)
    expect(await get(after, '/api/me')).toBe(200)
    expect(await after.evaluate(() => window.auth.logout())).toEqual({ status: 'anonymous', reason: 'logout' })
  })

  it.each<[string, string, string, RegExp]>([
    ['a script that is not there', '/missing.js', 'script_error', /\/missing\.js answers 404/],
    ['the index page in place of the script', '/html.js', 'script_error', /page of HTML/],
    ['a script served as text', '/text.js', 'script_error', /text\/plain.*must be text\/javascript/],
    ['a script with an unknown option', '/mistyped.js', 'config_error', /option apiUrl/],
    ['a script in another folder', '/app/sw.js', 'wrong_scope', /\/app\/.*does not cover.*\/test\.html/],
    ['a script that never calls setup()', '/silent.js', 'worker_timeout', /RefreshWorker\.setup\(\)/],
  ])('rejects for %s', async (_, worker, code, message) => {
    const files = {
      '/html.js': script('<!doctype html>', 'text/html'),
      '/text.js': script('', 'text/plain'),
      '/mistyped.js': script("importScripts('/refresh-worker.js'); RefreshWorker.setup({ apiUrl: ['/api/'] })"),
      '/app/sw.js': script("importScripts('/refresh-worker.js'); RefreshWorker.setup({ apiUrls: ['/api/'] })"),
      '/silent.js': script("addEventListener('install', () => skipWaiting())"),
    }
    scene = await Scene.open(browser, { files })
    const page = await scene.tab(`/test.html?worker=${worker}`, { ready: false })
    const failure = await page.evaluate(() =>
      window.auth.ready.then(
        () => null,
        ({ code, message }) => ({ code, message }),
      ),
    )
    expect(failure).toEqual({ code, message: expect.stringMatching(message) })
  })

  it('rejects where another worker controls the page, and names it (H16)', async () => {
    const files = { '/other.js': script("addEventListener('activate', event => event.waitUntil(clients.claim()))") }
    scene = await Scene.open(browser, { files })
    const page = await scene.tab()
    await page.evaluate(async () => {
      const controlled = new Promise(resolve =>
        navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }),
      )
      await navigator.serviceWorker.register('/other.js', { scope: '/test.html' })
      await controlled
    })
    await page.reload()
    const failure = await page.evaluate(() => window.auth.ready.catch(({ code, message }) => ({ code, message })))
    expect(failure).toEqual({ code: 'foreign_controller', message: expect.stringContaining('/other.js') })
  })
})

describe('G8: what does not match is not touched', () => {
  it('navigations, images and no-cors requests to the API get no token (R6, H10, H11)', async () => {
    scene = await Scene.open(browser)
    const page = await scene.tab()
    await logIn(page)
    expect(await get(page, '/api/me')).toBe(200)

    await page.evaluate(async () => {
      await fetch('/api/orders/1', { mode: 'no-cors' })
      const image = new Image()
      await new Promise(resolve => {
        image.onerror = resolve
        image.src = '/api/orders/2'
      })
      const frame = document.createElement('iframe')
      await new Promise(resolve => {
        frame.onload = resolve
        frame.src = '/api/orders/3'
        document.body.append(frame)
      })
      navigator.sendBeacon('/api/orders/4', 'x')
    })
    await scene.tab('/api/orders/5', { ready: false })

    const statuses = () => scene.demo.log.filter(({ path }) => path.includes('orders')).map(({ status }) => status)
    await expect.poll(statuses).toEqual([401, 401, 401, 401, 401])
  })
})

describe('G9: an intercepted request', () => {
  it('has the referrer and the policy of the page, not of the worker', async () => {
    scene = await Scene.open(browser)
    const page = await scene.tab('/test.html?q=1')
    await logIn(page)
    const seen: (string | undefined)[] = []
    scene.demo.server.prependListener('request', request => {
      if (request.url?.startsWith('/api/me')) seen.push(request.headers.referer)
    })
    await page.evaluate(async () => {
      await fetch('/api/me')
      await fetch('/api/me', { referrerPolicy: 'origin' })
      await fetch('/api/me', { referrerPolicy: 'no-referrer' })
    })
    expect(seen).toEqual([`${scene.origin}/test.html?q=1`, `${scene.origin}/`, undefined])
  })
})

describe('the protocol', () => {
  it('is not spoken with pages out of scope (R30, H6)', async () => {
    const files = {
      '/app/sw.js': script("importScripts('/refresh-worker.js'); RefreshWorker.setup({ apiUrls: ['/api/'] })"),
      '/app/page.html': script(
        `<!doctype html><link rel="icon" href="data:,"><script type="module">
          import { register } from '/refresh-worker/index.js'
          window.auth = register('/app/sw.js')
        </script>`,
        'text/html',
      ),
      '/outside.html': script('<!doctype html><link rel="icon" href="data:,">', 'text/html'),
    }
    scene = await Scene.open(browser, { files })
    const inside = await scene.tab('/app/page.html')
    const outside = await scene.tab('/outside.html', { ready: false })
    const ask = (page: Tab) =>
      page.evaluate(async () => {
        const registration = await navigator.serviceWorker.getRegistration('/app/')
        const { port1, port2 } = new MessageChannel()
        const answer = new Promise<string>(resolve => {
          port1.onmessage = ({ data }) => resolve(data.type)
        })
        registration?.active?.postMessage({ ns: 'refresh-worker', v: 1, type: 'state' }, [port2])
        return Promise.race([answer, new Promise<string>(resolve => setTimeout(resolve, 500, 'no answer'))])
      })
    expect(await ask(inside)).toBe('state')
    expect(await ask(outside)).toBe('no answer')
  })

  it('can be spoken without the helper', async () => {
    scene = await Scene.open(browser)
    const page = await scene.tab()
    await logIn(page)
    const reply = await page.evaluate(async () => {
      const { active } = await navigator.serviceWorker.ready
      const { port1, port2 } = new MessageChannel()
      const answer = new Promise(resolve => {
        port1.onmessage = ({ data }) => resolve(data)
      })
      active?.postMessage({ ns: 'refresh-worker', v: 1, type: 'state' }, [port2])
      return answer
    })
    expect(reply).toMatchObject({ ns: 'refresh-worker', v: 1, type: 'state', state: { status: 'authenticated' } })
  })

  it('gives the access token to no page unless the worker is set up to', async () => {
    const exposing = script(
      "importScripts('/refresh-worker.js'); RefreshWorker.setup({ apiUrls: ['/api/'], exposeAccessToken: true })",
    )
    scene = await Scene.open(browser, { files: { '/exposing.js': exposing } })
    scene.expose('messages of the worker', 'this is what exposeAccessToken is for')
    const page = await scene.tab()
    await logIn(page)
    const ask = (tab: Tab) =>
      tab.evaluate(() =>
        window.auth.getAccessToken().then(
          token => token.split('.').length,
          ({ code }) => code,
        ),
      )
    expect(await ask(page)).toBe('access_token_not_exposed')

    // A script of another name, in the same scope: it takes the place of the first, and the session stays.
    const second = await scene.tab('/test.html?worker=/exposing.js')
    expect(await ask(second)).toBe(3)
  })
})

it('the worker of the kill command removes the session, its cache and itself, and every page hears of it (R37, V34)', async () => {
  scene = await Scene.open(browser)
  const page = await scene.tab()
  const other = await scene.tab()
  await logIn(page)
  await untilStatus(other, 'authenticated')
  // What a session's strategy has cached, beside what the application has.
  await page.evaluate(async () => {
    const cache = await caches.open('answers')
    for (const path of ['/.refresh-worker:refresh-worker:id/api/me', '/app.css'])
      await cache.put(path, new Response('cached'))
  })
  scene.files['/sw.js'] = script(await readFile('dist/kill.js', 'utf8'))
  // Firefox says of an update that it was the last one.
  await page.evaluate(async () => (await navigator.serviceWorker.ready).update().then(undefined, () => undefined))
  for (const tab of [page, other]) await untilStatus(tab, 'anonymous')
  await expect
    .poll(() => page.evaluate(() => navigator.serviceWorker.getRegistrations().then(({ length }) => length)))
    .toBe(0)
  expect(await get(other, '/api/me')).toBe(401)
  const databases = await page.evaluate(() => indexedDB.databases().then(all => all.map(({ name }) => name)))
  expect(databases).not.toContain('refresh-worker')
  const cached = await page.evaluate(async () => (await (await caches.open('answers')).keys()).map(({ url }) => url))
  expect(cached).toEqual([`${scene.origin}/app.css`])
})

describe('the builds', () => {
  const options = "{ apiUrls: ['/api/'], useRefreshToken: true }"

  async function mainJob() {
    const page = await scene.tab('/test.html?worker=/built.js')
    await logIn(page)
    await untilStatus(page, 'authenticated')
    await page.evaluate(() => window.auth.updateToken())
    expect(await get(page, '/api/me')).toBe(200)
    expect(scene.demo.stats).toMatchObject({ refreshes: 1, unauthorized: 0 })
  }

  it.runIf(engine.can.seeWorkerConsole)(
    'the minified classic worker works, and writes nothing to the console',
    async () => {
      const built = script(`importScripts('/refresh-worker/refresh-worker.js'); RefreshWorker.setup(${options})`)
      scene = await Scene.open(browser, { files: { '/built.js': built } })
      await mainJob()
      expect(scene.console).toEqual([])
    },
  )

  it.runIf(engine.can.seeWorkerConsole)('the development worker says what it does, and shows no secret', async () => {
    const built = script(`importScripts('/refresh-worker/refresh-worker.dev.js'); RefreshWorker.setup(${options})`)
    scene = await Scene.open(browser, { files: { '/built.js': built } })
    await mainJob()
    await expect.poll(() => scene.console.join('\n')).toContain('refresh-worker: refreshed the access token')
  })

  it('the composable worker works inside a bundle of the application', async () => {
    const { build } = await import('esbuild')
    const bundle = await build({
      stdin: { contents: `import { setup } from 'refresh-worker/sw'; setup(${options})`, resolveDir: '.' },
      bundle: true,
      write: false,
      format: 'iife',
      define: { 'process.env.NODE_ENV': '"production"' },
    })
    scene = await Scene.open(browser, { files: { '/built.js': script(bundle.outputFiles[0]?.text ?? '') } })
    await mainJob()
  })
})
