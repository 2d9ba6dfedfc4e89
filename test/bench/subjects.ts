import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { type BuildOptions, build, transform } from 'esbuild'
import { loadedAtOnce } from '../../scripts/loaded-at-once.mjs'
import type { File, Files, Site } from './server.ts'

export type SubjectName = 'plain' | 'pass' | 'constant' | 'ours' | 'inpage' | 'axa' | 'axios' | 'supabase' | 'auth0'

export interface Subject {
  readonly name: SubjectName
  readonly title: string
  readonly package: string | null
  readonly hasWorker: boolean
  /** Whether it does the job: keeps a session fresh by itself. */
  readonly refreshes: boolean
  /** How long before the expiry it takes a token for expired where told to wait as long as it goes (seconds). */
  readonly margin: number
  /** The shortest lifetime that it can live with (seconds). */
  readonly shortest: number
  /**
   * How long after that, by whole seconds, it is sure to take it for expired by its own rounding (milliseconds); null
   * where it counts in milliseconds, or does not count at all.
   */
  readonly slack: number | null
  /** What an application imports of it. */
  readonly entry: string | null
}

const of = (subject: Partial<Subject> & Pick<Subject, 'name' | 'title'>): Subject => ({
  package: null,
  hasWorker: false,
  refreshes: false,
  margin: 0,
  shortest: 1,
  slack: null,
  entry: null,
  ...subject,
})

export const SUBJECTS: readonly Subject[] = [
  of({ name: 'plain', title: 'no worker, token by hand' }),
  of({ name: 'pass', title: 'bare worker, passes through', hasWorker: true }),
  of({ name: 'constant', title: 'bare worker, constant header', hasWorker: true }),
  of({
    name: 'ours',
    title: 'refresh-worker',
    package: 'refresh-worker',
    hasWorker: true,
    refreshes: true,
    entry: "import { register } from 'refresh-worker'; globalThis.auth = register('/sw.js')",
  }),
  of({
    name: 'inpage',
    title: 'refresh-worker, without a worker',
    refreshes: true,
    entry:
      "import { register } from 'refresh-worker'; import { inPage } from 'refresh-worker/in-page'; globalThis.auth = register('/sw.js', { host: 'page', withoutWorker: async () => inPage({}) })",
  }),
  of({
    name: 'axa',
    title: '@axa-fr/oidc-client, its worker',
    package: '@axa-fr/oidc-client',
    hasWorker: true,
    refreshes: true,
    // It looks once a second, and rounds the seconds that are left.
    shortest: 3,
    slack: -480,
    entry:
      "import { OidcClient } from '@axa-fr/oidc-client'; globalThis.auth = OidcClient.getOrCreate(() => fetch)({})",
  }),
  of({
    name: 'axios',
    title: 'axios, axios-auth-refresh',
    package: 'axios-auth-refresh',
    refreshes: true,
    entry:
      "import axios from 'axios'; import { createAuthRefresh } from 'axios-auth-refresh'; createAuthRefresh(axios, async () => {})",
  }),
  of({
    name: 'supabase',
    title: '@supabase/auth-js',
    package: '@supabase/auth-js',
    refreshes: true,
    margin: 90,
    slack: 20,
    entry: "import { AuthClient } from '@supabase/auth-js'; globalThis.auth = new AuthClient({})",
  }),
  of({
    name: 'auth0',
    title: '@auth0/auth0-spa-js',
    package: '@auth0/auth0-spa-js',
    refreshes: true,
    margin: 60,
    slack: 1020,
    entry: "import { createAuth0Client } from '@auth0/auth0-spa-js'; globalThis.auth = createAuth0Client({})",
  }),
]

/** Those that do the same job: a library in the page neither sees other requests than its own nor pays for a worker. */
/** The libraries in the page: what we are without a worker is one of them. */
export const LIBRARIES = SUBJECTS.filter(
  ({ refreshes, hasWorker, name }) => refreshes && !hasWorker && name !== 'inpage',
)

export const RIVALS = SUBJECTS.filter(({ refreshes, hasWorker, name }) => refreshes && hasWorker && name !== 'ours')

const HTML = (site: Site, tag: string) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>bench</title>
<link rel="icon" href="data:,">
<script>globalThis.benchApiOrigin = ${JSON.stringify(site.apiOrigin)}; globalThis.benchOptions = ${JSON.stringify(optionsFor(site, tag))}</script>
<script type="module" src="/page.js"></script>
`

const WORKERS: Readonly<Partial<Record<SubjectName, (site: Site, tag: string) => string | Promise<string>>>> = {
  pass: () => `${TAKE_OVER}
