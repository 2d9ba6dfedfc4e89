/** docs/without-a-bundler.md: plain pages, which import the library from their own site or from another origin. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, normalize } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { Tab } from './engines/engine.ts'
import { submitLogin } from './example.ts'
import { engine, get, Scene, untilStatus, useBrowser } from './harness.ts'

const browser = useBrowser()
let scene: Scene
let close: () => Promise<unknown> = async () => undefined
afterEach(async () => {
  await scene.close()
  await close()
  close = async () => undefined
})

const EXAMPLES = 'examples/plain'
const CDN = 'https://cdn.example'
/** Where a CDN of npm packages has this one. */
const PACKAGE = '/refresh-worker@0.1.0'
const TYPES: Readonly<Record<string, string>> = { '.js': 'text/javascript', '.html': 'text/html' }

const read = (path: string) => readFileSync(path, 'utf8')
const file = (path: string, body = read(path)) => ({ type: TYPES[extname(path)] ?? 'text/plain', body })
const hash = (algorithm: string, text: string) => `${algorithm}-${createHash(algorithm).update(text).digest('base64')}`

interface Cdn {
  readonly origin: string
  /** What it has been asked for. */
  readonly paths: string[]
}

/** Another origin that has the package, and lets every site read it, as CDNs do. */
async function openCdn(change = (text: string) => text): Promise<Cdn> {
  const paths: string[] = []
  const server = createServer(({ url = '' }, response) => {
    paths.push(url)
    const path = normalize(url.slice(PACKAGE.length + 1))
    if (!url.startsWith(`${PACKAGE}/dist/`) || !path.startsWith('dist')) return void response.writeHead(404).end()
    response.setHeader('Content-Type', TYPES[extname(path)] ?? 'text/plain')
    response.setHeader('Access-Control-Allow-Origin', '*')
    response.end(change(read(path)))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  close = () => {
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    return closed
  }
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, paths }
}

/** The site, as `refresh-worker init --page` and the examples make it. */
const SITE = {
  '/index.html': file(`${EXAMPLES}/index.html`),
  '/main.js': file(`${EXAMPLES}/main.js`),
  '/main-by-name.js': file(`${EXAMPLES}/main-by-name.js`),
  '/show.js': file(`${EXAMPLES}/show.js`),
  '/sw.js': file(`${EXAMPLES}/sw.js`),
  '/refresh-worker.js': file('dist/refresh-worker.js'),
  '/refresh-worker.page.js': file('dist/refresh-worker.page.js'),
}

/** The page that imports from elsewhere, with the hashes that its author puts in. */
function cdnPage(origin: string, library = 'refresh-worker.page.js'): string {
  const page = read(`${EXAMPLES}/cdn.html`)
    .replaceAll(CDN, origin)
    .replaceAll('refresh-worker.page.js', library)
    .replace('sha384-FILE', hash('sha384', read(`dist/${library}`)))
  const [, map = ''] = /<script type="importmap">(.*?)<\/script>/s.exec(page) ?? []
  return page.replace('sha256-IMPORT-MAP', hash('sha256', map))
}

const open = async (files: Scene['files'] = {}) => {
  scene = await Scene.open(browser, { lifetime: 600, files: { ...SITE, ...files } })
}

const textOf = (page: Tab, selector: string) =>
  page.evaluate(name => document.querySelector(name)?.textContent ?? '', selector)

/** What the site is for, by its own form and button. */
async function use(page: Tab) {
  await submitLogin(page)
  await expect.poll(() => textOf(page, '#status')).toBe('authenticated')
  const call = async () => {
    await page.evaluate(() => {
      document.querySelector('output')?.replaceChildren()
      document.querySelector<HTMLElement>('#call')?.click()
    })
    await expect.poll(() => textOf(page, 'output')).toMatch(/^200 .*"sub":"ada"/)
  }
  await call()
  scene.demo.expireAccessTokens()
  await call()
  expect(scene.demo.stats).toMatchObject({ logins: 1, refreshes: 1, refreshFailures: 0 })
}

describe('a site of plain files', () => {
  it('imports its own copy, under a policy of its own origin alone: login, API, refresh', async () => {
    await open()
    const page = await scene.tab('/index.html', { ready: false })
    await use(page)
  })

  it('imports dist/index.js of a copied folder, with its chunks', async () => {
    const body = read(`${EXAMPLES}/main.js`).replace('./refresh-worker.page.js', './refresh-worker/index.js')
    await open({ '/main.js': { type: 'text/javascript', body } })
    const page = await scene.tab('/index.html', { ready: false })
    await use(page)
  })
})

describe('a page that imports by name from another origin', () => {
  it.each(['refresh-worker.page.js', 'index.js'])('%s, whose hash it knows: login, API, refresh', async library => {
    const cdn = await openCdn()
    await open({ '/cdn.html': { type: 'text/html', body: cdnPage(cdn.origin, library) } })
    const page = await scene.tab('/cdn.html', { ready: false })
    await use(page)
    expect(cdn.paths).toContain(`${PACKAGE}/dist/${library}`)
  })

  it('runs nothing of a file that is not the one it knows', async () => {
    const cdn = await openCdn(text => `${text}\n// and more`)
    await open({ '/cdn.html': { type: 'text/html', body: cdnPage(cdn.origin) } })
    const page = await scene.tab('/cdn.html', { ready: false })
    await expect.poll(() => cdn.paths).toContain(`${PACKAGE}/dist/refresh-worker.page.js`)
    const problem = await page.evaluate("import('/main-by-name.js').then(() => null, ({ name }) => name)")
    expect(problem).toBe('TypeError')
    if (engine.name === 'firefox') {
      // It says so as an error of the page.
      const failures = scene.profile.failures as string[]
      await expect.poll(() => failures).toEqual([expect.stringContaining('hash')])
      failures.length = 0
    }
    expect(await textOf(page, '#status')).toBe('')
    expect(await page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length)).toBe(0)
  })
})

