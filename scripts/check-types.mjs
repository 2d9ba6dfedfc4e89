// Compiles what users write against the built package: for pages, workers, servers and builds, by the module resolution of
// bundlers and of Node, with optional properties taken at their word and not. In a folder that has the package installed:
// in this checkout its name leads the compiler to the sources.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

const PROJECTS = ['page', 'worker', 'server', 'build']
const [folder] = process.argv.slice(2)
const SETTINGS = [
  ['--module', 'esnext', '--moduleResolution', 'bundler', '--exactOptionalPropertyTypes', 'true'],
  ['--module', 'nodenext', '--moduleResolution', 'nodenext', '--exactOptionalPropertyTypes', 'false'],
  ['--module', 'node16', '--moduleResolution', 'node16', '--exactOptionalPropertyTypes', 'true'],
]

for (const project of PROJECTS)
  for (const settings of SETTINGS) {
    const args = ['tsc', '-p', join(folder, 'test/types', project), ...settings]
    try {
      execFileSync('npx', args, { stdio: 'inherit', shell: process.platform === 'win32' })
    } catch {
      console.error(`failed: ${args.join(' ')}`)
      process.exitCode = 1
    }
  }
