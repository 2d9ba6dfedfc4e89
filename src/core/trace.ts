import type { RequestEntry, RequestStep, Trace } from '../devtools-protocol.ts'
import type { Clock, Log } from './ports.ts'

declare const process: { readonly env: { readonly NODE_ENV?: string } }

/** Development builds tell what they do. In production builds bundlers find this to be false, and take all of it out. */
export const isDevelopment = process.env.NODE_ENV !== 'production'

/** Of each request that is being answered: who hears what is done with it. */
const followers = new WeakMap<Request, (step: string) => void>()
/** Who has sent a request, as far as the host has said. */
const senders = new WeakMap<Request, string>()

let count = 0

/** Numbers the entries of the timeline. */
export function nextNumber(): number {
  return ++count
}

/** Notes a step of what is done with a request; never a token, nor a query, which may hold one. */
export function note(request: Request, step: string): void {
  if (isDevelopment) followers.get(request)?.(step)
}

/** Notes which tab a request is from. */
export function sentBy(request: Request, tab: string): void {
  if (isDevelopment) senders.set(request, tab)
}

/** What a request is called where it is told of: without its query. */
export function nameOf(request: Request, origin: string): Pick<RequestEntry, 'method' | 'url' | 'tab'> {
  const url = new URL(request.url)
  const where = url.origin === origin ? url.pathname : url.origin + url.pathname
  return { method: request.method, url: where, tab: senders.get(request) ?? null }
}

interface Following {
  /** As it came to the host. */
  readonly original: Request
  /** What the request is to us. */
  readonly matchedAs: string
  /** Whose `storageKey`. */
  readonly session: string
  /** The worker's own, which goes without saying. */
  readonly origin: string
  readonly log: Log
  readonly trace?: Trace | undefined
  readonly now: Clock
}

/** Answers a request, and tells what becomes of it: step by step to devtools, and as one group in the log. */
export async function followed(
  request: Request,
  answer: () => Promise<Response>,
  { original, matchedAs, session, origin, log, trace, now }: Following,
): Promise<Response> {
  const steps: RequestStep[] = []
  const at = now()
  const name = nameOf(original, origin)
  const n = nextNumber()
  const tell = (outcome: string | null = null, duration: number | null = null) =>
    trace?.({ kind: 'request', n, at, session, ...name, matchedAs, steps: [...steps], outcome, duration })
  followers.set(request, text => {
    steps.push({ after: now() - at, text })
    tell()
  })
  const end = (outcome: string) => {
    followers.delete(request)
    const duration = now() - at
    tell(outcome, duration)
    log.group?.(`${name.method} ${name.url} → ${outcome}, ${duration} ms`, [
      `matched as ${matchedAs}, ${session}`,
      ...steps.map(({ text }) => text),
    ])
  }
  tell()
  try {
    const response = await answer()
    // Of type `error` it has the status 0, and the page sees a network error.
    end(response.type === 'error' ? 'network error' : String(response.status || response.type))
    return response
  } catch (error) {
    end(error instanceof Error ? error.name : 'failed')
    throw error
  }
}
