import type { Clock, Log } from './ports.ts'

declare const process: { readonly env: { readonly NODE_ENV?: string } }

/** Development builds tell what they do. In production builds bundlers find this to be false, and take all of it out. */
export const isDevelopment = process.env.NODE_ENV !== 'production'

/** What has been done so far with each request that is being answered. */
const steps = new WeakMap<Request, string[]>()

/** Notes a step of what is done with a request; never a token, nor a query, which may hold one. */
export function note(request: Request, step: string): void {
  if (isDevelopment) steps.get(request)?.push(step)
}

interface Following {
  /** What the request is to us. */
  readonly matchedAs: string
  /** The worker's own, which goes without saying. */
  readonly origin: string
  readonly log: Log
  readonly now: Clock
}

/** Answers a request, and logs as one group what has become of it. */
export async function followed(
  request: Request,
  answer: () => Promise<Response>,
  { matchedAs, origin, log, now }: Following,
): Promise<Response> {
  const noted = [`matched as ${matchedAs}`]
  steps.set(request, noted)
  const startedAt = now()
  const tell = (outcome: string) => {
    steps.delete(request)
    const url = new URL(request.url)
    const where = url.origin === origin ? url.pathname : url.origin + url.pathname
    log.group?.(`${request.method} ${where} → ${outcome}, ${now() - startedAt} ms`, noted)
  }
  try {
    const response = await answer()
    // Of type `error` it has the status 0, and the page sees a network error.
    tell(response.type === 'error' ? 'network error' : String(response.status || response.type))
    return response
  } catch (error) {
    tell(error instanceof Error ? error.name : 'failed')
    throw error
  }
}
