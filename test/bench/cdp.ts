import type { Readable, Writable } from 'node:stream'

type Params = Readonly<Record<string, unknown>>
type Listener = (params: Record<string, unknown>, sessionId: string | undefined) => void

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: Record<string, unknown>
  readonly sessionId?: string
  readonly result?: Record<string, unknown>
  readonly error?: { readonly message: string }
}

/** The Chrome DevTools Protocol over `--remote-debugging-pipe`: no domain is on but those that somebody enables. */
export class Cdp {
  readonly #input: Writable
  readonly #pending = new Map<number, { resolve(result: Record<string, unknown>): void; reject(error: Error): void }>()
  readonly #listeners = new Map<string, Set<Listener>>()
  #id = 0

  constructor(input: Writable, output: Readable) {
    this.#input = input
    let parts: Buffer[] = []
    output.on('data', (chunk: Buffer) => {
      let rest = chunk
      for (let end = rest.indexOf(0); end !== -1; end = rest.indexOf(0)) {
        const message = Buffer.concat([...parts, rest.subarray(0, end)])
        parts = []
        rest = rest.subarray(end + 1)
        this.#take(JSON.parse(message.toString()))
      }
      if (rest.length > 0) parts.push(rest)
    })
    output.on('close', () => {
      for (const { reject } of this.#pending.values()) reject(new Error('the browser has ended'))
      this.#pending.clear()
    })
    input.on('error', () => undefined)
  }

  send(method: string, params: Params = {}, sessionId?: string): Promise<Record<string, unknown>> {
    const id = ++this.#id
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject: error => reject(new Error(`${method}: ${error.message}`)) })
      this.#input.write(`${JSON.stringify({ id, method, params, ...(sessionId ? { sessionId } : {}) })}\0`)
    })
  }

  on(method: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(method) ?? new Set()
    this.#listeners.set(method, listeners.add(listener))
    return () => listeners.delete(listener)
  }

  #take({ id, method, params = {}, sessionId, result, error }: Message) {
    if (id === undefined) {
      for (const listener of this.#listeners.get(method ?? '') ?? []) listener(params, sessionId)
      return
    }
    const call = this.#pending.get(id)
    this.#pending.delete(id)
    if (error) call?.reject(new Error(error.message))
    else call?.resolve(result ?? {})
  }
}
