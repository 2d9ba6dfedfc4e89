/** A response with tokens is small (bytes); what is larger is not read. */
const LARGEST_BODY = 1_048_576

export interface JsonBody {
  readonly text: string
  readonly body: unknown
}

/** Reads a JSON response of bounded size; null where it is something else, or broken. Uses up the response's body. */
export async function readJson(response: Response): Promise<JsonBody | null> {
  const text = isJson(response) ? await readText(response) : discard(response)
  const body = text === null ? undefined : parseJson(text)
  return text === null || body === undefined ? null : { text, body }
}

/** Whether a response says that it is JSON. */
export function isJson({ headers }: Response): boolean {
  return /^application\/([\w.+-]+\+)?json\s*(;|$)/i.test(headers.get('Content-Type') ?? '')
}

/** Reads the text of a response; null where it is longer than `limit` bytes. Uses up its body. */
export async function readText(response: Response, limit: number = LARGEST_BODY): Promise<string | null> {
  const reader = response.body?.getReader()
  if (!reader) return ''
  const decoder = new TextDecoder()
  let text = ''
  for (let size = 0; ; ) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    size += value.byteLength
    if (size > limit) {
      // Not awaited: where the response is a clone, it settles only once the other one is read.
      reader.cancel().catch(() => undefined)
      return null
    }
    text += decoder.decode(value, { stream: true })
  }
}

/** The value of a JSON text; undefined where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // No cause: the engine's message quotes the body.
    return undefined
  }
}

function discard(response: Response): null {
  response.body?.cancel().catch(() => undefined)
  return null
}
