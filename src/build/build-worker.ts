import { resolve } from 'node:path'
import { resolveConfigs } from '../core/options/configs.ts'
import { type Feature, featuresOf } from '../core/options/features-of.ts'
import type { Options } from '../core/options/options.ts'
import { RefreshWorkerError } from '../errors.ts'
import { OWN_FILES, withoutWords } from './without-words.ts'
import { WORKER } from './worker-file.ts'

declare const __VERSION__: string

/** Stands for the site that the script will be served from: what is relative is relative to that. */
const ANYWHERE = 'https://localhost/sw.js'

export interface BuildOptions {
  /** The path of the module, TypeScript or JavaScript, whose default export is the options of `setup()`. */
  readonly config: string
  /** `development`: with messages in the console, a source map, and all parts. */
  readonly mode?: 'development' | 'production'
  /** Code that replaces names in that module, such as `import.meta.env`, which Vite's plugin provides. */
  readonly define?: Readonly<Record<string, string>>
}

export interface BuiltWorker {
  /** A classic script that contains library and options. */
  readonly code: string
  /** The files of your application that it contains. */
  readonly inputs: readonly string[]
}

/** What stands for the parts of the library in its code, by name. */
export type Defines = Readonly<Record<string, 'true' | 'false'>>

/**
 * Makes the worker as one script from a configuration, without the parts of the library that the configuration does not name.
 * In a build for production, the errors that pages get have their codes, and a link in place of words.
 * @throws {ConfigError} code `config_error`: an option is unknown or wrong
 * @throws {RefreshWorkerError} code `build_failed`: Rolldown is not installed, or the module cannot be read or run in Node
 */
export async function buildWorker({ config, mode = 'production', define = {} }: BuildOptions): Promise<BuiltWorker> {
  const file = resolve(config)
  const { defines, inputs } = await readConfig(file, define)
  const isProduction = mode === 'production'
  const entry = `import { setup } from ${JSON.stringify(WORKER)}\nimport options from ${JSON.stringify(file)}\nsetup(options)`
  const code = await bundle(entry, {
    format: 'iife',
    minify: isProduction,
    sourcemap: isProduction ? false : 'inline',
    define: { ...define, 'process.env.NODE_ENV': JSON.stringify(mode), ...(isProduction ? defines : {}) },
  })
  const banner = `/*! refresh-worker ${__VERSION__}, MIT. Has code under the licences of the package's THIRD-PARTY-LICENSES.txt */\n`
  return { code: isProduction ? banner + code : code, inputs }
}

/** Which parts of the library a configuration takes, as what a bundler puts in the place of their names. */
export async function definesFor({ config, define = {} }: BuildOptions): Promise<Defines> {
  return (await readConfig(resolve(config), define)).defines
}

async function readConfig(
  file: string,
  define: Readonly<Record<string, string>>,
): Promise<{ defines: Defines; inputs: readonly string[] }> {
  const inputs: string[] = []
  const code = await bundle(`export { default } from ${JSON.stringify(file)}`, { format: 'esm', inputs, define })
  let options: Options | readonly Options[]
  try {
    options = (await import(`data:text/javascript,${encodeURIComponent(code)}`)).default
  } catch (error) {
    throw failed(`${file} cannot be run in Node, as it must be: keep what only a browser has in functions`, error)
  }
  // Says what is wrong with it.
  const features = resolveConfigs(options, ANYWHERE).map(featuresOf)
  const has = (name: Feature) => features.some(each => each[name])
  const names = Object.keys(features[0] ?? {}) as Feature[]
  const isBuilt = (name: string, is: boolean) => [`__RW_${name}__`, String(is) as 'true' | 'false'] as const
  return {
    defines: Object.fromEntries([...names.map(name => isBuilt(name, has(name))), isBuilt('CHECKS', false)]),
    inputs,
  }
}

interface BundleOptions {
  readonly format: 'iife' | 'esm'
  readonly minify?: boolean
  readonly sourcemap?: 'inline' | false
  readonly define?: Readonly<Record<string, string>>
  /** Gets the files of the application. */
  readonly inputs?: string[]
}

const ENTRY = '\0refresh-worker'

async function bundle(
  entry: string,
  { format, minify = false, sourcemap = false, define = {}, inputs }: BundleOptions,
) {
  const { rolldown } = await import('rolldown').catch(error => {
    throw failed('the worker is built by Rolldown: npm install --save-dev rolldown', error)
  })
  try {
    const made = await rolldown({
      input: ENTRY,
      platform: 'browser',
      transform: { define },
      logLevel: 'silent',
      plugins: [
        {
          name: 'refresh-worker',
          resolveId: id => (id === ENTRY ? id : null),
          load: id => {
            if (id === ENTRY) return entry
            inputs?.push(id)
            return null
          },
          transform: { filter: { id: OWN_FILES }, handler: code => (minify ? withoutWords(code) : null) },
        },
      ],
    })
    const { output } = await made.generate({ format, minify, sourcemap, codeSplitting: false })
    await made.close()
    return output[0].code
  } catch (error) {
    throw failed('the configuration cannot be bundled', error)
  }
}

function failed(problem: string, cause: unknown): RefreshWorkerError {
  const said = cause instanceof Error ? `: ${cause.message}` : ''
  return new RefreshWorkerError('build_failed', `refresh-worker: ${problem}${said}`, { cause })
}
