// npm run bench: installs what is compared with, where that is not there yet, and runs main.ts.
import { execFileSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const folder = fileURLToPath(new URL('.', import.meta.url))
const installed = `${folder}node_modules/.package-lock.json`
const modified = path => statSync(path).mtimeMs
if (!existsSync(installed) || modified(installed) < modified(`${folder}package-lock.json`)) {
  // None of them runs anything in Node here, whatever version they ask for.
  const args = ['ci', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']
  execFileSync('npm', args, { cwd: folder, stdio: 'inherit', shell: process.platform === 'win32' })
}

// Beside its dependencies, which it imports from there and from the project's.
const outfile = `${folder}node_modules/.bench/main.mjs`
await build({
  entryPoints: [`${folder}main.ts`],
  outfile,
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  logLevel: 'error',
})
const { main } = await import(pathToFileURL(outfile).href)
await main(folder)
