import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { BUILD_HELP, type BuildJob, build } from './build.ts'
import { mustBeFolder, mustBeNoLink, read, UsageError } from './files.ts'
import { INIT_HELP, type InitJob, init, LIBRARIES, librariesFor, WORKER } from './init.ts'
import { PROBE_HELP, play } from './probe/play.ts'

/** The parts of Node that the command line uses to talk. */
export type Terminal = Readonly<Record<'out' | 'err', (text: string) => void>>

/**
 * Runs a command.
 * @param dist the folder of the built library
 * @returns the exit code: 0; 1 where a check has failed; 2 where the command was wrong, or files could not be written
 */
export async function main(args: readonly string[], dist: string, { out, err }: Terminal): Promise<0 | 1 | 2> {
  try {
    const { command, folders, values } = parse(args)
    if (values.help) out(command?.help ?? HELP)
    else if (values.version) out(`refresh-worker ${await versionOf(dist)}\n`)
    else {
      if (!command) throw new UsageError(`name a command: ${NAMES}`)
      const [folder, ...rest] = folders
      if (!folder || rest.length > 0) throw new UsageError(`name one ${command.takes ?? 'folder, such as public'}`)
      const { file = 'sw.js', force = false, presets = false, page = false, dev = false } = values
      const { 'in-page': inPage = false } = values
      if (LIBRARIES.includes(file) || !file || /[/\\]/.test(file))
        throw new UsageError(`--file takes a name, other than ${WORKER}`)
      return await command.run({ dist, folder, file, force, presets, page, inPage, target: values.out, dev, out })
    }
    return 0
  } catch (error) {
    if (error instanceof UsageError) err(`refresh-worker: ${error.message}\nrefresh-worker --help tells more.\n`)
    // Node's own words: which file it was, and why.
    else if (error instanceof Error && 'syscall' in error) err(`refresh-worker: ${error.message}\n`)
    else throw error
    return 2
  }
}

const OPTIONS = {
  dev: { type: 'boolean' },
  file: { type: 'string' },
  force: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  'in-page': { type: 'boolean' },
  out: { type: 'string' },
  page: { type: 'boolean' },
  presets: { type: 'boolean' },
  version: { type: 'boolean' },
} as const

interface Values {
  readonly dev?: boolean
  readonly file?: string
  readonly force?: boolean
  readonly help?: boolean
  readonly 'in-page'?: boolean
  readonly out?: string
  readonly page?: boolean
  readonly presets?: boolean
  readonly version?: boolean
}

type Job = InitJob & BuildJob

interface Command {
  readonly run: (job: Job) => Promise<0 | 1>
  readonly options: readonly (keyof Values)[]
  /** Where it is no folder. */
  readonly takes?: string
  readonly help: string
}

const COMMANDS: Readonly<Record<string, Command>> = {
  init: {
    run: init,
    options: ['file', 'force', 'in-page', 'page', 'presets'],
    help: INIT_HELP,
  },
  build: {
    run: build,
    takes: 'module, such as src/auth.config.ts',
    options: ['dev', 'out'],
    help: BUILD_HELP,
  },
  check: {
    run: check,
    options: [],
    help: `Usage: refresh-worker check DIR

Fails (exit code 1) unless DIR/${WORKER} is this version's, and so are the other files that
init has put there. For CI.
`,
  },
  probe: {
    run: play,
    takes: 'file, such as probe.json',
    options: [],
    help: PROBE_HELP,
  },
  kill: {
    run: kill,
    options: ['file', 'force'],
    help: `Usage: refresh-worker kill DIR [--file NAME] [--force]

Replaces DIR/sw.js by a worker that removes the session and unregisters itself. The one that was
there is kept as sw.js.bak.

  --file NAME  the name of your worker script, where it is not sw.js
  --force      write over an older sw.js.bak
`,
  },
}

const NAMES = 'init, build, check, kill or probe'

const HELP = `Usage: refresh-worker <command> DIR [options]

DIR is the folder that your site serves at its root, or at the root of the worker's scope, such as public.

  init DIR     put the worker there: ${WORKER} and sw.js
  build FILE   make one script of the library and a configuration
  check DIR    fail unless DIR/${WORKER} is this version's
  kill DIR     replace sw.js by a worker that removes the session and unregisters itself
  probe FILE   play a worker against your server, and say what to change there or in the options

  --help       this text; after a command, what it does and which options it takes
  --version    the version

Exit codes: 0; 1 where a check has failed; 2 where the command was wrong, or files could not be written.
`

async function check({ dist, folder, out }: Job): Promise<0 | 1> {
  await mustBeFolder(folder)
  const version = await versionOf(dist)
  let code: 0 | 1 = 0
  for (const name of await librariesFor(folder, { presets: false, page: false, inPage: false })) {
    const copy = join(folder, name)
    const [theirs, ours] = [await read(copy), await read(join(dist, name))]
    if (theirs !== null && theirs === ours) {
      out(`${copy} is that of refresh-worker ${version}\n`)
      continue
    }
    out(`${copy} ${problemOf(theirs, version)}: run refresh-worker init ${folder}\n`)
    code = 1
  }
  return code
}

function problemOf(script: string | null, version: string): string {
  if (script === null) return 'is not there'
  const theirs = /^\/\*! refresh-worker (\S+),/.exec(script)?.[1]
  if (theirs === undefined) return "is not this library's"
  return theirs === version ? `is not as ${version} has it` : `is of ${theirs}, and this is ${version}`
}

async function kill({ dist, folder, file, force, out }: Job): Promise<0> {
  await mustBeFolder(folder)
  const script = join(folder, file)
  const backup = `${script}.bak`
  for (const path of [script, backup]) await mustBeNoLink(path)
  const killer = await readFile(join(dist, 'kill.js'), 'utf8')
  const yours = await read(script)
  if (yours !== null && yours !== killer) {
    if (!force && (await read(backup)) !== null)
      throw new UsageError(`${backup} is there already, and may be all that is left of a worker: move it, or --force`)
    await rename(script, backup)
    out(`kept your worker as ${backup}\n`)
  }
  await writeFile(script, killer)
  out(`wrote ${script}: browsers that load it lose the session and the worker\n`)
  return 0
}

function parse(args: readonly string[]): { command: Command | null; folders: readonly string[]; values: Values } {
  // Not strict: Node would explain what is wrong in its own way, and knows nothing of commands.
  const { values, positionals } = parseArgs({
    args: [...args],
    options: OPTIONS,
    allowPositionals: true,
    strict: false,
  })
  const [name, ...folders] = positionals
  const command = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (name !== undefined && !command) throw new UsageError(`there is no command ${name}: ${NAMES}`)

  const known: readonly string[] = [...(command?.options ?? []), 'help', 'version']
  for (const [option, value] of Object.entries(values)) {
    const given = option.length === 1 ? `-${option}` : `--${option}`
    if (!known.includes(option))
      throw new UsageError(
        `${command ? `${name} takes` : 'there is'} no ${given}: ${known.map(other => `--${other}`).join(', ')}`,
      )
    if (typeof value !== OPTIONS[option as keyof Values].type)
      throw new UsageError(`${given} takes ${['file', 'out'].includes(option) ? 'a name' : 'no value'}`)
  }
  return { command: command ?? null, folders, values: values as Values }
}

async function versionOf(dist: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(dist, '../package.json'), 'utf8'))
  return version
}

/** The folder that this file is built into. */
export const DIST = fileURLToPath(new URL('.', import.meta.url))
