import { relative } from 'node:path'
import { build } from 'esbuild'

const ENTRY = 'entry.js'

/**
 * What a page has to load at once that consists of this source: its chunk, and those that it imports, but not those that it
 * may import later.
 * @param {string} source
 * @param {string} folder from where the source imports
 * @param {import('esbuild').BuildOptions} options
 * @returns {Promise<string>}
 */
export async function loadedAtOnce(source, folder, options = {}) {
  const { outputFiles, metafile } = await build({
    ...options,
    stdin: { contents: source, resolveDir: folder, sourcefile: ENTRY },
    bundle: true,
    minify: true,
    splitting: true,
    format: 'esm',
    outdir: 'out',
    metafile: true,
    write: false,
    logLevel: 'error',
  })
  const outputs = Object.entries(metafile.outputs)
  const [entry] = outputs.find(([, { entryPoint }]) => entryPoint?.endsWith(ENTRY))
  const loaded = new Set()
  const load = path => {
    loaded.add(path)
    for (const { path: other, kind } of metafile.outputs[path].imports)
      if (kind === 'import-statement' && !loaded.has(other)) load(other)
  }
  load(entry)
  return outputFiles
    .filter(({ path }) => loaded.has(relative('.', path)))
    .map(({ text }) => text)
    .join('')
}