describe('the worker', () => {
  it('is a script of the site, and may import the library from another origin', async () => {
    const cdn = await openCdn()
    await open({ '/sw.js': file(`${EXAMPLES}/sw-cdn.js`, read(`${EXAMPLES}/sw-cdn.js`).replace(CDN, cdn.origin)) })
    const page = await scene.tab('/index.html', { ready: false })
    await use(page)
    expect(cdn.paths).toContain(`${PACKAGE}/dist/refresh-worker.js`)
  })

  it('obeys its own policy: it imports from hosts that this names, and from no other', async () => {
    const cdn = await openCdn()
    await open()
    const body = read(`${EXAMPLES}/sw-cdn.js`).replace(CDN, cdn.origin)
    let policy = "script-src 'self'"
    scene.serve('/sw.js', (_, response) => {
      response.setHeader('Content-Type', 'text/javascript')
      response.setHeader('Content-Security-Policy', policy)
      response.end(body)
    })
    const refused = await scene.tab('/index.html', { ready: false })
    await expect.poll(() => textOf(refused, '#status')).toMatch(/^script_error: /)
    expect(cdn.paths).not.toContain(`${PACKAGE}/dist/refresh-worker.js`)

    policy = `default-src 'none'; script-src 'self' ${cdn.origin}; connect-src 'self'`
    await refused.reload()
    await use(refused)
  })

  it('becomes a new version when what it imports from there has changed', async () => {
    let more = ''
    const cdn = await openCdn(text => text + more)
    await open({ '/sw.js': file(`${EXAMPLES}/sw-cdn.js`, read(`${EXAMPLES}/sw-cdn.js`).replace(CDN, cdn.origin)) })
    const page = await scene.tab('/index.html', { ready: false })
    await use(page)
    more =
      "\nself.addEventListener('message', ({ data, ports: [port] }) => data === 'changed?' && port.postMessage('yes'))"
    await page.evaluate(async () => {
      const registration = await navigator.serviceWorker.ready
      const isReplaced = new Promise(resolve => navigator.serviceWorker.addEventListener('controllerchange', resolve))
      await registration.update()
      await isReplaced
    })
    const answer = await page.evaluate(() => {
      const { port1, port2 } = new MessageChannel()
      navigator.serviceWorker.controller?.postMessage('changed?', [port2])
      return new Promise(resolve => {
        port1.onmessage = ({ data }) => resolve(data)
      })
    })
    expect(answer).toBe('yes')
  })

  it('of another origin is refused, with a code', async () => {
    const cdn = await openCdn()
    const body = read(`${EXAMPLES}/main.js`).replace('/sw.js', `${cdn.origin}${PACKAGE}/dist/refresh-worker.js`)
    await open({ '/main.js': { type: 'text/javascript', body } })
    const page = await scene.tab('/index.html', { ready: false })
    await expect.poll(() => textOf(page, '#status')).toMatch(/^script_error: /)
  })
})

describe('the entries of the package', () => {
  const { exports } = JSON.parse(read('package.json')) as { exports: Record<string, string | { default: string }> }
  const pathOf = (entry: string) => (exports[entry] as { default: string }).default.slice(1)

  it('load in a page as they are, but for those that import packages by name', async () => {
    const cdn = await openCdn()
    await open({ '/empty.html': { type: 'text/html', body: '<!doctype html><link rel="icon" href="data:,">' } })
    const page = await scene.tab('/empty.html', { ready: false })
    const load = (entry: string) => {
      const url = JSON.stringify(`${cdn.origin}${PACKAGE}${pathOf(entry)}`)
      return page.evaluate(`import(${url}).then(module => Object.keys(module).length > 0, ({ name }) => name)`)
    }
    for (const entry of ['.', './protocol', './presets', './testing', './in-page.js'])
      expect([entry, await load(entry)]).toEqual([entry, true])
    // For bundlers: what they import by name no browser finds.
    for (const entry of ['./in-page', './sw']) expect([entry, await load(entry)]).toEqual([entry, 'TypeError'])
  })

  it('have what pages do without a worker in one file, from another origin too', async () => {
    const cdn = await openCdn()
    await open({
      '/without.html': {
        type: 'text/html',
        body: `<!doctype html><meta http-equiv="Content-Security-Policy" content="worker-src 'none'"><link rel="icon" href="data:,">
<script type="importmap">${JSON.stringify({
          imports: Object.fromEntries(
            ['.', './in-page.js'].map(entry => [
              entry.replace('.', 'refresh-worker'),
              `${cdn.origin}${PACKAGE}${pathOf(entry)}`,
            ]),
          ),
        })}</script>
<script type="module">
import { register } from 'refresh-worker'
const withoutWorker = async () => {
  const { inPage } = await import('refresh-worker/in-page.js')
  return inPage({ apiUrls: ['/api/'], loginUrl: '/auth/login', useRefreshToken: true })
}
window.auth = register('/sw.js', { withoutWorker })
</script>`,
      },
    })
    const page = await scene.tab('/without.html')
    await page.evaluate(() =>
      fetch('/auth/login', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: '{"username":"ada","password":"lovelace"}',
      }),
    )
    await untilStatus(page, 'authenticated')
    scene.demo.expireAccessTokens()
    expect(await get(page, '/api/me')).toBe(200)
    expect(await page.evaluate(async () => (await window.auth.inspect()).worker.host)).toBe('page')
    expect(scene.demo.stats).toMatchObject({ refreshes: 1, refreshFailures: 0 })
  })
})
