// What is wrong with the files of the packed package, as one line each.
import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, join, normalize } from 'node:path'

const WANTED = /^((LICENSE|package\.json|(README|CHANGELOG|SECURITY)\.md)$|docs\/[\w-]+\.(md|svg)$|dist\/)/
/** What the licences of this package and of those inside it ask for. */
const NOTICES = ['LICENSE', 'dist/THIRD-PARTY-LICENSES.txt', 'dist/THIRD-PARTY-LICENSES.in-page.txt']
/** In the repository alone: where npm's page leads, which takes relative links of the README for those of `repository`. */
const OF_README = ['docs/demo.png', 'CONTRIBUTING.md']
/** Pictures, which nobody looks at in `node_modules`. */
const PICTURE = /^docs\/screenshots\/.+\.png$/

/**
 * @param {string} home the folder that was unpacked
 * @param {readonly string[]} files paths in it
 * @returns {string[]}
 */
export function problemsOf(home, files) {
  const read = path => readFileSync(join(home, path), 'utf8')
  const unwanted = files.filter(path => !WANTED.test(path))
  const missing = NOTICES.filter(path => !files.includes(path))
  const used = usedBy(read, files)
  const unused = files.filter(path => path.startsWith('dist/') && !used.has(path))
  const dead = files.filter(path => path.endsWith('.md')).flatMap(path => deadLinks(read, path, home))
  return [
    ...unwanted.map(path => `${path} is packed, and nobody needs it`),
    ...missing.map(path => `${path} is not packed`),
    ...unused.map(path => `${path} is packed, and neither an entry nor the command line leads to it`),
    ...dead,
  ]
}

/** The files that entries lead to, by imports, and those that the command line copies. */
function usedBy(read, files) {
  const { exports, bin } = JSON.parse(read('package.json'))
  const used = new Set(NOTICES)
  const follow = path => {
    if (used.has(path)) return
    used.add(path)
    for (const [, name] of read(path).matchAll(/\b(?:from|import)\b\s*\(?\s*["'](\.[^"']+)\.[jt]s["']/g))
      follow(join(dirname(path), `${name}.${path.endsWith('.d.ts') ? 'd.ts' : 'js'}`))
  }
  const entries = Object.values(exports).flatMap(entry => (typeof entry === 'string' ? [] : Object.values(entry)))
  for (const path of [...entries, bin]) follow(normalize(path))
  const commands = read(normalize(bin))
  for (const path of files)
    if (["'", '"', '`'].some(quote => commands.includes(`${quote}${basename(path)}${quote}`))) follow(path)
  return used
}

/** Links of a document to files that are not in the package. */
function deadLinks(read, document, home) {
  const text = read(document).replace(/^```.*?^```$/gms, '')
  return [...text.matchAll(/\]\(([^)\s#]+)(?:#[^)\s]*)?\)/g)].flatMap(([, target]) => {
    if (/^[a-z]+:/.test(target)) return []
    const path = join(dirname(document), target)
    if (PICTURE.test(path) || (document === 'README.md' && OF_README.includes(path))) return []
    return existsSync(join(home, path)) ? [] : [`${document} links to ${path}, which is not in the package`]
  })
}
