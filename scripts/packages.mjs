import { execFile } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { lock } from 'proper-lockfile'

/**
 * Installs the packages of a folder by its own lock file, unless that has been done since the file changed. Test files
 * run side by side, and two installations in one folder would undo each other's work: the second waits for the first.
 */
export async function ensurePackages(folder, ...options) {
  const release = await lock(join(folder, 'package-lock.json'), {
    retries: { forever: true, minTimeout: 200, maxTimeout: 2_000 },
  })
  try {
    if (!isInstalled(folder)) await install(folder, options)
  } finally {
    await release()
  }
}

function isInstalled(folder) {
  const timeOf = file => statSync(join(folder, file), { throwIfNoEntry: false })?.mtimeMs ?? 0
  // npm writes the first one last.
  return timeOf('node_modules/.package-lock.json') >= timeOf('package-lock.json')
}

async function install(folder, options) {
  // Not what Vitest has set, which would leave packages out.
  const { NODE_ENV: _, ...env } = process.env
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error', ...options]
  await promisify(execFile)('npm', args, { cwd: folder, env, shell: process.platform === 'win32' })
}
