/** docs/backends.md, as the tests print it. */
import type { Backend } from './backend.ts'

const HEAD = `<!-- Printed by test/browser/backends.test.ts: npm run docs:backends -->
# Backends

Each section below has the lines of the worker's script for one server. To get \`RefreshWorker.presets\`, run

\`\`\`sh
npx refresh-worker init public --presets     # public/refresh-worker.presets.js, and a script that imports it
\`\`\`

In a bundled worker, use \`import { directus } from 'refresh-worker/presets'\`. A preset is a function; spread its options into yours: \`setup({ ...directus(), apiUrls: ['/items/'] })\`. Its paths are those of the server's documentation. If yours has others, name them after the preset; \`baseUrl\` puts all of them on another origin. For a server without a preset, set a few [options or hooks](configuration.md#servers-that-differ).

The tests run in Chromium. A page that knows nothing of the worker logs in and calls the API in five tabs. The token expires, and all five call the API at once. One tab logs out and logs in again, and then the server refuses the next refresh. "Itself" means that the server came from npm or Debian. "By its documentation" means that a small server answered as the documentation says: check those lines against yours. [Below](#servers-that-were-imitated) is why. Those of Firebase and Cognito have 700 packages, so they run with \`EVERYWHERE=1\` only, as before a release.

| server | tried | login, API | five tabs at the expiry | logout | a refused refresh |
|---|---|---|---|---|---|`

const howTried = ({ source }: Backend) => (source.startsWith('https:') ? `by its [documentation](${source})` : 'itself')

export function rowOf(backend: Backend, seen: readonly string[]): string {
  return `| ${[backend.title, howTried(backend), ...seen].join(' | ')} |`
}

export function sectionOf({ title, setup }: Backend): string {
  const files = setup.includes('presets.') ? "'refresh-worker.js', 'refresh-worker.presets.js'" : "'refresh-worker.js'"
  return `## ${title}\n\n\`\`\`js\nimportScripts(${files})\nRefreshWorker.setup(${setup})\n\`\`\``
}

export function documentOf(rows: ReadonlyMap<Backend, readonly string[]>): string {
  const table = [...rows].map(([backend, seen]) => rowOf(backend, seen)).join('\n')
  const imitated = [...rows.keys()].flatMap(({ title, why }) => (why === undefined ? [] : [`- ${title}: ${why}.`]))
  const whys = `## Servers that were imitated\n\nThe tests run in Node 20, and install servers from npm and Debian 12.\n\n${imitated.join('\n')}`
  return `${[`${HEAD}\n${table}`, ...[...rows.keys()].map(sectionOf), whys].join('\n\n')}\n`
}
