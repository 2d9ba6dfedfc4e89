import { defineConfig } from 'vitest/config'
import { ENGINE_NAMES, type EngineName, findBrowser, isRequired } from './scripts/browsers.mjs'
import { CountReporter } from './test/count-reporter.ts'

/** One for each project: Vitest takes away what it has read. */
const define = () => ({ __VERSION__: JSON.stringify('0.0.0-test') })

/** The same tests in each engine. One that is not there is left out, which scripts/browsers.mjs has said loudly. */
const engines = ENGINE_NAMES.filter(name => isRequired(name) || findBrowser(name))

// `npm test` is to take a quarter of an hour at most: it takes a cross-section, and EVERYWHERE=1 (`npm run test:all`) all.

/** What is the worker's own doing or an application's, the same in any engine, or takes a kill, which only Chromium has. */
const ONE_ENGINE = [
  'backends',
  'build',
  'cdn',
  'composition',
  'cookie-servers',
  'demo',
  'demo-store',
  'devtools',
  'discovery',
  'docs-site',
  'existing-libraries',
  'faults',
  'frameworks',
  'hostile',
  'kill',
  'libraries',
  'limits',
  'modes',
  'msw',
  'oauth',
  'peers',
  'recipes',
  'refusals',
  'renewal',
  'secrets',
  'session-cache',
  'sessions',
  'rendered',
  'testing-guides',
  'versions',
  'vite',
  'without-worker-examples',
]

/** What takes long, and is shown elsewhere for the most part. */
const LEFT_OUT: Readonly<Record<EngineName, readonly string[]>> = {
  chromium: ['docs-site', 'limits', 'testing-guides'],
  firefox: [...ONE_ENGINE, 'without-worker'],
  webkit: [...ONE_ENGINE, 'storage', 'without-worker'],
}

const leftOut = (folder: string, engine: EngineName) =>
  folder === 'browser' && !process.env.EVERYWHERE ? LEFT_OUT[engine].map(name => `test/browser/${name}.test.ts`) : []

const browserProject = (folder: string) => (engine: EngineName, index: number) => ({
  define: define(),
  test: {
    name: engine,
    include: [`test/${folder}/**/*.test.ts`],
    exclude: leftOut(folder, engine),
    provide: { engine, host: 'worker' as const, isOneFile: false },
    globalSetup: 'test/browser/global-setup.ts',
    // Left to Node, as whoever copies them does: Vite has another way to resolve a package, and two of graphql are one too many.
    server: { deps: { external: [/\/examples\/recipes\//] } },
    // More than there are processors of two, since a test waits for much of its time.
    maxWorkers: 3,
    // So that a worker's browser serves all of its files.
    isolate: false,
    sequence: { groupOrder: 1 + index },
    testTimeout: 120_000,
    // Nobody's promise: a machine may be busy.
    expect: { poll: { timeout: 30_000 } },
    hookTimeout: 120_000,
  },
})

/** The tests of the whole core, by what a host has it answer. */
const WHOLE_CORE = [
  'cookie-sessions',
  'session-kinds',
  'session-kinds-faults',
  'existing-code',
  'hold',
  'hooks',
  'requests/operations',
]

/** What is run in pages that may have no worker, too (P1). */
const IN_PAGE = [
  'requests',
  'main-job',
  'users',
  'pages',
  'modes',
  'refusals',
  'storage',
  'sessions',
  'hooks',
  'existing-code',
  'limits',
  'secrets',
]

/** Of them, what takes long, and what the core decides: with EVERYWHERE=1 only. */
const IN_PAGE_LONG = ['storage', 'limits', 'refusals']

/** Of them, what an engine decides. */
const IN_PAGE_EVERYWHERE = ['requests', 'pages']

const withoutWorker = (engine: EngineName, index: number) => {
  const { test } = browserProject('browser')(engine, index)
  const short = engine === 'chromium' ? IN_PAGE.filter(name => !IN_PAGE_LONG.includes(name)) : IN_PAGE_EVERYWHERE
  const names = process.env.EVERYWHERE ? IN_PAGE : short
  const include = names.map(name => `test/browser/${name}.test.ts`)
  return {
    define: define(),
    test: { ...test, name: `${engine}-page`, include, provide: { engine, host: 'page' as const, isOneFile: false } },
  }
}

/** What is run by a worker that was built as one script, too: without what the options of each test do not name. */
const ONE_FILE = ['main-job', 'modes', 'hooks', 'sessions']
const ONE_FILE_EVERYWHERE = [
  'cookies',
  'existing-code',
  'limits',
  'discovery',
  'refusals',
  'renewal',
  'secrets',
  'users',
]

const oneFile = () => {
  const { test } = browserProject('browser')('chromium', 0)
  const names = process.env.EVERYWHERE ? [...ONE_FILE, ...ONE_FILE_EVERYWHERE] : ONE_FILE
  const include = names.map(name => `test/browser/${name}.test.ts`)
  const provide = { engine: 'chromium' as const, host: 'worker' as const, isOneFile: true }
  return { define: define(), test: { ...test, name: 'chromium-onefile', include, provide } }
}

export default defineConfig(({ mode }) => ({
  test: {
    reporters: ['default', new CountReporter()],
    // It warns of its own pages, which are for development.
    onConsoleLog: text => !text.includes('oidc-provider '),
    projects: [
      ...engines.map(browserProject(mode === 'measure' ? 'measure' : 'browser')),
      ...(mode === 'measure' ? [] : engines.map(withoutWorker)),
      ...(mode !== 'measure' && engines.includes('chromium') ? [oneFile()] : []),
      // `--mode browser`: so that `--project` can choose among the engines
      ...(mode === 'browser' || mode === 'measure'
        ? []
        : [
            {
              define: define(),
              test: {
                name: 'unit',
                provide: { host: 'worker' as const },
                include: ['test/unit/**/*.test.ts', 'examples/testing/*.test.ts'],
                testTimeout: 60_000,
                sequence: { groupOrder: 0 },
              },
            },
            {
              define: define(),
              // What the whole core does, by the page that keeps the session itself.
              test: {
                name: 'unit-page',
                provide: { host: 'page' as const },
                include: WHOLE_CORE.map(name => `test/unit/core/${name}.test.ts`),
                sequence: { groupOrder: 0 },
              },
            },
            {
              define: define(),
              // Stores and adapters against what they are for, in Node.
              test: {
                name: 'server',
                include: ['test/server/**/*.test.ts'],
                testTimeout: 60_000,
                hookTimeout: 300_000,
                sequence: { groupOrder: 0 },
              },
            },
            {
              define: define(),
              test: {
                name: 'model',
                include: ['test/model/**/*.test.ts'],
                testTimeout: 60_000,
                sequence: { groupOrder: 0 },
              },
            },
          ]),
    ],
  },
}))
