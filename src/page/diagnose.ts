import { type ErrorCode, RefreshWorkerError } from '../errors.ts'
import { foreign } from './connection.ts'

/** How long (milliseconds) a look at the script may take. */
const LOOK_LIMIT = 5_000

const WIDEN = 'serve the script from a folder above, or with the header Service-Worker-Allowed and the option scope'

/** What forbids workers, in the order in which one stands in for the other. */
const WORKER_DIRECTIVES = ['worker-src', 'child-src', 'script-src', 'default-src']

/** What makes it useless to try. */
export function findObstacle(): RefreshWorkerError | null {
  if (globalThis.isSecureContext === false)
    return new RefreshWorkerError('insecure_context', 'service workers need https:// or http://localhost')
  try {
    const protocol = globalThis.location?.protocol
    // A worker cannot tell whose they are, and engines differ in whether they may register one.
    if (protocol === 'about:')
      return unsupported(
        'a frame without a URL of its own (srcdoc, about:blank) cannot speak to a worker: use the AuthClient of the page around it',
      )
    if (protocol === 'file:')
      return unsupported('a page from a file can have no service worker: serve it, by http://localhost for instance')
    if (typeof document !== 'undefined' && globalThis.navigator?.serviceWorker) return null
  } catch {
    return unsupported(
      'this frame is sandboxed, and may have no service worker: give its sandbox attribute allow-same-origin',
    )
  }
  return unsupported(
    'there is no service worker here (an old browser, a private window, or no browser at all): use another one',
  )
}

/** Notes what the page's Content-Security-Policy forbids, from now on. */
export function watchPolicy() {
  let broken: string | undefined
  const note = ({ effectiveDirective, originalPolicy }: SecurityPolicyViolationEvent) => {
    if (effectiveDirective === 'worker-src')
      broken = WORKER_DIRECTIVES.find(directive => originalPolicy.includes(directive))
  }
  document.addEventListener('securitypolicyviolation', note)
  return {
    /** The directive that forbids the worker. */
    broken: () => broken,
    end: () => document.removeEventListener('securitypolicyviolation', note),
  }
}

export function wrongScope(scope: string): RefreshWorkerError {
  return new RefreshWorkerError(
    'wrong_scope',
    `the worker's scope is ${scope}, which does not cover this page, ${location.origin}${location.pathname}: ${WIDEN}`,
  )
}

export function notControlled(worker: ServiceWorker, controller: ServiceWorker | null): RefreshWorkerError {
  if (controller) return foreign(controller.scriptURL)
  return new RefreshWorkerError(
    'worker_timeout',
    `${worker.scriptURL} did not take control of this page: does it call RefreshWorker.setup(), in this version? If so, reload the page: Safari's engine may leave one alone that was loaded while the first worker was activated`,
  )
}

/**
 * Browsers say little of why a script was not taken; a look at it says more.
 * @param scope as asked for
 * @param directive of the page's Content-Security-Policy, which forbids the worker
 */
export async function diagnose(
  url: URL,
  scope: string | undefined,
  directive: string | undefined,
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
        `trustedTypes.createPolicy(…).createScriptURL('${pathname}')`,
    )
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

  const response = await fetch(url, { cache: 'no-store', signal: AbortSignal.timeout(LOOK_LIMIT) }).catch(() => null)
  if (!response) return error('script_error', `${pathname} could not be fetched: is the server up?`)
  const type = response.headers.get('Content-Type') ?? 'no Content-Type'
  const { ok, status, redirected } = response
  await response.body?.cancel()
  if (redirected)
    return error(
      'script_error',
      `${pathname} is redirected to ${response.url.split('?')[0]}: serve the worker script at that URL itself, to everyone, before a login too`,
    )
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

function isForeignFrame(): boolean {
  try {
    return window.top?.location.origin !== location.origin
  } catch {
    return true
  }
}

function unsupported(message: string): RefreshWorkerError {
  return new RefreshWorkerError('unsupported', message)
}
