import { RefreshWorkerError } from '../../errors.ts'

const TITLES = { 400: 'Bad Request', 401: 'Unauthorized', 502: 'Bad Gateway', 503: 'Service Unavailable' }

/** An answer of our own, with the code of an error. @see RFC 9457 */
export function problem(status: keyof typeof TITLES, { code, message }: RefreshWorkerError): Response {
  const title = TITLES[status]
  const headers = new Headers({ 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' })
  if (status === 401) headers.set('WWW-Authenticate', 'Bearer error="invalid_token"')
  const body = JSON.stringify({ type: 'about:blank', title, status, code, detail: message })
  return new Response(body, { status, statusText: title, headers })
}

/** What a request gets that could not be sent since its session could not be refreshed. */
export function failureOf(error: RefreshWorkerError): Response {
  switch (error.code) {
    case 'refresh_unavailable':
      return problem(503, error)
    case 'refresh_rejected':
    case 'not_authenticated':
    case 'no_refresh_token':
      return problem(401, error)
    default:
      return Response.error()
  }
}

/** Whether the session goes on, and another attempt may succeed. */
export function isTransient(error: unknown): boolean {
  return !(error instanceof RefreshWorkerError) || /^refresh_(unavailable|network_error)$/.test(error.code)
}
