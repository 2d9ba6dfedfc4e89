import { resolve } from 'node:path'
import { createUnplugin, type UnpluginFactory } from 'unplugin'
import { buildWorker, definesFor } from './build-worker.ts'
import { OWN_FILES, withoutWords } from './without-words.ts'

export type { Options } from '../core/options/options.ts'
export { ConfigError, RefreshWorkerError } from '../errors.ts'
export { type BuildOptions, type BuiltWorker, buildWorker } from './build-worker.ts'

export interface PluginOptions {
  /** The path, from the root of the project, of the module whose default export is the options of `setup()`. */
  readonly config: string
  /** The name of the worker's script at the root of the site; by default `sw.js`. */
  readonly file?: string
}

const NAME = 'refresh-worker'

/** What webpack and Rspack have alike, as far as it is needed. */
interface Packer {
  readonly context: string
  readonly options: { readonly mode?: string }
  readonly webpack: {
    readonly Compilation: { readonly PROCESS_ASSETS_STAGE_ADDITIONAL: number }
    readonly sources: { readonly RawSource: new (code: string) => unknown }
  }
  readonly hooks: { readonly thisCompilation: { tap(name: string, hear: (compilation: Packing) => void): void } }
}

interface Packing {
  readonly fileDependencies: { add(file: string): void }
  readonly hooks: {
    readonly processAssets: {
      tapPromise(when: { readonly name: string; readonly stage: number }, make: () => Promise<void>): void
    }
  }
  emitAsset(name: string, source: unknown, info: { readonly minimized: boolean }): void
}

const factory: UnpluginFactory<PluginOptions> = ({ config, file = 'sw.js' }, meta) => {
  let root = process.cwd()
  let mode: 'development' | 'production' = 'production'
  let define: Record<string, string> = {}
  /** It is made elsewhere: by Vite's server, by webpack's hooks. And what is rendered on a server has no worker. */
  let isOthers = false
  /** webpack and Rspack take assets when they have made their own. */
  const pack = (compiler: Packer) => {
    isOthers = true
    root = compiler.context
    mode = compiler.options.mode === 'development' ? 'development' : 'production'
    compiler.hooks.thisCompilation.tap(NAME, compilation => {
      const { PROCESS_ASSETS_STAGE_ADDITIONAL: stage } = compiler.webpack.Compilation
      compilation.hooks.processAssets.tapPromise({ name: NAME, stage }, async () => {
        const { code, inputs } = await build()
        for (const input of inputs) compilation.fileDependencies.add(input)
        compilation.emitAsset(file, new compiler.webpack.sources.RawSource(code), { minimized: true })
      })
    })
  }
  const build = () => buildWorker({ config: resolve(root, config), mode, define })

  return {
    name: NAME,
    async buildStart() {
      const { environment } = this as { environment?: { name: string } }
      if (isOthers || (environment && environment.name !== 'client')) return
      const { code, inputs } = await build()
      // esbuild watches only what it has loaded itself.
      if (meta.framework !== 'esbuild') for (const input of inputs) this.addWatchFile(input)
      this.emitFile({ type: 'asset', fileName: file, source: code })
    },
    // In pages, too.
    transform: { filter: { id: OWN_FILES }, handler: code => (mode === 'production' ? withoutWords(code) : null) },
    webpack: compiler => pack(compiler as unknown as Packer),
    rspack: compiler => pack(compiler as unknown as Packer),
    vite: {
      configResolved: async resolved => {
        const { command, build, env } = resolved
        root = resolved.root
        // What else `define` says, the application has for its pages.
        define = { 'import.meta.env': JSON.stringify(env) }
        isOthers = command === 'serve' || Boolean(build.ssr)
        if (command === 'serve') mode = 'development'
        // The page's own host, too, has only what is named.
        else {
          const defines = await definesFor({ config: resolve(root, config), define })
          for (const one of [resolved, ...Object.values(resolved.environments ?? {})])
            Object.assign(one, { define: { ...one.define, ...defines } })
        }
      },
      configureServer: server => {
        server.middlewares.use(`${server.config.base}${file}`, async (_, response, next) => {
          try {
            const { code } = await build()
            response.setHeader('Content-Type', 'text/javascript')
            response.setHeader('Cache-Control', 'no-cache')
            response.end(code)
          } catch (error) {
            next(error)
          }
        })
      },
    },
  }
}

/**
 * Makes the worker's script from a configuration, as one file at the root of the site. In development it does so for each
 * request. In a build it leaves out what the configuration does not name. `refreshWorker.vite({ config: 'src/auth.config.ts' })`;
 * also `.rollup`, `.rolldown`, `.webpack`, `.rspack` and `.esbuild`.
 */
export const refreshWorker = createUnplugin(factory)
