import { own } from '../../protocol.ts'
import { isBinary, isForm, typeOf } from '../http/body.ts'
import { parseJson } from '../http/json.ts'

/**
 * Whether a GraphQL request runs one of these operations: by the name that it gives (of persisted queries there is no
 * more), or by a root field of the mutation that runs.
 */
export async function runsOperation(request: Request, names: readonly string[]): Promise<boolean> {
  const body = await bodyOf(request)
  const isNamed = (name: unknown) => names.includes(name as string)
  const runs = (one: unknown) => {
    const [document, operationName] = [own(one, 'query'), own(one, 'operationName')]
    if (isNamed(operationName) || typeof document !== 'string') return isNamed(operationName)
    const definitions = definitionsOf(document)
    const operations = definitions.filter(({ kind }) => kind !== 'fragment')
    const chosen = operations.filter(({ name }) => name === operationName)
    return (chosen.length > 0 ? chosen : operations).some(
      one => one.kind === 'mutation' && (isNamed(one.name) || fieldsOf(one, definitions).some(isNamed)),
    )
  }
  // Some clients send several at once.
  return Array.isArray(body) ? body.some(runs) : runs(body)
}

/** What a request asks for, by whatever media type: `fetch` calls a text of JSON `text/plain`. */
async function bodyOf(request: Request): Promise<unknown> {
  const type = typeOf(request)
  if (isBinary(request) || /^multipart\b/i.test(type)) return null
  const text = await request.clone().text()
  if (isForm(request)) return Object.fromEntries(new URLSearchParams(text))
  return /^application\/graphql\s*(?:;|$)/i.test(type) ? { query: text } : parseJson(text)
}

/** An operation or a fragment. */
interface Definition {
  readonly kind: string
  name?: string
  /** Root fields by their names, not their aliases. */
  readonly fields: string[]
  readonly spreads: string[]
}

function definitionsOf(document: string): readonly Definition[] {
  // Block strings, strings and comments may hold anything (GraphQL §2.1); the rest is names and punctuation.
  const tokens =
    document.replace(/"""(?:\\"""|[\s\S])*?"""|"(?:[^"\\\n]|\\.)*"|#[^\n]*/g, ' ').match(/\.{3}|[_a-z]\w*|\S/gi) ?? []
  const found: Definition[] = []
  const open: string[] = []
  let current: Definition | undefined
  let isInline = false
  const begin = (kind: string) => {
    current = { kind, fields: [], spreads: [] }
    found.push(current)
  }
  tokens.forEach((token, index) => {
    const [before, after = ''] = [tokens[index - 1], tokens[index + 1]]
    const isTop = open.length === 0
    /** Between the braces of a definition, or of an inline fragment in them. */
    const isRoot = open.every(bracket => bracket === 'root')
    if (/[{([]/.test(token)) {
      if (isTop && !current) begin('query')
      open.push(token === '{' && isRoot && (isTop || isInline) ? 'root' : token)
      if (token === '{' && isRoot) isInline = false
    } else if (/[})\]]/.test(token)) {
      open.pop()
      if (open.length === 0 && token === '}') current = undefined
    } else if (token === '...') {
      // `...F`, and not `... on T {` or `... {`.
      const isSpread = after !== 'on' && /\w/.test(after)
      if (isRoot && isSpread) current?.spreads.push(after)
      isInline ||= isRoot && !isSpread
    } else if (isRoot && /\w/.test(token)) {
      if (!current) begin(token)
      else if (isTop && before === current.kind && !current.name) current.name = token
      else if (!isTop && !isInline && after !== ':' && before !== '@' && before !== '...') current.fields.push(token)
    }
  })
  return found
}

/** With those of the fragments that a definition spreads. */
function fieldsOf(of: Definition, definitions: readonly Definition[], seen = new Set<Definition>()): readonly string[] {
  if (seen.has(of)) return []
  seen.add(of)
  const fragments = definitions.filter(({ kind, name = '' }) => kind === 'fragment' && of.spreads.includes(name))
  return [...of.fields, ...fragments.flatMap(fragment => fieldsOf(fragment, definitions, seen))]
}
