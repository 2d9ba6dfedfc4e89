// Compiles what users write against the built package: for pages, workers and servers, by the module resolution of
// bundlers and of Node, with optional properties taken at their word and not.
import { execFileSync } from 'node:child_process'

const PROJECTS = ['page', 'worker', 'server']
const SETTINGS = [
  ['--module', 'esnext', '--moduleResolution', 'bundler', '--exactOptionalPropertyTypes', 'true'],
  ['--module', 'nodenext', '--moduleResolution', 'nodenext', '--exactOptionalPropertyTypes', 'false'],
  ['--module', 'node16', '--moduleResolution', 'node16', '--exactOptionalPropertyTypes', 'true'],
]

for (const project of PROJECTS)
  for (const settings of SETTINGS) {
    const args = ['tsc', '-p', `test/types/${project}`, ...settings]
    try {
      execFileSync('npx', args, { stdio: 'inherit', shell: process.platform === 'win32' })
    } catch {
      console.error(`failed: ${args.join(' ')}`)
      process.exitCode = 1
    }
  }
