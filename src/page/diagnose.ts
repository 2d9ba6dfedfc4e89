import { type ErrorCode, RefreshWorkerError } from '../errors.ts'
import type { Policy } from './obstacles.ts'

/** How long (milliseconds) a look at the script may take. */
const LOOK_LIMIT = 5_000

const ITSELF = 'serve the worker script at that URL itself, to everyone, before a login too'

const WIDEN = 'serve the script from a folder above, or with the header Service-Worker-Allowed and the option scope'

/**
 * Browsers say little of why a script was not taken; a look at it says more.
 * @param scope as asked for
 */
export async function notTaken(
  url: URL,
  scope: string | undefined,
  policy: Policy,
  cause: unknown,
): Promise<RefreshWorkerError> {
  const { name, message: reason } = cause as Error
  const error = (code: ErrorCode, message: string) => new RefreshWorkerError(code, message, { cause })
  const { pathname } = url
  // Firefox speaks of the "sink type" alone.
  if (name === 'TypeError' && /TrustedScriptURL|sink type/i.test(reason))
    return error(
      'script_error',
      "this page's Content-Security-Policy requires Trusted Types: give register() a TrustedScriptURL, as made by " +
        `trustedTypes.createPolicy(...).createScriptURL('${pathname}')`,
    )
  const directive = policy.broken()
  if (directive)
    return error(
      'script_error',
      `this page's Content-Security-Policy forbids the worker (by ${directive}): add worker-src 'self'`,
    )
  if (url.origin !== location.origin)
    return error('script_error', `${url.href} must be of this origin, ${location.origin}`)
  // Chromium and Firefox; where WebKit blocks, it has no service workers at all.
  if (name === 'NotSupportedError' || !navigator.cookieEnabled)
    return error(
      'unsupported',
      isForeignFrame()
        ? 'this browser lets a frame of another site keep no data, and have no service worker: open it as a page of its own'
        : 'this browser blocks cookies and site data for this site, and service workers with them: allow them',
    )

  const look = (redirect: RequestRedirect) =>
    fetch(url, { cache: 'no-store', redirect, signal: AbortSignal.timeout(LOOK_LIMIT) }).catch(() => null)
  const response = await look('follow')
  if (!response) {
    // Without CORS, a page sees nothing of what another origin answers.
    if ((await look('manual'))?.type === 'opaqueredirect')
      return error('script_error', `${pathname} is redirected to another site: ${ITSELF}`)
    // A breach of the policy is told of a task later.
    await new Promise(resolve => setTimeout(resolve))
    if (policy.isBlind())
      return error(
        'script_error',
        `${pathname} was not taken, and connect-src of this page's Content-Security-Policy does not let it look why: open that URL in a tab (${reason})`,
      )
    return error('script_error', `${pathname} could not be fetched: is the server up?`)
  }
  const type = response.headers.get('Content-Type') ?? 'no Content-Type'
  const { ok, status, redirected } = response
  await response.body?.cancel()
  if (redirected) return error('script_error', `${pathname} is redirected to ${response.url.split('?')[0]}: ${ITSELF}`)
  if (status === 401 || status === 403)
    return error('script_error', `${pathname} answers ${status}: serve it to everyone, before a login too`)
  if (status >= 500) return error('script_error', `${pathname} answers ${status}: the server, or a proxy, is failing`)
  if (!ok) return error('script_error', `${pathname} answers ${status}: put the worker script there`)
  if (/html/i.test(type))
    return error(
      'script_error',
      `${pathname} answers with a page of HTML, most likely the one that the server sends for files it does not have: put the worker script there`,
    )
  if (!/(java|ecma)script/i.test(type))
    return error('script_error', `${pathname} is served as ${type}: it must be text/javascript`)
  if (name === 'SecurityError' && scope && !new URL(scope, document.baseURI).href.startsWith(new URL('.', url).href))
    return error('wrong_scope', `${reason}: ${WIDEN}`)
  return error('script_error', `${pathname} could not be started, see its own error in the console: ${reason}`)
}

/** @param limit milliseconds */
export function notRegistered(href: string, limit: number): RefreshWorkerError {
  return new RefreshWorkerError(
    'worker_timeout',
    `${href} was not registered in ${limit / 1000} s: does the server answer for it?`,
  )
}

export function blocked(): RefreshWorkerError {
  return new RefreshWorkerError(
    'unsupported',
    "something blocks service workers here, such as a test runner (Playwright: serviceWorkers: 'allow'): allow them, or give register() the option withoutWorker",
  )
}

export function wrongScope(scope: string): RefreshWorkerError {
  return new RefreshWorkerError(
    'wrong_scope',
    `the worker's scope is ${scope}, which does not cover this page, ${location.origin}${location.pathname}: ${WIDEN}`,
  )
}

export function notInstalled(href: string): RefreshWorkerError {
  return new RefreshWorkerError(
    'script_error',
    `${href} failed to install (see its errors in the console), or other code of this page unregistered it`,
  )
}

/** @param limit milliseconds */
export function notActive(href: string, limit: number): RefreshWorkerError {
  return new RefreshWorkerError(
    'worker_timeout',
    `${href} is not active after ${limit / 1000} s: what does its install event wait for?`,
  )
}

export function notControlled(href: string): RefreshWorkerError {
  return new RefreshWorkerError(
    'worker_timeout',
    `${href} did not take control of this page: does it call RefreshWorker.setup(), in this version? If so, reload the page: Safari's engine may leave one alone that was loaded while the first worker was activated`,
  )
}

function isForeignFrame(): boolean {
  try {
    return window.top?.location.origin !== location.origin
  } catch {
    return true
  }
}
