/** Builds workers that are somebody else's too, as an application does: with the real packages, and ours as npm has it. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build as bundle } from 'esbuild'
import type { DemoOptions } from '../../examples/demo/app.mjs'
import { ensurePackages } from '../../scripts/packages.mjs'

export type Files = NonNullable<DemoOptions['files']>

const HERE = fileURLToPath(new URL('.', import.meta.url))
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const MODULES = join(HERE, 'node_modules')
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.json': 'application/json',
}

/** The packages that take part, by their own lock file, and beside them this one as it is built now. */
export async function installComposition(): Promise<void> {
  await ensurePackages(HERE)
  const own = join(MODULES, 'refresh-worker')
  rmSync(own, { recursive: true, force: true })
  mkdirSync(own)
  for (const name of ['package.json', 'dist']) cpSync(join(ROOT, name), join(own, name), { recursive: true })
}

/** What the applications consist of besides: two files to be precached. */
const assetsOf = (version: number): Readonly<Record<string, string>> => ({
  'shell.html': `<!doctype html><title>shell ${version}</title>`,
  'app.css': `/* app ${version} */`,
})

const served = (assets: Readonly<Record<string, string>>): Files =>
  Object.fromEntries(
    Object.entries(assets).map(([path, body]) => [`/${path}`, { type: TYPES[extname(path)] ?? 'text/plain', body }]),
  )

const bundled = (name: string, manifest: string) => async (version: number) => {
  const assets = assetsOf(version)
  const entries = Object.entries(assets).map(([url, body]) => ({
    url: `/${url}`,
    revision: createHash('sha1').update(body).digest('hex'),
  }))
  const { outputFiles } = await bundle({
    entryPoints: [join(HERE, name, 'sw.js')],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    define: { 'process.env.NODE_ENV': '"production"', [manifest]: JSON.stringify(entries) },
  })
  return served({ ...assets, 'sw.js': outputFiles[0]?.text ?? '' })
}

/** An application by Workbox: a worker that esbuild bundles. */
export const buildWorkbox = bundled('workbox', 'self.__WB_MANIFEST')
export const buildSerwist = bundled('serwist', 'self.__SW_MANIFEST')
export const buildPlugins = bundled('plugins', 'self.__WB_MANIFEST')
export const buildStrategies = bundled('strategies', 'self.__WB_MANIFEST')

/** What `ng build` would put beside an application. */
export async function buildAngular(version: number): Promise<Files> {
  return inFolder(folder => {
    const assets = assetsOf(version)
    for (const [path, body] of Object.entries(assets)) writeFileSync(join(folder, path), body)
    cpSync(join(HERE, 'angular/ngsw-config.json'), join(folder, 'ngsw-config.json'))
    const generator = join(MODULES, '@angular/service-worker/ngsw-config.js')
    // It takes no absolute paths.
    execFileSync(process.execPath, [generator, '.', 'ngsw-config.json', '/'], { cwd: folder })
    return served({
      ...assets,
      'ngsw.json': readFileSync(join(folder, 'ngsw.json'), 'utf8'),
      'ngsw-worker.js': readFileSync(join(MODULES, '@angular/service-worker/ngsw-worker.js'), 'utf8'),
      'sw.js': readFileSync(join(HERE, 'angular/sw.js'), 'utf8'),
    })
  })
}

/** A small application of Vite's, with vite-plugin-pwa. */
export async function buildVite(version: number): Promise<Files> {
  return inFolder(folder => {
    execFileSync(
      process.execPath,
      [join(ROOT, 'node_modules/vite/bin/vite.js'), 'build', '--outDir', folder, '--emptyOutDir'],
      {
        cwd: join(HERE, 'vite'),
        env: { ...process.env, NODE_ENV: 'production', VITE_VERSION: String(version) },
        // Shown where it fails.
        stdio: 'pipe',
      },
    )
    const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(path => extname(path))
    return served(Object.fromEntries(paths.map(path => [path, readFileSync(join(folder, path), 'utf8')])))
  })
}

function inFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'composition-'))
  try {
    return work(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
