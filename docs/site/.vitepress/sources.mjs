import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ROOT } from './pages.mjs'

/** The files and folders of the repository that pages link to. */
const linked = new Set()

/** The URL of a file or folder in the site, as text; `page` is what links to it. */
export function sourceOf(path, page) {
  if (!existsSync(join(ROOT, path))) throw new Error(`${page} links to ${path}, which is not there`)
  linked.add(path)
  return `/${nameOf(path)}`
}

const nameOf = path => `source/${path.replace(/\/$/, '')}.txt`

export function writeSources(folder) {
  for (const path of linked) {
    const file = join(folder, nameOf(path))
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, textOf(path))
  }
}

function textOf(path) {
  const full = join(ROOT, path)
  if (statSync(full).isFile()) return readFileSync(full, 'utf8')
  return readdirSync(full, { recursive: true, encoding: 'utf8' })
    .filter(name => !name.includes('node_modules') && statSync(join(full, name)).isFile())
    .sort()
    .map(name => `==> ${path}/${name} <==\n\n${readFileSync(join(full, name), 'utf8')}`)
    .join('\n\n')
}
