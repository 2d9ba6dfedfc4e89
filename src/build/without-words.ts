import { dirname } from 'node:path'
import { WORKER } from './worker-file.ts'

/** What is looked at of a syntax tree. */
interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly callee?: { readonly name?: string }
  readonly arguments?: readonly Node[]
}

/** Files of this package, as ids of modules. */
export const OWN_FILES = new RegExp(
  `^${dirname(WORKER)
    .split(/[\\/]/)
    .map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('[\\\\/]')}[\\\\/].+\\.js$`,
)

/**
 * Takes the words of errors out of this package's code. An error that is made without them gives its code, and where that is
 * explained.
 */
export async function withoutWords(code: string): Promise<string> {
  const { parseAst } = await import('rolldown/parseAst')
  const words: Node[] = []
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return
    const { type, callee, arguments: given } = node as Node
    // A bundler may have numbered the name.
    if (type === 'NewExpression' && /^RefreshWorkerError(\$\d+)?$/.test(callee?.name ?? '') && given?.[1])
      words.push(given[1])
    for (const child of Object.values(node)) visit(child)
  }
  visit(parseAst(code))
  // From the end, so that what is before stays where it was found.
  return words
    .filter(({ type }) => type === 'Literal' || type === 'TemplateLiteral')
    .sort((a, b) => b.start - a.start)
    .reduce((text, { start, end }) => `${text.slice(0, start)}undefined${text.slice(end)}`, code)
}
