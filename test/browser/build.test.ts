/** The worker as one script: by the plugin in each bundler, and by the command line. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { build as esbuild } from 'esbuild'
import { rolldown } from 'rolldown'
import { rollup } from 'rollup'
import { build as vite } from 'vite'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ensurePackages } from '../../scripts/packages.mjs'
import type { refreshWorker as Plugin } from '../../src/build/plugin.ts'
import { get, logIn, Scene, stateOf, useBrowser } from './harness.ts'

const BUNDLERS = resolve('test/bundlers')
const bundler = createRequire(join(BUNDLERS, 'package.json'))
let plugin: typeof Plugin
beforeAll(async () => {
  await ensurePackages(BUNDLERS)
  // As it is built: it looks for the library beside itself.
  const built: { refreshWorker: typeof Plugin } = await import(pathToFileURL(resolve('dist/plugin.js')).href)
  plugin = built.refreshWorker
})

const browser = useBrowser()
let scene: Scene | undefined
let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'refresh-worker-'))
  await mkdir(join(root, 'node_modules'))
  await symlink(resolve('.'), join(root, 'node_modules/refresh-worker'))
  await writeFile(
    join(root, 'main.js'),
    "import { register } from 'refresh-worker'\nwindow.auth = register('/sw.js')\n",
  )
  await writeFile(join(root, 'auth.config.ts'), CONFIG)
})
afterEach(async () => {
  await scene?.close()
  scene = undefined
  await rm(root, { recursive: true })
})

const CONFIG = `interface Typed { name: string }
const { name }: Typed = { name: '/api/' }
export default { apiUrls: [(url: URL) => url.pathname.startsWith(name)], logoutUrl: '/auth/logout', useRefreshToken: true }
`

/** Each makes `out/main.js` of `main.js`, and beside it the worker's script. */
const bundle: Readonly<Record<string, () => Promise<unknown>>> = {
  esbuild: () =>
    esbuild({
      absWorkingDir: root,
      entryPoints: ['main.js'],
      bundle: true,
      format: 'esm',
      outdir: join(root, 'out'),
      plugins: [plugin.esbuild({ config: join(root, 'auth.config.ts') })],
    }),
  rollup: async () => {
    const { default: nodeResolve } = await import('@rollup/plugin-node-resolve')
    const plugins = [nodeResolve({ browser: true }), plugin.rollup({ config: join(root, 'auth.config.ts') })]
    const made = await rollup({ input: join(root, 'main.js'), plugins: plugins.flat() })
    await made.write({ dir: join(root, 'out') })
  },
  rolldown: async () => {
    const plugins = [plugin.rolldown({ config: join(root, 'auth.config.ts') })]
    const made = await rolldown({ input: join(root, 'main.js'), plugins: plugins.flat() })
    await made.write({ dir: join(root, 'out') })
  },
  vite: () =>
    vite({
      root,
      configFile: false,
      logLevel: 'silent',
      plugins: [plugin.vite({ config: 'auth.config.ts' })],
      build: {
        outDir: 'out',
        rolldownOptions: { input: join(root, 'main.js'), output: { entryFileNames: 'main.js' } },
      },
    }),
  webpack: () => packed('webpack', plugin.webpack({ config: 'auth.config.ts' })),
  rspack: () => packed('@rspack/core', plugin.rspack({ config: 'auth.config.ts' })),
}

interface Packed {
  hasErrors(): boolean
  toString(): string
}

function packed(name: string, one: unknown): Promise<void> {
  const pack: (options: object, done: (error: Error | null, stats?: Packed) => void) => void = bundler(name)
  const options = {
    context: root,
    mode: 'production',
    entry: './main.js',
    output: { path: join(root, 'out'), filename: 'main.js' },
    plugins: [one],
    experiments: { outputModule: true },
  }
  return new Promise((resolve, reject) => {
    pack(options, (error, stats) => {
      if (error || stats?.hasErrors()) reject(error ?? new Error(String(stats)))
      else resolve()
    })
  })
}

const file = (name: string) => readFile(join(root, name), 'utf8')

/** Uses what was built, as somebody does: by `main.js` if that is there. Settles with what an error of the worker's says. */
async function use(worker: string, page?: string, more: Scene['files'] = {}) {
  const files = {
    ...more,
    '/sw.js': { type: 'text/javascript', body: worker },
    ...(page ? { '/main.js': { type: 'text/javascript', body: page }, '/page.html': PAGE } : {}),
  }
  scene = await Scene.open(browser, { files })
  const tab = await scene.tab(page ? '/page.html' : '/test.html')
  expect((await logIn(tab)).status).toBe(200)
  expect(await get(tab, '/api/me')).toBe(200)
  scene.demo.expireAccessTokens()
  const statuses = await tab.evaluate(async () =>
    Promise.all(Array.from({ length: 20 }, async (_, n) => (await fetch(`/api/orders/${n + 1}`)).status)),
  )
  expect(statuses).toEqual(Array.from({ length: 20 }, () => 200))
  expect(scene.demo.stats).toMatchObject({ refreshes: 1, refreshFailures: 0 })
  await tab.evaluate(() => window.auth.logout())
  expect(await stateOf(tab)).toEqual({ status: 'anonymous', reason: 'logout' })
  const { demo } = scene
  await expect.poll(() => demo.stats.logouts).toBe(1)
  return tab.evaluate(() => window.auth.updateToken().catch(({ message }: Error) => message))
}

/** Of an error of a production build. */
const EXPLAINED = /^not_authenticated: see https:\/\/\S+\/docs\/troubleshooting\.md#not_authenticated$/