addEventListener('fetch', event => event.respondWith(fetch(event.request)))
`,
  constant: async (site, tag) => {
    const token = await site.constantToken()
    switch (tag) {
      case 'stored':
        return `${TAKE_OVER}
${storedToken(token)}
addEventListener('fetch', event => {
  if (event.request.mode !== 'navigate') event.respondWith(read.then(token => send(event.request, token)))
})
${SEND}`
      case 'static':
        return `${TAKE_OVER}
addEventListener('install', event => {
  event.addRoutes({ condition: { not: { urlPattern: { pathname: '/api/*' } } }, source: 'network' })
})
addEventListener('fetch', event => event.respondWith(send(event.request, '${token}')))
${SEND}`
      default:
        return `${TAKE_OVER}
addEventListener('fetch', event => {
  if (event.request.mode !== 'navigate') event.respondWith(send(event.request, '${token}'))
})
${SEND}`
    }
  },
  ours: (site, tag) => `importScripts('/refresh-worker.js')
RefreshWorker.setup(${JSON.stringify(optionsFor(site, tag))})
`,
}

export const ONE_FILE = 'onefile'
/** Before the tag of a worker that notes how it starts. */
export const MARKED = 'marked'

/** Ours, as `refresh-worker build` makes it of the same options. */
async function buildOneFile(root: string, site: Site): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'refresh-worker-bench-'))
  const [config, script] = [join(folder, 'options.mjs'), join(folder, 'sw.js')]
  writeFileSync(config, `export default ${JSON.stringify(optionsFor(site, ''))}`)
  await promisify(execFile)(process.execPath, [join(root, 'dist/bin.js'), 'build', config, '--out', script])
  const code = readFileSync(script, 'utf8')
  rmSync(folder, { recursive: true })
  return code
}

/** Bytes, as servers compress at their best. */
export const gzip = (text: string) => gzipSync(text, { level: 9 }).length

const TAKE_OVER = `addEventListener('install', () => skipWaiting())
addEventListener('activate', event => event.waitUntil(clients.claim()))`

const SEND = `
function send(request, token) {
  const copy = new Request(request)
  copy.headers.set('Authorization', 'Bearer ' + token)
  return fetch(copy)
}
`

/** What it takes at least to have a token that survives the worker: one record, asked for as early as can be. */
const storedToken = (token: string) => `
const read = new Promise((resolve, reject) => {
  const opening = indexedDB.open('stored')
  opening.onupgradeneeded = () => opening.result.createObjectStore('tokens').put('${token}', 'token')
  opening.onerror = () => reject(opening.error)
  opening.onsuccess = () => {
    const reading = opening.result.transaction('tokens').objectStore('tokens').get('token')
    reading.onsuccess = () => resolve(reading.result)
    reading.onerror = () => reject(reading.error)
  }
})
`

/** The configuration of ours; `tag` says which measure asks. */
function optionsFor({ apiOrigin }: Site, tag: string): unknown {
  const [kind, size] = tag.split('-')
  const count = Number(size)
  const options = { apiUrls: ['/api/', `${apiOrigin}/api/`], refreshTokenUrl: '/oauth/token', useRefreshToken: true }
  const others = (amount: number) => Array.from({ length: amount }, (_, n) => `/other${n}/`)
  switch (kind) {
    case 'static':
      return { ...options, staticRoutes: true }
    case 'navigations':
    case 'routed':
    case 'both':
      return {
        apiUrls: options.apiUrls,
        loginUrl: '/auth/login',
        refreshTokenUrl: '/oauth/token',
        useRefreshToken: true,
        accessTokenIn: 'cookie',
        navigations: [kind === 'routed' ? '/app/' : '/'],
        staticRoutes: kind !== 'navigations',
      }
    case 'unkept':
      return { ...options, replayBodyLimit: 0 }
    case 'storm':
      // Nothing is refreshed before its expiry.
      return { ...options, refreshAhead: 0 }
    case 'urls':
      return { ...options, apiUrls: [...others(count - 1), '/api/'] }
    case 'sessions':
      return [
        ...others(count - 1).map((apiUrl, n) => ({
          apiUrls: [apiUrl],
          loginUrl: `/login-${n}`,
          useRefreshToken: true,
          storageKey: `other-${n}`,
        })),
        options,
      ]
    default:
      return options
  }
}

export interface Sizes {
  /** Bytes, gzip; null where it has none. */
  readonly worker: number | null
  readonly page: number | null
}

/** What subjects are made of: pages and workers, built once. */
export class Kit {
  readonly #root: string
  readonly #folder: string
  readonly #pages = new Map<SubjectName, string>()
  readonly #oneFiles = new Map<Site, Promise<string>>()
  readonly #prologue: string
  readonly #marks: string

  /** @param folder of the bench; @param root of the project */
  constructor(root: string, folder: string) {
    this.#root = root
    this.#folder = folder
    this.#prologue = readFileSync(join(folder, 'pages/count.js'), 'utf8')
    this.#marks = readFileSync(join(folder, 'pages/marks.js'), 'utf8')
  }

  async build(): Promise<void> {
    for (const { name } of SUBJECTS) this.#pages.set(name, await this.#bundle(`pages/${name}.js`))
  }

  readonly files: Files = async (site, label, path) => {
    const [name = '', fullTag = ''] = label.split('-at-')
    const isMarked = fullTag.startsWith(MARKED)
    const tag = isMarked ? fullTag.slice(MARKED.length) : fullTag
    const script = (body: string): File => ({ type: 'text/javascript', body })
    // The workers of the idle minute say when they do something.
    const before = isMarked ? this.#marks : tag === 'idle' ? this.#prologue : ''
    const worker = (body: string) => script(before + body)
    switch (path) {
      case '/':
      case '/callback':
        return { type: 'text/html; charset=utf-8', body: HTML(site, tag) }
      case '/page.js':
        return script(this.#pages.get(name as SubjectName) ?? '')
      case '/sw.js': {
        const source = tag === ONE_FILE ? await this.oneFile(site) : await WORKERS[name as SubjectName]?.(site, tag)
        return source === undefined ? null : worker(source)
      }
      case '/refresh-worker.js':
        return script(readFileSync(join(this.#root, 'dist/refresh-worker.js'), 'utf8'))
      case '/OidcServiceWorker.js':
        return worker(readFileSync(this.#axaWorker(), 'utf8'))
      case '/OidcTrustedDomains.js': {
        const trusted = {
          default: { oidcDomains: [site.origin], accessTokenDomains: [`${site.origin}/api`, `${site.apiOrigin}/api`] },
        }
        return script(`const trustedDomains = ${JSON.stringify(trusted)}`)
      }
      default:
        return null
    }
  }

  async sizes({ name, entry }: Subject): Promise<Sizes> {
    const workers: Partial<Record<SubjectName, () => string | Promise<string>>> = {
      ours: () => readFileSync(join(this.#root, 'dist/refresh-worker.js'), 'utf8'),
      // Not minified as it is shipped.
      axa: async () => {
        const { code } = await transform(readFileSync(this.#axaWorker(), 'utf8'), { minify: true, target: 'es2022' })
        return code
      },
    }
    const worker = await workers[name]?.()
    return {
      worker: worker === undefined ? null : gzip(worker),
      page: entry ? gzip(await loadedAtOnce(entry, this.#folder, this.#options())) : null,
    }
  }

  /** Ours as one script. Built once, or the browser's own checks for updates would have it built beside what is measured. */
  oneFile(site: Site): Promise<string> {
    const built = this.#oneFiles.get(site) ?? buildOneFile(this.#root, site)
    this.#oneFiles.set(site, built)
    return built
  }

  version(name: string): string {
    const path =
      name === 'refresh-worker'
        ? join(this.#root, 'package.json')
        : join(this.#folder, 'node_modules', name, 'package.json')
    if (!existsSync(path)) throw new Error(`${name} is not installed`)
    return JSON.parse(readFileSync(path, 'utf8')).version
  }

  #axaWorker(): string {
    const require = createRequire(join(this.#folder, 'package.json'))
    return join(
      require.resolve('@axa-fr/oidc-client/package.json'),
      '../../oidc-client-service-worker/dist/OidcServiceWorker.js',
    )
  }

  async #bundle(file: string): Promise<string> {
    const { outputFiles } = await build({
      ...this.#options(),
      entryPoints: [join(this.#folder, file)],
      bundle: true,
      write: false,
      format: 'esm',
      minify: true,
      logLevel: 'error',
    })
    return outputFiles[0]?.text ?? ''
  }

  #options(): BuildOptions {
    return {
      target: 'es2022',
      legalComments: 'none',
      alias: {
        'refresh-worker': join(this.#root, 'dist/index.js'),
        'refresh-worker/in-page': join(this.#root, 'dist/in-page.js'),
      },
      define: { 'process.env.NODE_ENV': '"production"' },
    }
  }
}
