// Removes the declarations that no export of the package leads to: most are of the inside of the worker.
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

const { exports } = JSON.parse(readFileSync('package.json', 'utf8'))
const needed = new Set()

function follow(path) {
  if (needed.has(path)) return
  needed.add(path)
  for (const [, name] of readFileSync(path, 'utf8').matchAll(/\b(?:from|import)\b\s*\(?'(\.[^']+)\.[jt]s'/g))
    follow(join(dirname(path), `${name}.d.ts`))
}

for (const { types } of Object.values(exports)) if (types) follow(resolve(types))
for (const entry of readdirSync('dist/types', { recursive: true, withFileTypes: true })) {
  const path = resolve(entry.parentPath, entry.name)
  if (entry.isFile() && !needed.has(path)) rmSync(path)
}
