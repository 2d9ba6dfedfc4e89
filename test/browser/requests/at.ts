/** A case of a request: what a page does, and what it gets. Runs in the page. */
export interface Case {
  /** The behaviour that it is a case of: a row of docs/engines.md. */
  readonly row: string
  readonly name: string
  /** The page that it runs on; `PAGE` unless given. */
  readonly page?: string
  /** Whose credentials the requests carry behind the worker, one by one; a good token each unless given. */
  readonly tokens?: readonly ('none' | 'good' | 'foreign')[]
  /**
   * Whether how many requests there are, and with which headers, is up to the browser: what is compared is whether they
   * carry a token, and whether one asks for a range.
   */
  readonly isLoose?: boolean
  /** Settles with all that the page sees, which has to survive JSON. */
  readonly run: (at: At) => Promise<unknown>
}

/** The page of most cases. Its query is there for referrers to show. */
export const PAGE = '/page.html?query'

/** Whose worker authorizes images and media too. */
export const MEDIA_PAGE = '/media/page.html?query'

/** Whose worker takes its API by a predicate, hands the token out, and keeps 1,000 bytes of a body. */
export const OWN_PAGE = '/own/page.html?query'

/** How long a case may take (milliseconds): it has an end, or is taken to have none. */
const LIMIT = 60_000

type Query = Readonly<Record<string, string | number | readonly string[]>>

/** Where a case is, and the server that it talks to. */
export class At {
  readonly id: string
  readonly other: string

  constructor(id: string, other: string) {
    this.id = id
    this.other = other
  }

  /** A URL of the case, at the page's own origin. */
  url(action: string, query: Query = {}): string {
    return this.#url(location.origin, action, query)
  }

  /** A URL of the case, at the other origin. */
  elsewhere(action: string, query: Query = {}): string {
    return this.#url(this.other, action, query)
  }

  /** Has the server go on. */
  open(gate: string): Promise<string> {
    return this.#control(`open/${gate}`)
  }

  /** Whether the server sees that nobody waits for its answer any more. */
  closed(): Promise<string> {
    return this.#control('closed')
  }

  /** Settles once a request, or so many, have reached the server. */
  arrived(count = 1): Promise<string> {
    return this.#control(`arrived/${count}`)
  }

  /** From now on the server takes no access token that it has issued so far. */
  async expireTokens() {
    await fetch('/control/expire', { cache: 'no-store' })
  }

  #url(origin: string, action: string, query: Query): string {
    const url = new URL(`/api/${this.id}/${action}`, origin)
    for (const [name, value] of Object.entries(query))
      for (const item of [value].flat()) url.searchParams.append(name, String(item))
    return url.href
  }

  async #control(path: string): Promise<string> {
    return (await fetch(`/control/${this.id}/${path}`, { cache: 'no-store' })).json()
  }
}

/** What cases are called in URLs. */
export function idOf({ row, name }: Pick<Case, 'row' | 'name'>): string {
  return `${row} ${name}`.toLowerCase().replace(/[^a-z\d]+/g, '-')
}

/** Runs cases one after the other; settles with what each has seen. */
export async function runAll(cases: readonly Case[], other: string): Promise<Record<string, unknown>> {
  const seen: Record<string, unknown> = {}
  for (const one of cases) {
    const id = idOf(one)
    const limit = new Promise(resolve => setTimeout(resolve, LIMIT, 'has no end'))
    seen[id] = await Promise.race([one.run(new At(id, other)).catch(nameOf), limit])
  }
  return seen
}

/** What is common to all engines of an error. */
export function nameOf(error: unknown): string {
  return error instanceof Error || error instanceof DOMException ? error.name : `not an error: ${error}`
}

/** All that a page can tell of a response. */
export async function look(response: Response) {
  const { status, statusText, type, url, redirected } = response
  const headers = Object.fromEntries(response.headers)
  return { status, statusText, type, url, redirected, headers, body: await response.text().catch(nameOf) }
}

/** What becomes of a fetch. */
export function get(url: string, init?: RequestInit) {
  return fetch(url, init).then(look, nameOf)
}

/** A body too long to be compared as it is. */
export async function sum(bytes: ArrayBuffer) {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return {
    bytes: bytes.byteLength,
    sha256: [...hash.subarray(0, 8)].map(byte => byte.toString(16).padStart(2, '0')).join(''),
  }
}

/** After so many, the bytes are the same again. */
const PERIOD = 65_536

/** Every byte value, over and over. */
export function bytesOf(length: number): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from({ length: Math.min(length, PERIOD) }, (_, i) => (i * 31 + (i >> 8)) & 255)
  if (length <= PERIOD) return bytes
  const all = new Uint8Array(length)
  for (let at = 0; at < length; at += PERIOD) all.set(bytes.subarray(0, length - at), at)
  return all
}

/** The names of events, in order; the same one over and over is one. */
export function note(target: EventTarget, ...names: readonly string[]): string[] {
  const seen: string[] = []
  for (const name of names)
    target.addEventListener(name, () => {
      if (seen.at(-1) !== name) seen.push(name)
    })
  return seen
}

/** The first of the events. */
export function next(target: EventTarget, ...names: readonly string[]): Promise<Event> {
  return new Promise(resolve => {
    for (const name of names) target.addEventListener(name, resolve, { once: true })
  })
}
