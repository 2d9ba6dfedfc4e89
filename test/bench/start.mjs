// npm run bench: installs what is compared with, where that is not there yet, and runs main.ts.
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { ensurePackages } from '../../scripts/packages.mjs'

const folder = fileURLToPath(new URL('.', import.meta.url))
// None of them runs anything in Node here, whatever version they ask for.
await ensurePackages(folder, '--ignore-scripts')

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
