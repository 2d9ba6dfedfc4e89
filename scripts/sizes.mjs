// Prints what the builds weigh, and fails where one has outgrown its limit. A limit is raised on purpose or not at all.
import { readFileSync } from 'node:fs'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { loadedAtOnce } from './loaded-at-once.mjs'
import { inPageOf, oneFileOf } from './one-file.mjs'

/** Tokens in JSON, and nothing besides. */
const PLAIN = "export default { apiUrls: ['/api/'], useRefreshToken: true }"

// Bytes after gzip. The targets are not met yet.
const BUILDS = [
  { name: 'worker', code: readFileSync('dist/refresh-worker.js'), limit: 36_000, target: 6_000 },
  {
    name: 'one file',
    code: Buffer.from(await oneFileOf(PLAIN)),
    limit: 26_950,
    target: 8_000,
  },
  // Only where there is no worker, or none yet.
  { name: 'in page', code: readFileSync('dist/refresh-worker.in-page.js'), limit: 38_050, target: 20_000 },
  { name: 'in page, built', code: Buffer.from(await inPageOf(PLAIN)), limit: 29_800, target: 20_000 },
  {
    name: 'page',
    code: Buffer.from(await loadedAtOnce("import { register } from 'refresh-worker'; register('/sw.js')", '.')),
    limit: 6_700,
    target: 2_500,
  },
]

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
