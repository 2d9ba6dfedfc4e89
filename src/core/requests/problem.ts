import type { RefreshWorkerError } from '../../errors.ts'

const TITLES = { 401: 'Unauthorized', 502: 'Bad Gateway', 503: 'Service Unavailable' }

/** An answer of our own, with the code of an error. @see RFC 9457 */
export function problem(status: keyof typeof TITLES, { code, message }: RefreshWorkerError): Response {
  const title = TITLES[status]
  const headers = new Headers({ 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' })
  if (status === 401) headers.set('WWW-Authenticate', 'Bearer error="invalid_token"')
  const body = JSON.stringify({ type: 'about:blank', title, status, code, detail: message })
  return new Response(body, { status, statusText: title, headers })
}
