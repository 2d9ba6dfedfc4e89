import { copyFile, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const HELP = `Usage: refresh-worker <command> DIR [options]

DIR is the folder that your site serves at its root, or at the root of the worker's scope, such as public.

  init DIR     put the worker there: refresh-worker.js, which is the library's and always written anew,
               and sw.js, which is yours and only written where there is none
  check DIR    fail (exit code 1) unless DIR/refresh-worker.js is this version's: for CI
  kill DIR     replace sw.js by a worker that removes the session and unregisters itself;
               the one that was there is kept as sw.js.bak

Options:
  --file NAME  the name of your worker script, where it is not sw.js
  --force      init: write sw.js anew; kill: write over an older sw.js.bak
  --help, --version
`

const WORKER = 'refresh-worker.js'

const SCRIPT = `importScripts('${WORKER}')
RefreshWorker.setup({
  apiUrls: ['/api/'], // what gets the access token
  loginUrl: '/auth/login', // a POST here logs in
  useRefreshToken: true,
  staticRoutes: true, // take this out when this script gets a fetch listener of its own
})
`

/** The parts of Node that the command line uses to talk. */
export interface Terminal {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
}

/** A mistake of whoever called, or of the folder: what was wrong and what to do. */
class UsageError extends Error {}

/**
 * Runs a command.
 * @param dist the folder of the built library
 * @returns the exit code: 0; 1 where a check has failed; 2 where the command was wrong
 */
export async function main(args: readonly string[], dist: string, { out, err }: Terminal): Promise<0 | 1 | 2> {
  try {
    const { values, positionals } = parse(args)
    if (values.help) out(HELP)
    else if (values.version) out(`${await versionOf(dist)}\n`)
    else {
      const [command, folder, ...rest] = positionals
      if (!command) throw new UsageError('name a command: init, check or kill')
      if (!Object.hasOwn(COMMANDS, command)) throw new UsageError(`there is no command ${command}: init, check or kill`)
      if (!folder || rest.length > 0) throw new UsageError(`${command} takes one folder, such as public`)
      const { file = 'sw.js', force = false } = values
      if (file === WORKER || /[/\\]/.test(file)) throw new UsageError(`--file takes a name, other than ${WORKER}`)
      const run = COMMANDS[command as keyof typeof COMMANDS]
      return await run({ dist, folder, file, force, out })
    }
    return 0
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    err(`refresh-worker: ${error.message}\n`)
    return 2
  }
}

interface Job {
  readonly dist: string
  readonly folder: string
  readonly file: string
  readonly force: boolean
  readonly out: Terminal['out']
}

const COMMANDS = { init, check, kill }

async function init({ dist, folder, file, force, out }: Job): Promise<0> {
  await mkdir(folder, { recursive: true })
  await copyFile(join(dist, WORKER), join(folder, WORKER))
  out(`wrote ${join(folder, WORKER)}\n`)
  const script = join(folder, file)
  const yours = await read(script)
  if (yours === null || force) {
    await writeFile(script, SCRIPT)
    out(`wrote ${script}: name your URLs there\n`)
  } else if (!yours.includes(WORKER)) out(`left ${script} as it is; its first lines should be:\n\n${SCRIPT}\n`)
  out(`On your pages: import { register } from 'refresh-worker'; const auth = register('/${file}')\n`)
  return 0
}

async function check({ dist, folder, out }: Job): Promise<0 | 1> {
  await mustBeFolder(folder)
  const copy = join(folder, WORKER)
  const [theirs, ours] = [await read(copy), await read(join(dist, WORKER))]
  const problem = theirs === null ? 'is not there' : theirs === ours ? null : 'is of another version'
  const remedy = `: run refresh-worker init ${folder}`
  out(`${copy} ${problem ? problem + remedy : `is that of ${await versionOf(dist)}`}\n`)
  return problem ? 1 : 0
}

async function kill({ dist, folder, file, force, out }: Job): Promise<0> {
  await mustBeFolder(folder)
  const script = join(folder, file)
  const killer = await readFile(join(dist, 'kill.js'), 'utf8')
  const yours = await read(script)
  if (yours !== null && yours !== killer) {
    const backup = `${script}.bak`
    if (!force && (await read(backup)) !== null)
      throw new UsageError(`${backup} is there already, and may be all that is left of a worker: move it, or --force`)
    await rename(script, backup)
    out(`kept your worker as ${backup}\n`)
  }
  await writeFile(script, killer)
  out(`wrote ${script}: browsers that load it lose the session and the worker\n`)
  return 0
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        file: { type: 'string' },
        force: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean' },
      },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

async function mustBeFolder(path: string) {
  const isFolder = await stat(path).then(
    found => found.isDirectory(),
    () => false,
  )
  if (!isFolder) throw new UsageError(`${path} is no folder`)
}

/** Null where there is no such file. */
async function read(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

async function versionOf(dist: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(dist, '../package.json'), 'utf8'))
  return `refresh-worker ${version}`
}

/** The folder that this file is built into. */
export const DIST = fileURLToPath(new URL('.', import.meta.url))
