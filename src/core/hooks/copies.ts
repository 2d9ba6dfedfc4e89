/** Statuses whose responses have no body (Fetch Standard, null body status). */
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304])

export function isBodiless(status: number): boolean {
  return WITHOUT_BODY.has(status)
}

/** A response for a hook, which it may read as it likes. */
export function copyOf(response: Response, body: BodyInit | null): Response {
  const { status, statusText, headers, url } = response
  const copy = new Response(isBodiless(status) ? null : body, { status, statusText, headers })
  return Object.defineProperty(copy, 'url', { value: url })
}

/** A copy of a response that is on its way, for a hook that may not need its body. */
export interface Glimpse {
  readonly copy: Response
  /** Whether the hook has asked for more of the body than there is to be had, in bytes or by now. */
  readonly isCut: () => boolean
  /** To be called when the hook has decided: the rest of the body is for the page alone. */
  readonly end: () => void
}

/**
 * Copies a response with at most `limit` bytes of its body, as far as they come within `time` milliseconds. The body is
 * left alone until the hook begins to read, so that one which nobody asks for goes on as the browser has it.
 */
export function glimpse(original: Response, limit: number, time: number): Glimpse {
  let reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | undefined
  let rest = limit
  let isCut = false
  let isOver = false
  const pull = async (controller: ReadableStreamDefaultController) => {
    const cut = (problem: string) => {
      isCut = true
      controller.error(new TypeError(problem))
    }
    if (isOver || limit === 0) return cut('this body is for the page alone')
    if (!reader) {
      reader = original.clone().body?.getReader()
      AbortSignal.timeout(time).addEventListener('abort', () => cut(`the body did not come in ${time} ms`))
    }
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined }
    if (isCut) return
    if (done) return controller.close()
    rest -= value.byteLength
    if (rest < 0) return cut(`the body is longer than ${limit} bytes`)
    controller.enqueue(value)
  }
  const body = original.body && new ReadableStream({ pull }, { highWaterMark: 0 })
  return {
    copy: copyOf(original, body),
    isCut: () => isCut,
    end: () => {
      isOver = true
      // Not awaited: of a stream in two branches, it settles only once the other one is cancelled too.
      reader?.cancel().catch(() => undefined)
    },
  }
}
