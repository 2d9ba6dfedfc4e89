import { type ErrorCode, RefreshWorkerError } from '../errors.ts'

/** How long (milliseconds) a look at the script may take. */
const LOOK_LIMIT = 5_000

/**
 * Browsers say little of why a script was not taken; a look at it says more.
 * @param scope as asked for
 * @param directive of the page's Content-Security-Policy, which forbids the worker
 * @param widen what helps against a scope that is too narrow
 */
export async function diagnose(
  url: URL,
  scope: string | undefined,
  directive: string | undefined,
  cause: unknown,
  widen: string,
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
    return error('wrong_scope', `${reason}: ${widen}`)
  return error('script_error', `${pathname} could not be started, see its own error in the console: ${reason}`)
}

function isForeignFrame(): boolean {
  try {
    return window.top?.location.origin !== location.origin
  } catch {
    return true
  }
}
