/** The part of Express's request that is used here. */
export interface RequestLike {
  headers: Record<string, string | string[] | undefined>
  // biome-ignore lint/suspicious/noExplicitAny: as in Express, whose types else take it for unknown in handlers that follow.
  body?: any
}

/** The part of Express's response that is used here. */
export interface ResponseLike {
  setHeader(name: string, value: string): unknown
  appendHeader(name: string, value: string): unknown
  status(code: number): { json(body: unknown): unknown }
}
