/** PostgreSQL and Redis, each on a socket in a folder of its own. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { installByApt } from '../../scripts/browsers.mjs'

const POSTGRES = '/usr/lib/postgresql'

export interface Database {
  /** The folder or the file of its socket. */
  readonly where: string
  stop(): Promise<void>
}

export interface Postgres extends Database {
  /** As if it had crashed: all connections are cut, and what was committed is there afterwards. */
  crash(): void
  start(): void
}

/** Null where it is not there, and cannot be installed: other than as root on Debian. */
export async function openPostgres(): Promise<Postgres | null> {
  if (!ensure(() => existsSync(POSTGRES), 'postgresql')) return null
  const bin = join(POSTGRES, readdirSync(POSTGRES).sort().at(-1) ?? '', 'bin')
  const folder = mkdtempSync(join(tmpdir(), 'refresh-worker-postgres-'))
  const isRoot = process.getuid?.() === 0
  // It does not run as root.
  if (isRoot) execFileSync('chown', ['postgres', folder])
  chmodSync(folder, 0o755)
  const as = (...command: readonly string[]) => (isRoot ? ['runuser', '-u', 'postgres', '--', ...command] : command)
  const run = ([file = '', ...args]: readonly string[]) => execFileSync(file, args, { stdio: 'ignore', cwd: folder })
  const data = join(folder, 'data')
  run(as(join(bin, 'initdb'), '-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync'))
  const options = `-k ${folder} -c listen_addresses= -c fsync=off`
  const control = (...args: readonly string[]) => run(as(join(bin, 'pg_ctl'), '-D', data, '-w', ...args))
  const start = () => control('-o', options, '-l', join(folder, 'log'), 'start')
  const crash = () => control('-m', 'immediate', 'stop')
  start()
  return {
    where: folder,
    start,
    crash,
    stop: async () => {
      crash()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export async function openRedis(): Promise<Database | null> {
  const isThere = () => existsSync('/usr/bin/redis-server') || existsSync('/usr/local/bin/redis-server')
  if (!ensure(isThere, 'redis-server')) return null
  const folder = mkdtempSync(join(tmpdir(), 'refresh-worker-redis-'))
  const where = join(folder, 'socket')
  const child = spawn('redis-server', ['--port', '0', '--unixsocket', where, '--save', '', '--dir', folder])
  child.stdout.resume()
  while (!existsSync(where)) {
    if (child.exitCode !== null) throw new Error('redis-server has ended')
    await sleep(20)
  }
  return {
    where,
    stop: async () => {
      child.kill()
      if (child.exitCode === null) await once(child, 'exit')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function ensure(isThere: () => boolean, name: string): boolean {
  if (!isThere() && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) installByApt(name)
  if (!isThere() && process.env.CI) throw new Error(`${name} is missing: apt-get install ${name}`)
  return isThere()
}
