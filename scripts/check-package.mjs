// Packs the package as `npm publish` would, and installs it in a folder as its users do: what is in it, where its documents
// link to, whether its types and exports are right, whether every export can be imported, whether code that uses them
// compiles, and whether the command line runs.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { problemsOf } from './packed-files.mjs'

const { name, exports, dependencies, peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
const scratch = mkdtempSync(join(tmpdir(), 'refresh-worker-package-'))

/** Runs a command, and fails with what it has said. */
function run(command, args, cwd = '.') {
  return execFileSync(command, args, { cwd, encoding: 'utf8', shell: process.platform === 'win32' })
}

try {
  const [{ filename, files }] = JSON.parse(
    run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', scratch]),
  )
  const tarball = join(scratch, filename)
  const notices = ['', '.in-page'].map(of => readFileSync(`dist/THIRD-PARTY-LICENSES${of}.txt`, 'utf8')).join('\n')
  // Of all but what only bundlers and bundled workers import.
  const bundled = Object.keys(dependencies).filter(name => !['unplugin', 'workbox-routing'].includes(name))
  const unnamed = bundled.filter(name => !notices.includes(`${name} `))
  if (unnamed.length > 0) throw new Error(`The licences of bundled packages are missing: ${unnamed.join(', ')}.`)

  run('npx', ['publint', '--strict', tarball])
  run('npx', ['attw', tarball, '--profile', 'esm-only'])

  // As an application installs it, with what only servers need. Its own dependencies come with it, or are missed below.
  writeFileSync(join(scratch, 'package.json'), '{ "private": true, "type": "module" }')
  const quietly = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']
  run('npm', ['install', ...quietly, tarball, `jose@${peerDependencies.jose}`], scratch)
  const home = join(scratch, 'node_modules', name)
  const problems = problemsOf(
    home,
    files.map(({ path }) => path),
  )
  if (problems.length > 0) throw new Error(problems.join('\n'))

  const specifiers = Object.keys(exports).map(path => path.replace('.', name))
  // These are for workers alone; that they are there is all that Node can tell.
  const isForWorkers = specifier => /\/(sw|worker(\.dev)?\.js)$/.test(specifier)
  const lines = specifiers.map(specifier => {
    if (isForWorkers(specifier)) return `await access(new URL(import.meta.resolve('${specifier}')))`
    const options = specifier.endsWith('.json') ? ", { with: { type: 'json' } }" : ''
    return `if (Object.keys(await import('${specifier}'${options})).length === 0) throw new Error('${specifier} is empty')`
  })
  writeFileSync(join(scratch, 'import.mjs'), ["import { access } from 'node:fs/promises'", ...lines].join('\n'))
  run(process.execPath, ['import.mjs'], scratch)

  // What users write, compiled where they write it. The types of Node and Express are this checkout's.
  symlinkSync(resolve('node_modules/@types'), join(scratch, 'node_modules/@types'), 'junction')
  for (const path of ['tsconfig.base.json', 'test/types']) cpSync(path, join(scratch, path), { recursive: true })
  const code = readdirSync('test/types', { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8'))
    .join('\n')
  const untried = specifiers.filter(specifier => !specifier.endsWith('.json') && !code.includes(`'${specifier}'`))
  if (untried.length > 0) throw new Error(`test/types has no code that imports ${untried.join(', ')}.`)
  run(process.execPath, [resolve('scripts/check-types.mjs'), scratch])

  const bin = join(home, 'dist/bin.js')
  run(process.execPath, [bin, 'init', 'public'], scratch)
  run(process.execPath, [bin, 'check', 'public'], scratch)
  console.log(`${filename}: ${files.length} files, ${specifiers.length} exports, types and command line are right`)
} catch (error) {
  console.error(error.stdout || error.message)
  process.exitCode = 1
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
