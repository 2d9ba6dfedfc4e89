import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

const ofDocs = readdirSync(`${ROOT}docs`).filter(name => name.endsWith('.md'))

/** The file of each page, and where it is in the site. */
export const PAGES = {
  'README.md': 'index.md',
  'SECURITY.md': 'security.md',
  'CONTRIBUTING.md': 'contributing.md',
  'CHANGELOG.md': 'changelog.md',
  ...Object.fromEntries(ofDocs.map(name => [`docs/${name}`, name])),
}

/** As a reader needs them. A page that is in no group comes last in the one of `OTHERS`. */
const GROUPS = {
  Start: ['index', 'which-setup', 'guide', 'migration'],
  Setup: ['frameworks', 'backends', 'server', 'libraries', 'composition', 'without-worker', 'without-a-bundler'],
  'How to': ['recipes', 'testing', 'devtools', 'troubleshooting'],
  Reference: ['configuration', 'page-api', 'api', 'protocol', 'engines', 'tried-with', 'versioning'],
  Project: ['comparison', 'how-it-works', 'security', 'performance', 'contributing', 'changelog'],
}
const OTHERS = 'How to'

/** Where a page's own title is too long for a list, or says nothing in one. */
const SHORT = {
  index: 'What it is',
  guide: 'Guide',
  composition: 'Inside your own worker',
  engines: 'Differences by engine',
  api: 'All exports',
  testing: 'Testing',
  server: 'A server',
}

const files = Object.fromEntries(Object.entries(PAGES).map(([file, page]) => [page.replace(/\.md$/, ''), file]))

const titleOf = name => SHORT[name] ?? /^# (.+)$/m.exec(readFileSync(ROOT + files[name], 'utf8'))?.[1] ?? name

const listed = Object.values(GROUPS).flat()
const unlisted = Object.keys(files).filter(name => !listed.includes(name))

export const sidebar = Object.entries(GROUPS).map(([text, names]) => ({
  text,
  items: [...names, ...(text === OTHERS ? unlisted : [])]
    .filter(name => files[name] && existsSync(ROOT + files[name]))
    .map(name => ({ text: titleOf(name), link: name === 'index' ? '/' : `/${name}` })),
}))
