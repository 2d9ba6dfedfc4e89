/** What there is to know of a registration; only what is needed of it. */
interface Updates extends Pick<ServiceWorkerRegistration, 'addEventListener' | 'installing'> {}

/** Gives an answer an end where it is an event stream that EventSource reads. */
export type EndEvents = (request: Request, answer: Promise<Response>) => Promise<Response>

/**
 * Ends event streams when a new version of this worker is ready: in Chromium it would wait for them, and for five
 * minutes, since they have no end. EventSource connects again by itself, and through the new version. Any other stream
 * is left alone: nobody would ask for the rest of it.
 */
export function createEndEvents(registration: Updates): EndEvents {
  const open = new Set<() => void>()
  registration.addEventListener('updatefound', () => {
    const { installing } = registration
    installing?.addEventListener('statechange', () => {
      if (installing.state === 'installed') for (const end of open) end()
    })
  })

  /** The same, as if the server had ended it; an error would end the EventSource too. */
  const endable = (response: Response, body: ReadableStream<Uint8Array>): Response => {
    const reader = body.getReader()
    let end = () => undefined as unknown
    const piped = new ReadableStream<Uint8Array>({
      start: controller => {
        end = () => {
          open.delete(end)
          controller.close()
          return reader.cancel()
        }
        open.add(end)
      },
      pull: async controller => {
        try {
          const { done, value } = await reader.read()
          if (!open.has(end)) return
          if (done) await end()
          else controller.enqueue(value)
        } catch (error) {
          if (open.delete(end)) controller.error(error)
        }
      },
      cancel: reason => {
        open.delete(end)
        return reader.cancel(reason)
      },
    })
    return new Response(piped, response)
  }

  return async (request, answer) => {
    const response = await answer
    return response.body && response.ok && isEventSource(request, response)
      ? endable(response, response.body)
      : response
  }
}

/** Scripts that read such a stream by `fetch` have no reason to say `no-store`. */
function isEventSource({ method, cache, headers }: Request, response: Response): boolean {
  return (
    isEventStream(response) && method === 'GET' && cache === 'no-store' && headers.get('Accept') === 'text/event-stream'
  )
}

export function isEventStream({ headers }: Response): boolean {
  return /^text\/event-stream\b/i.test(headers.get('Content-Type') ?? '')
}
