// Compiles as a bundler's configuration does: against the built package, with Node's types and no DOM's. Those of unplugin
// name all bundlers there are, so that they cannot be checked.
import { type BuiltWorker, buildWorker, refreshWorker } from 'refresh-worker/plugin'

export const plugins = [refreshWorker.vite({ config: 'src/auth-options.ts' }), refreshWorker.rollup({ config: 'a.js' })]
export const built: Promise<BuiltWorker> = buildWorker({ config: 'src/auth-options.ts' })
// @ts-expect-error: config is required
refreshWorker.esbuild({})