const PAGE = {
  type: 'text/html',
  body: '<!doctype html><meta charset="utf-8"><title>test</title><link rel="icon" href="data:,"><script type="module" src="/main.js"></script>',
}

describe('the plugin', () => {
  it.each(Object.keys(bundle))('makes the worker in %s', async name => {
    await bundle[name]?.()
    const [worker, page] = [await file('out/sw.js'), await file('out/main.js')]
    expect(await use(worker, page)).toMatch(EXPLAINED)
    // Nor has the page words of its own.
    expect(page).not.toContain('the worker has been unregistered')
  })

  it("in Vite knows the environment of the build, and leaves out of a page's host what the options do not name", async () => {
    await writeFile(join(root, '.env'), 'VITE_API=/api/')
    await writeFile(
      join(root, 'auth.config.ts'),
      "export default { apiUrls: [import.meta.env.VITE_API], useRefreshToken: true, logoutUrl: '/auth/logout' }",
    )
    await writeFile(
      join(root, 'host.js'),
      "import { inPage } from 'refresh-worker/in-page'\nimport options from './auth.config.ts'\nexport default inPage(options)",
    )
    await writeFile(
      join(root, 'main.js'),
      "import { register } from 'refresh-worker'\nwindow.auth = register('/sw.js', { withoutWorker: () => import('./host.js') })",
    )
    await bundle.vite?.()
    const chunks = await readdir(join(root, 'out/assets'))
    const assets = await Promise.all(
      chunks.map(
        async name => [`/assets/${name}`, { type: 'text/javascript', body: await file(`out/assets/${name}`) }] as const,
      ),
    )
    const [, { body: host }] = assets.find(([path]) => path.includes('/host')) as (typeof assets)[0]
    expect(host).toContain('refresh_token')
    // Of a revocation, which is not configured.
    expect(host).not.toContain('token_type_hint')
    await use(await file('out/sw.js'), await file('out/main.js'), Object.fromEntries(assets))
  })

  it('stops a build whose options are wrong, and says which', async () => {
    await writeFile(join(root, 'auth.config.ts'), 'export default { apiUrl: [] }')
    for (const name of ['esbuild', 'rollup', 'webpack'])
      await expect(bundle[name]?.()).rejects.toThrow(/there is no such option; did you mean apiUrls\?/)
  })
})

/** Runs the command, settles with what it says. */
async function command(...args: string[]): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [resolve('dist/bin.js'), 'build', ...args], {
    cwd: root,
  }).catch(error => error)
  return stdout + stderr
}

describe('refresh-worker build', () => {
  it('makes the worker, without what its configuration does not name', async () => {
    expect(await command('auth.config.ts', '--out', 'public/sw.js')).toBe('wrote public/sw.js\n')
    const built = await file('public/sw.js')
    expect(built).toMatch(/^\/\*! refresh-worker \d\S+, MIT\. Has code under the licences /)
    expect(await use(built)).toMatch(EXPLAINED)
    const whole = await readFile('dist/refresh-worker.js')
    expect(gzipSync(built).length).toBeLessThan(0.85 * gzipSync(whole).length)
  })

  it('makes one for development, which says in the console what it does', async () => {
    await command('auth.config.ts', '--out', 'sw.js', '--dev')
    const built = await file('sw.js')
    expect(built).toContain('sourceMappingURL=data:')
    expect(await use(built)).toBe('nobody is logged in: log in first')
  })

  it.each([
    ['wrong options', 'export default { apiUrls: [], dpop: 1 }', /option apiUrls: got \[\], takes an array/],
    ['two that claim one URL', "export default [{ apiUrls: ['/a/'] }, { apiUrls: ['/a/'] }]", /storageKey/],
    ['a module that only a browser can run', 'export default { apiUrls: [self.origin] }', /cannot be run in Node/],
    ['a module that cannot be read', 'export default {', /cannot be bundled: .*PARSE_ERROR/s],
    ['no default export', 'export const a = 1', /cannot be bundled: .*MISSING_EXPORT/s],
  ])('says what is wrong: %s', async (_, config, message) => {
    await writeFile(join(root, 'auth.config.ts'), config)
    expect(await command('auth.config.ts', '--out', 'sw.js')).toMatch(message)
    await expect(file('sw.js')).rejects.toThrow('ENOENT')
  })

  it('makes a script that refuses to start with other options than it was built for', async () => {
    const dpop = "typeof registration === 'object'"
    await writeFile(
      join(root, 'auth.config.ts'),
      `export default { apiUrls: ['/api/'], useRefreshToken: true, dpop: ${dpop} }`,
    )
    await command('auth.config.ts', '--out', 'sw.js')
    scene = await Scene.open(browser, { files: { '/sw.js': { type: 'text/javascript', body: await file('sw.js') } } })
    const tab = await scene.tab('/test.html', { ready: false })
    const failure = await tab.evaluate(() => window.auth.ready.catch(({ code, message }) => ({ code, message })))
    expect(failure).toMatchObject({ code: 'config_error', message: expect.stringContaining('built without DPOP') })
  })

  it('says which file is missing, and which argument', async () => {
    expect(await command('nowhere.ts', '--out', 'sw.js')).toContain('nowhere.ts is not there')
    expect(await command('auth.config.ts')).toContain('--out public/sw.js')
    await symlink(join(root, 'main.js'), join(root, 'linked.js'))
    expect(await command('auth.config.ts', '--out', 'linked.js')).toContain('is a symbolic link')
  })
})
