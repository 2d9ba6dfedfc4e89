import type { Later, WaitUntil } from '../src/core/ports.ts'
import { envelope } from '../src/protocol.ts'
import { isEventStream } from './event-streams.ts'
import type { Pages } from './pages.ts'

/** How long (milliseconds) an answer may take before pages are asked to keep this worker alive for it. */
const PATIENCE = 10_000

/** A longer body (bytes) may take longer than a worker lives. */
const SHORT = 1_048_576

/** What an answer is for. */
export interface Asked {
  readonly clientId: string
  readonly destination: RequestDestination
  readonly waitUntil: WaitUntil
}

/** Knows which answers are on their way, for browsers that stop a worker in the middle of one (Firefox, after 30 s). */
export interface OpenAnswers {
  /** Counts an answer until its last byte has gone out; settles with the response to give in its place. */
  readonly follow: (answer: Promise<Response>, asked: Asked) => Promise<Response>
  /** Whether a page should go on sending messages. */
  readonly isAnyOpen: () => boolean
}

interface Needs {
  readonly pages: Pick<Pages, 'tell'>
  readonly later: Later
}

export function createOpenAnswers({ pages, later }: Needs): OpenAnswers {
  const open = new Set<symbol>()
  return {
    isAnyOpen: () => open.size > 0,
    follow: async (answer, { clientId, destination, waitUntil }) => {
      const id = Symbol()
      const end = () => open.delete(id)
      open.add(id)
      later(PATIENCE, () => {
        if (open.has(id)) pages.tell(clientId, envelope({ type: 'keep-alive' }))
      })
      try {
        let response = await answer
        if (!mayBeLong(response) || isForeignMedia(response, destination)) {
          end()
          return response
        }
        const isOver = new Promise<void>(resolve => {
          response = throughout(response, () => {
            end()
            resolve()
          })
        })
        // A new version waits until it is through: cut off, it would look like complete. Except for events, of which
        // there is no end, and which a page asks for again by itself.
        if (!isEventStream(response)) waitUntil(isOver)
        return response
      } catch (error) {
        end()
        throw error
      }
    },
  }
}

/** What was redirected would lose the URL that it came from. */
function mayBeLong(response: Response): boolean {
  const { status, headers, redirected } = response
  const length = headers.get('Content-Length')
  if (redirected || (length !== null && Number(length) <= SHORT)) return false
  // Firefox gives a body to statuses that must not have one. Asked for last: to have it costs time.
  return ![204, 205, 304].includes(status) && response.body !== null
}

/** Firefox plays nothing of another origin that a worker has built; what breaks off there is asked for by range. */
function isForeignMedia({ type }: Response, destination: RequestDestination): boolean {
  return type === 'cors' && destination !== ''
}

/** The same response, of which the end is told: whether it is read to it, breaks off, or is cancelled. */
function throughout(response: Response, onEnd: () => void): Response {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const body = new ReadableStream<Uint8Array>(
    {
      pull: async controller => {
        try {
          const { done, value } = await reader.read()
          if (!done) return controller.enqueue(value)
          controller.close()
        } catch (error) {
          controller.error(error)
        }
        onEnd()
      },
      cancel: reason => {
        onEnd()
        return reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
  return new Response(body, response)
}
