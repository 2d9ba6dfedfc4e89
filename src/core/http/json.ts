/** A response with tokens is small (bytes); what is larger is not read. */
const LARGEST_BODY = 1_048_576

export interface JsonBody {
  readonly text: string
  readonly body: unknown
}

/** Reads a JSON response of bounded size; null where it is something else, or broken. Uses up the response's body. */
export async function readJson(response: Response): Promise<JsonBody | null> {
  const isJson = /^application\/([\w.+-]+\+)?json\s*(;|$)/i.test(response.headers.get('Content-Type') ?? '')
  const reader = response.body?.getReader()
  // Not awaited: where the response is a clone, it settles only once the other one is read.
  const giveUp = () => {
    reader?.cancel().catch(() => undefined)
    return null
  }
  if (!isJson || !reader) return giveUp()
  const decoder = new TextDecoder()
  let text = ''
  for (let size = 0; ; ) {
    const { done, value } = await reader.read()
    if (done) break
    size += value.byteLength
    if (size > LARGEST_BODY) return giveUp()
    text += decoder.decode(value, { stream: true })
  }
  text += decoder.decode()
  try {
    return { text, body: JSON.parse(text) }
  } catch {
    // No cause: the engine's message quotes the body.
    return null
  }
}
