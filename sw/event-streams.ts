/** What there is to know of a registration; only what is needed of it. */
interface Updates extends Pick<ServiceWorkerRegistration, 'addEventListener' | 'installing'> {}

/** Gives an answer an end where it is an event stream that EventSource reads. */
export type EndEvents = (request: Request, answer: Promise<Response>) => Promise<Response>

/**
 * Ends event streams when a new version of this worker is ready: in Chromium it would wait for them, and for five
 * minutes, since they have no end. EventSource connects again by itself, and through the new version. Any other stream
 * is left alone: nobody would ask for the rest of it.
 */
export function createEndEvents(registration: Updates, waitsForStreams: () => boolean): EndEvents {
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
    const mayBeOne = response.ok && isEventSource(request, response) && waitsForStreams()
    // The body is asked for last: to have it costs time, with every answer.
    return mayBeOne && response.body ? endable(response, response.body) : response
  }
}

/** Scripts that read such a stream by `fetch` have no reason to say `no-store`. */
function isEventSource({ method, cache, headers }: Request, response: Response): boolean {
  return (
    cache === 'no-store' && method === 'GET' && headers.get('Accept') === 'text/event-stream' && isEventStream(response)
  )
}

export function isEventStream({ headers }: Response): boolean {
  return /^text\/event-stream\b/i.test(headers.get('Content-Type') ?? '')
}
