import { chmodSync, readFileSync } from 'node:fs'
import resolve from '@rollup/plugin-node-resolve'
import replace from '@rollup/plugin-replace'
import terser from '@rollup/plugin-terser'
import esbuild from 'rollup-plugin-esbuild'
import license from 'rollup-plugin-license'

const { version, dependencies, peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8'))

const external = [...Object.keys(dependencies), ...Object.keys(peerDependencies)].map(
  name => new RegExp(`^${name}(/|$)`),
)
const typescript = esbuild({ target: 'es2022' })
/** A script that is ready to be used has all parts: see src/core/features.ts. */
const WHOLE = Object.fromEntries(
  [...readFileSync('src/core/features.ts', 'utf8').matchAll(/declare const (\w+)/g)].map(([, name]) => [name, 'true']),
)
const constants = values =>
  replace({ preventAssignment: true, values: { __VERSION__: JSON.stringify(version), ...values } })

/** What the licences of bundled packages ask for. A licence that we do not know fails the build. */
const notices = file =>
  license({
    thirdParty: {
      includeSelf: false,
      allow: { test: '(MIT OR Apache-2.0)', failOnUnlicensed: true, failOnViolation: true },
      output: {
        file: `dist/${file}`,
        template: packages =>
          packages
            .map(({ name, version, license, licenseText }) => `${name} ${version}: ${license}\n\n${licenseText}`)
            .join('\n\n---\n\n'),
      },
    },
  })

const NOTICES = 'THIRD-PARTY-LICENSES.txt'
const IN_PAGE_NOTICES = 'THIRD-PARTY-LICENSES.in-page.txt'

const banner = file => `/*! refresh-worker ${version}, MIT. Has code under the licences of the package's ${file} */`
const ownBanner = `/*! refresh-worker ${version}, MIT */`

/** The classic script that `importScripts` takes: everything inside, since a worker resolves no package names. */
export const worker = (mode, file, plugins, input = 'sw/worker.ts') => ({
  input,
  plugins: [
    resolve({ browser: true }),
    typescript,
    constants({ 'process.env.NODE_ENV': JSON.stringify(mode), ...WHOLE }),
    ...plugins,
  ],
  output: {
    file,
    format: 'iife',
    banner: banner(NOTICES),
  },
})

/** The same for pages without a bundler, and without a worker. */
const inPage = (mode, plugins, output) => ({
  ...worker(mode, undefined, plugins, 'src/in-page/index.ts'),
  output: { format: 'es', banner: banner(IN_PAGE_NOTICES), ...output },
})

export const minified = terser({ ecma: 2020, compress: { passes: 3 }, format: { comments: /^!/, ascii_only: true } })

export default [
  {
    // What bundlers take: dependencies stay imports, and NODE_ENV is the application's to replace, as with Workbox.
    input: {
      devtools: 'src/devtools/index.ts',
      'in-page': 'src/in-page/index.ts',
      index: 'src/index.ts',
      plugin: 'src/build/plugin.ts',
      presets: 'src/presets/index.ts',
      protocol: 'src/protocol.ts',
      testing: 'src/testing/index.ts',
      express: 'src/server/express.ts',
      server: 'src/server/index.ts',
      sw: 'sw/index.ts',
    },
    external: [...external, /^(node:|unplugin$)/],
    plugins: [typescript, constants({})],
    output: { dir: 'dist', format: 'es', chunkFileNames: 'shared/[name].js' },
  },
  {
    input: 'src/cli/bin.ts',
    external: [/^node:/, 'rolldown'],
    // npm makes it one when it links the package: what is built after that has to be one by itself.
    plugins: [typescript, constants({}), { name: 'executable', writeBundle: ({ file }) => chmodSync(file, 0o755) }],
    output: { file: 'dist/bin.js', format: 'es', banner: '#!/usr/bin/env node' },
  },
  worker('production', 'dist/refresh-worker.js', [minified, notices(NOTICES)]),
  inPage('production', [minified, notices(IN_PAGE_NOTICES)], {
    dir: 'dist',
    entryFileNames: 'refresh-worker.in-page.js',
    // What reads an EventSource's stream, which few pages open.
    chunkFileNames: 'refresh-worker.event-source.js',
  }),
  {
    // The page's side for the same: one file, so that one hash says what it is. It has no other package's code inside.
    input: 'src/index.ts',
    plugins: [typescript, constants({}), minified],
    output: { file: 'dist/refresh-worker.page.js', format: 'es', inlineDynamicImports: true, banner: ownBanner },
  },
  worker('production', 'dist/refresh-worker.presets.js', [minified], 'src/presets/script.ts'),
  worker('production', 'dist/kill.js', [minified], 'sw/kill.ts'),
  worker('development', 'dist/refresh-worker.dev.js', []),
  inPage('development', [], { file: 'dist/refresh-worker.in-page.dev.js', inlineDynamicImports: true }),
]
