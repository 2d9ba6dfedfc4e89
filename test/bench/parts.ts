import { readFileSync } from 'node:fs'
import { type Plugin, rollup } from 'rollup'
import { parseAst } from 'rollup/parseAst'
import { minified, worker } from '../../rollup.config.mjs'
import { gzip } from './subjects.ts'

/** A part of the worker: the modules that are left out, and what stands in their place where that is more than nothing. */
interface Part {
  readonly title: string
  readonly modules: RegExp
  readonly stub?: string
}

const PARTS: readonly Part[] = [
  { title: 'DPoP', modules: /\b(tokens\/dpop(-key)?|sw\/es256)\.ts$/ },
  { title: 'discovery (`issuer`)', modules: /\btokens\/endpoints\.ts$/ },
  {
    title: 'several configurations',
    modules: /\boptions\/configs\.ts$/,
    stub: "export { resolveConfig as resolveConfigs } from './resolve-config.ts'",
  },
  { title: 'tokens in memory', modules: /\bsession\/token-vault\.ts$/ },
  { title: 'static routes', modules: /\bsw\/static-routes\.ts$/ },
  { title: 'revocation', modules: /\btokens\/revocation\.ts$/ },
  { title: 'long answers in Firefox', modules: /\bsw\/open-answers\.ts$/ },
]

export interface Weight {
  readonly title: string
  /** By how many bytes the worker would be smaller, minified and compressed. */
  readonly saved: number
}

/** What parts of the worker weigh, each by itself, then all of them, then with them the words of errors and warnings. */
export async function weighParts(): Promise<readonly Weight[]> {
  const whole = await build([])
  const without = async (title: string, parts: readonly Part[]) => ({
    title,
    saved: gzip(whole) - gzip(await build(parts)),
  })
  const weights = await Promise.all(PARTS.map(part => without(part.title, [part])))
  const words = { title: 'the words of errors and warnings', saved: gzip(whole) - gzip(withoutWords(whole)) }
  const rest = await build(PARTS)
  const all = { title: 'all of these', saved: gzip(whole) - gzip(withoutWords(rest)) }
  return [...weights, words, all]
}

async function build(parts: readonly Part[]): Promise<string> {
  const leaveOut: Plugin = {
    name: 'leave-out',
    load: id => {
      const part = parts.find(({ modules }) => modules.test(id))
      return part ? (part.stub ?? stubOf(readFileSync(id, 'utf8'))) : null
    },
  }
  const { input, plugins, output } = worker('production', 'worker.js', [leaveOut, minified])
  const bundle = await rollup({ input, plugins })
  const [chunk] = (await bundle.generate(output)).output
  return chunk.code
}

/** The same exports, of which a minifier cannot know that nothing is behind them. */
function stubOf(source: string): string {
  return [...source.matchAll(/^export (?:async )?(?:const|function|class) (\w+)/gm)]
    .map(([, name]) => `export const ${name} = self.${name}`)
    .join('\n')
}

function withoutWords(code: string): string {
  const spans: [start: number, end: number, replacement: string][] = []
  const visit = (node: unknown) => {
    if (typeof node !== 'object' || node === null) return
    const { type, start, end, value } = node as { type?: string; start: number; end: number; value?: unknown }
    if (type === 'Literal' && typeof value === 'string' && isWords(value)) spans.push([start, end, '""'])
    if (type === 'TemplateElement' && isWords((value as { raw: string }).raw)) spans.push([start, end, ''])
    Object.values(node).forEach(visit)
  }
  visit(parseAst(code))
  return spans
    .sort(([a], [b]) => b - a)
    .reduce((text, [start, end, replacement]) => text.slice(0, start) + replacement + text.slice(end), code)
}

function isWords(text: string): boolean {
  return text.length > 6 && text.includes(' ')
}
