// Prints what the builds weigh, and fails where one has outgrown its limit. A limit is raised on purpose or not at all.
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { inPageOf, oneFileOf } from './one-file.mjs'

/** Tokens in JSON, and nothing besides. */
const PLAIN = "export default { apiUrls: ['/api/'], useRefreshToken: true }"

// Bytes after gzip. The targets are not met yet.
const BUILDS = [
  { name: 'worker', code: readFileSync('dist/refresh-worker.js'), limit: 31_250, target: 6_000 },
  {
    name: 'one file',
    code: Buffer.from(await oneFileOf(PLAIN)),
    limit: 24_250,
    target: 8_000,
  },
  // Only where there is no worker, or none yet.
  { name: 'in page', code: readFileSync('dist/refresh-worker.in-page.js'), limit: 32_850, target: 20_000 },
  { name: 'in page, built', code: Buffer.from(await inPageOf(PLAIN)), limit: 26_900, target: 20_000 },
  {
    name: 'page',
    code: await bundled("import { register } from 'refresh-worker'; register('/sw.js')"),
    limit: 5_850,
    target: 2_500,
  },
]

/** What a page that imports this has to load at once. */
async function bundled(contents) {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: '.', sourcefile: 'entry.js' },
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
  const [entry] = outputs.find(([, { entryPoint }]) => entryPoint === 'entry.js')
  const loaded = new Set()
  const load = path => {
    loaded.add(path)
    for (const { path: other, kind } of metafile.outputs[path].imports)
      if (kind === 'import-statement' && !loaded.has(other)) load(other)
  }
  load(entry)
  return Buffer.concat(
    outputFiles.filter(({ path }) => loaded.has(relative('.', path))).map(({ contents }) => Buffer.from(contents)),
  )
}

const rows = BUILDS.map(({ name, code, limit, target }) => {
  const [gzip, brotli] = [gzipSync(code, { level: 9 }).length, brotliCompressSync(code).length]
  return { name, minified: code.length, gzip, brotli, limit, target }
})
console.table(Object.fromEntries(rows.map(({ name, ...sizes }) => [name, sizes])))
for (const { name, code } of BUILDS) {
  // With one other character, V8 keeps all of a script in two bytes for each.
  const other = /[^ -~\s]/.exec(code.toString())
  if (!other) continue
  console.error(`The ${name} has a character that is not ASCII: ${other[0]}`)
  process.exitCode = 1
}
for (const { name, gzip, limit } of rows) {
  if (gzip <= limit) continue
  console.error(`The ${name} is ${gzip - limit} bytes over its limit of ${limit} bytes after gzip.`)
  process.exitCode = 1
}
