/** The examples of docs/without-worker.md: one configuration for the worker and for pages that have none. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterEach, expect, it } from 'vitest'
import { get, logIn, Scene, untilStatus, useBrowser } from './harness.ts'

const browser = useBrowser()
let scene: Scene
afterEach(() => scene.close())

const FORBID = `<meta http-equiv="Content-Security-Policy" content="worker-src 'none'">`
const EXAMPLES = 'examples/without-worker'
const script = (body: string) => ({ type: 'text/javascript', body })
const read = (path: string) => script(readFileSync(path, 'utf8'))

/** As a site serves it that has no bundler. */
async function plain() {
  const names = ['auth-options.js', 'sw.js', 'in-page.js', 'main.js']
  const files = names.map(name => [`/${name}`, read(join(EXAMPLES, 'plain', name))] as const)
  return {
    ...Object.fromEntries(files),
    '/refresh-worker.page.js': read('dist/refresh-worker.page.js'),
    '/refresh-worker.in-page.js': read('dist/refresh-worker.in-page.js'),
  }
}

/** As a bundler makes it: a worker, and a page of which a part is loaded where it is needed. */
async function bundled() {
  const usual = {
    bundle: true,
    write: false,
    minify: true,
    outdir: 'out',
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"' },
    alias: {
      'refresh-worker': './dist/index.js',
      'refresh-worker/sw': './dist/sw.js',
      'refresh-worker/in-page': './dist/in-page.js',
    },
  } as const
  const [worker, page] = await Promise.all([
    build({ ...usual, entryPoints: [`${EXAMPLES}/bundled/sw.js`], format: 'iife' }),
    build({ ...usual, entryPoints: [`${EXAMPLES}/bundled/main.js`], format: 'esm', splitting: true }),
  ])
  const files = [...worker.outputFiles, ...page.outputFiles]
  return Object.fromEntries(files.map(({ path, text }) => [path.replace(/^.*\/out/, ''), script(text)]))
}

it.each([
  ['without a bundler', plain],
  ['with a bundler', bundled],
])('one configuration serves both hosts, %s', async (_, filesOf) => {
  const page = (head: string) => ({
    type: 'text/html',
    body: `<!doctype html>${head}<meta charset="utf-8"><link rel="icon" href="data:,">
<script type="module">import { auth } from '/main.js'; window.auth = auth</script>`,
  })
  scene = await Scene.open(browser, {
    lifetime: 600,
    files: { ...(await filesOf()), '/without.html': page(FORBID), '/with.html': page('') },
  })
  for (const [path, host] of [
    ['/without.html', 'page'],
    ['/with.html', 'worker'],
  ] as const) {
    const tab = await scene.tab(path)
    expect(await tab.evaluate(async () => (await window.auth.inspect()).worker.host)).toBe(host)
    if (host === 'page') await logIn(tab)
    await untilStatus(tab, 'authenticated')
    scene.demo.expireAccessTokens()
    expect(await get(tab, '/api/me')).toBe(200)
  }
  expect(scene.demo.stats.refreshFailures).toBe(0)
})
