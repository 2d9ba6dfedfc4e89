// Packs the package as `npm publish` would, and looks at it as its users get it: what is in it, whether its types and
// exports are right, whether every export can be imported, and whether the command line runs.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

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
  const isWanted = /^((LICENSE|package\.json|(README|CHANGELOG|SECURITY)\.md)$|docs\/[\w-]+\.md$|dist\/)/
  const unwanted = files.map(({ path }) => path).filter(path => !isWanted.test(path))
  if (unwanted.length > 0) throw new Error(`The package has files that nobody needs: ${unwanted.join(', ')}.`)

  const notices = ['', '.in-page'].map(of => readFileSync(`dist/THIRD-PARTY-LICENSES${of}.txt`, 'utf8')).join('\n')
  // Of all but what only bundlers and bundled workers import.
  const bundled = Object.keys(dependencies).filter(name => !['unplugin', 'workbox-routing'].includes(name))
  const unnamed = bundled.filter(name => !notices.includes(`${name} `))
  if (unnamed.length > 0) throw new Error(`The licences of bundled packages are missing: ${unnamed.join(', ')}.`)

  run('npx', ['publint', '--strict', tarball])
  run('npx', ['attw', tarball, '--profile', 'esm-only'])

  // As installed, with this checkout's dependencies.
  const home = join(scratch, 'node_modules', name)
  mkdirSync(home, { recursive: true })
  run('tar', ['-xzf', tarball, '-C', home, '--strip-components=1'])
  for (const dependency of Object.keys({ ...dependencies, ...peerDependencies }))
    symlinkSync(resolve('node_modules', dependency), join(scratch, 'node_modules', dependency), 'junction')

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
