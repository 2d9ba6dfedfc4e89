/**
 * Seconds, or a date by the server's clock; null where it is missing, in the past, or neither.
 * @see RFC 9110 §10.2.3
 */
export function readRetryAfter(headers: Headers, receivedAt: number): number | null {
  const value = headers.get('Retry-After')?.trim() ?? ''
  if (/^\d+$/.test(value)) return Number(value) * 1000
  const delay = parseDate(value) - (parseDate(headers.get('Date') ?? '') || receivedAt)
  return delay > 0 ? delay : null
}

/** An HTTP date, in milliseconds since the epoch; NaN for anything else, which engines would make dates of. */
export function parseDate(value: string): number {
  // biome-ignore lint/style/noRestrictedGlobals: this asks for no time.
  return value.endsWith(' GMT') ? Date.parse(value) : Number.NaN
}

/** A date as a program writes it, in milliseconds since the epoch: ISO 8601, or one of HTTP; NaN for anything else. */
export function parseText(value: string): number {
  // biome-ignore lint/style/noRestrictedGlobals: this asks for no time.
  return /^\d{4}-\d\d-\d\d/.test(value) ? Date.parse(value) : parseDate(value)
}
