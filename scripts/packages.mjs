import { execFile } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

/**
 * Installs the packages of a folder by its own lock file, unless that has been done since the file changed. Two calls
 * at once for the same folder would undo each other's work.
 */
export async function ensurePackages(folder, ...options) {
  const timeOf = file => statSync(join(folder, file), { throwIfNoEntry: false })?.mtimeMs ?? 0
  // npm writes the first one last.
  if (timeOf('node_modules/.package-lock.json') >= timeOf('package-lock.json')) return
  // Not what Vitest has set, which would leave packages out.
  const { NODE_ENV: _, ...env } = process.env
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error', ...options]
  await promisify(execFile)('npm', args, { cwd: folder, env, shell: process.platform === 'win32' })
}
