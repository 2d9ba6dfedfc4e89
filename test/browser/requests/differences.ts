import type { Seen } from '../../servers/echo.ts'
import type { Case } from './at.ts'

/** What a case has come to: what the page sees, and what the server does. */
export interface Outcome {
  readonly page: unknown
  readonly server: readonly Seen[]
  readonly isPreflighted: boolean
}

/** By path, what there was without a worker, and what there is behind it. */
export type Differences = Readonly<Record<string, readonly [without: unknown, behind: unknown]>>

/** What is different behind the worker, but for the token, and what comes with it. */
export function differences(one: Case, without: Outcome, behind: Outcome, ignored: ReadonlySet<string>): Differences {
  const found: Record<string, readonly [unknown, unknown]> = {}
  const compare = (path: string, a: unknown, b: unknown) => {
    const before = flatten(a, path)
    const after = flatten(b, path)
    for (const key of new Set([...before.keys(), ...after.keys()]))
      if (before.get(key) !== after.get(key)) found[key] = [before.get(key), after.get(key)]
  }

  compare('page', without.page, behind.page)
  if (one.isLoose) {
    compare('server', gist(without.server), gist(behind.server))
    compare('tokens', expectedTokens(one, without.server, true), tokensOf(behind.server, true))
    return found
  }
  for (let i = 0; i < Math.max(without.server.length, behind.server.length); i++) {
    const [a, b] = [without.server[i], behind.server[i]]
    if (a && b) compare(`server.${i}`, plain(a, ignored), plain(b, ignored))
    else found[`server.${i}`] = [brief(a), brief(b)]
  }
  // How many there are, is told above.
  const shared = without.server.slice(0, behind.server.length)
  compare('tokens', expectedTokens(one, shared, false), tokensOf(behind.server.slice(0, shared.length), false))
  // Authorization is no header that goes to another origin without being asked for.
  const needsPreflight = behind.server.some(({ to, token }) => to === 'other' && token === 'good')
  compare('preflight', without.isPreflighted || needsPreflight, behind.isPreflighted)
  return found
}

function plain({ token: _, headers, ...rest }: Seen, ignored: ReadonlySet<string>) {
  const compared = Object.entries(headers).filter(([name]) => !ignored.has(name))
  // What client hints say is up to the browser's version.
  const told = compared.map(([name, value]) => [name, name.startsWith('sec-ch-ua') ? 'told' : value])
  return { ...rest, headers: Object.fromEntries(told) }
}

function brief(seen: Seen | undefined): string {
  return seen ? `${seen.method} to ${seen.to}` : 'nothing'
}

function gist(server: readonly Seen[]) {
  return { any: server.length > 0, aRange: server.some(({ headers }) => /bytes=[1-9]/.test(headers.range ?? '')) }
}

function tokensOf(server: readonly Seen[], isLoose: boolean): string {
  const tokens = server.map(({ token }) => token)
  return (isLoose ? [...new Set(tokens)] : tokens).join(' ')
}

function expectedTokens({ tokens }: Case, server: readonly Seen[], isLoose: boolean): string {
  return isLoose ? (tokens?.[0] ?? 'good') : server.map((_, i) => tokens?.[i] ?? 'good').join(' ')
}

/** Every value in it by its path; a list of plain values is one. */
function flatten(value: unknown, path: string, into = new Map<string, unknown>()): Map<string, unknown> {
  if (Array.isArray(value) && value.every(item => typeof item !== 'object')) into.set(path, value.join(' '))
  else if (typeof value === 'object' && value !== null)
    for (const [key, item] of Object.entries(value)) flatten(item, `${path}.${key}`, into)
  else into.set(path, value)
  return into
}
