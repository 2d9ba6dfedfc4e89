/** docs/backends.md, as the tests print it. */
import type { Backend } from './backend.ts'

const HEAD = `<!-- Printed by test/browser/backends.test.ts: npm run docs:backends -->
# Backends

Servers as they are, each with the lines of the worker's script that it takes. \`RefreshWorker.presets\` comes with

\`\`\`sh
npx refresh-worker init public --presets     # public/refresh-worker.presets.js, and a script that imports it
\`\`\`

and, for a bundled worker, with \`import { directus } from 'refresh-worker/presets'\`. A preset is a function whose options you spread into yours: \`setup({ ...directus(), apiUrls: ['/items/'] })\`. Its paths are those of the server's documentation. Where yours has others, name them after the preset; \`baseUrl\` puts all of them on another origin. A server without a preset takes a few [options or hooks](configuration.md#servers-that-differ).

In Chromium, a page that knows nothing of the worker logs in, and calls the API in five tabs; then the token expires, all five call it at once, one logs out, logs in again, and the server refuses the next refresh. "Itself": the server, from npm or Debian. "By its documentation": a small server that answers as the documentation says, where the real one could not be had in these tests; check those lines against yours.

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
  return `${[`${HEAD}\n${table}`, ...[...rows.keys()].map(sectionOf)].join('\n\n')}\n`
}
