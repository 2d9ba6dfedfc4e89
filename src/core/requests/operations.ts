import { own } from '../../protocol.ts'
import { readFields } from '../http/body.ts'

/**
 * Whether a GraphQL request runs one of these operations: by the name that it gives (of persisted queries there is no
 * more), or by a root field of a mutation in its document.
 */
export async function runsOperation(request: Request, names: readonly string[]): Promise<boolean> {
  const body = await readFields(request)
  const runs = (one: unknown) => {
    const document = own(one, 'query')
    const ran = [own(one, 'operationName'), ...(typeof document === 'string' ? mutationsOf(document) : [])]
    return ran.some(name => names.includes(name as string))
  }
  // Some clients send several at once.
  return Array.isArray(body) ? body.some(runs) : runs(body)
}

/** The names of all mutations of a document, and of their root fields; an alias is none. */
function mutationsOf(document: string): readonly string[] {
  // Block strings, strings and comments may hold anything (GraphQL §2.1); the rest is names and punctuation.
  const tokens =
    document.replace(/"""(?:\\"""|[\s\S])*?"""|"(?:[^"\\\n]|\\.)*"|#[^\n]*/g, ' ').match(/[_a-z]\w*|\S/gi) ?? []
  const names: string[] = []
  const open: string[] = []
  let isMutation = false
  tokens.forEach((token, index) => {
    if (/[{([]/.test(token)) open.push(token)
    else if (/[})\]]/.test(token)) open.pop()
    else if (open.length === 0) {
      if (/^(query|mutation|subscription|fragment)$/.test(token)) isMutation = token === 'mutation'
      else if (isMutation) names.push(token)
    } else if (open.join('') === '{' && isMutation && tokens[index + 1] !== ':') names.push(token)
  })
  return names
}
