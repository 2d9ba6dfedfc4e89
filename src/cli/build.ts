import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { buildWorker } from '../build/build-worker.ts'
import { RefreshWorkerError } from '../errors.ts'
import { mustBeNoLink, read, UsageError } from './files.ts'

export const BUILD_HELP = `Usage: refresh-worker build CONFIG --out FILE [--dev]

Makes one script of the library and your configuration, without what the configuration does not name,
and writes it to FILE, which your site serves at its root. CONFIG is a module, TypeScript or JavaScript,
whose default export is what setup() takes. It takes rolldown: npm install --save-dev rolldown

  --out FILE  such as public/sw.js; always written anew
  --dev       for development: with words in the console and a source map
`

export interface BuildJob {
  /** The module's path. */
  readonly folder: string
  /** The file to be written. */
  readonly target: string | undefined
  readonly dev: boolean
  readonly out: (text: string) => void
}

/** @throws {UsageError} what is wrong with the configuration, or what is missing */
export async function build({ folder: config, target, dev, out }: BuildJob): Promise<0> {
  if (!target) throw new UsageError('name the file that is to be written: --out public/sw.js')
  if ((await read(config)) === null) throw new UsageError(`${config} is not there`)
  await mustBeNoLink(target)
  const mode = dev ? 'development' : 'production'
  const { code } = await buildWorker({ config, mode }).catch(error => {
    throw error instanceof RefreshWorkerError ? new UsageError(error.message.replace(/^refresh-worker: /, '')) : error
  })
  await mkdir(dirname(target), { recursive: true })
  await writeFile(target, code)
  out(`wrote ${target}\n`)
  return 0
}
