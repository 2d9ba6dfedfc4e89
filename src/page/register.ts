import { type ErrorCode, RefreshWorkerError } from '../errors.ts'
import { ask } from './ask.ts'
import { type AuthClient, ServiceWorkerAuthClient } from './auth-client.ts'
import { settled, within } from './worker-state.ts'

/** How long the first installation of a worker, and its control of this page, may take (milliseconds). */
const ACTIVATION_LIMIT = 30_000
const CONTROL_LIMIT = 5_000

const WIDEN = 'serve the script from a folder above, or with the header Service-Worker-Allowed and the option scope'

/**
 * A `TrustedScriptURL`, which a page needs whose Content-Security-Policy has `require-trusted-types-for 'script'`; by its
 * form, since not every version of the DOM's types knows the name.
 */
interface TrustedScriptUrl {
  toString(): string
  toJSON(): string
}

/**
 * Registers the worker, makes it control this page, and returns the page's view of its session, at once. Safe to call
 * where there is no service worker (on a server, in tests): the state stays `unsupported` there.
 * @param scriptUrl the worker script, which calls `setup()`; a `TrustedScriptURL` where the page requires Trusted Types
 * @param options as of `navigator.serviceWorker.register()`; `updateViaCache` is `'none'` unless given
 */
export function register(scriptUrl: string | URL | TrustedScriptUrl, options?: RegistrationOptions): AuthClient {
  const obstacle = findObstacle()
  const connection = obstacle ? Promise.reject(obstacle) : connect(scriptUrl, options)
  return new ServiceWorkerAuthClient(connection, obstacle === null)
}

function findObstacle(): RefreshWorkerError | null {
  if (globalThis.isSecureContext === false)
    return new RefreshWorkerError('insecure_context', 'service workers need https:// or http://localhost')
  try {
    if (typeof document !== 'undefined' && globalThis.navigator?.serviceWorker) return null
  } catch {
    return new RefreshWorkerError(
      'unsupported',
      'this frame is sandboxed, and may have no service worker: give its sandbox attribute allow-same-origin',
    )
  }
  return new RefreshWorkerError(
    'unsupported',
    'there is no service worker here (an old browser, a private window, or no browser at all): use another one',
  )
}

/** Settles with the registration once its worker controls this page. */
async function connect(
  scriptUrl: string | URL | TrustedScriptUrl,
  options?: RegistrationOptions,
): Promise<ServiceWorkerRegistration> {
  const container = navigator.serviceWorker
  const href = new URL(String(scriptUrl), document.baseURI).href
  const registering: Promise<ServiceWorkerRegistration | undefined> = container
    // The very object that was given: as text, it would not be trusted.
    .register(scriptUrl as string, { updateViaCache: 'none', ...options })
    .catch(async cause => Promise.reject(await diagnose(new URL(href), cause)))
  if (!(await within(ACTIVATION_LIMIT, done => registering.then(done, done))))
    throw new RefreshWorkerError(
      'worker_timeout',
      `${href} was not registered in ${ACTIVATION_LIMIT / 1000} s: does the server answer for it?`,
    )
  const registration = await registering
  if (!registration)
    throw new RefreshWorkerError(
      'unsupported',
      "something blocks service workers here, such as a test runner (Playwright: serviceWorkers: 'allow')",
    )
  const { scope } = registration
  if (!location.href.startsWith(scope))
    throw new RefreshWorkerError(
      'wrong_scope',
      `the worker's scope is ${scope}, which does not cover this page, ${location.origin}${location.pathname}: ` +
        WIDEN,
    )

  const worker = await activated(registration, href)
  const isOurs = () => container.controller?.scriptURL === worker.scriptURL
  // First load and hard reload leave a page uncontrolled; the worker takes it over, and nothing is reloaded.
  const isControlled = await within(registration.installing ? ACTIVATION_LIMIT : CONTROL_LIMIT, (done, signal) => {
    const check = () => isOurs() && done()
    container.addEventListener('controllerchange', check, { signal })
    check()
    if (!isOurs()) ask(worker, { type: 'claim' }, CONTROL_LIMIT).catch(() => undefined)
  })
  if (!isControlled) throw notControlled(worker, container.controller)
  return registration
}

/** The worker of the script that was asked for, once it is active. */
async function activated(registration: ServiceWorkerRegistration, scriptUrl: string): Promise<ServiceWorker> {
  const { active, waiting, installing } = registration
  const coming = installing ?? waiting
  if (active && !installing && (active.scriptURL === scriptUrl || !waiting)) return active
  // The first installation, or a new version or another script that takes the place of the active one. That one is not
  // disturbed meanwhile: Chromium may take a message to it for a reason to let the new one wait for good.
  const isSettled = coming !== null && (await settled(coming, active ? CONTROL_LIMIT : ACTIVATION_LIMIT))
  if (coming?.state === 'activated') return coming
  // With `lifecycle: false` it waits until the pages of the old one are gone; until then, that one serves.
  if (active && !isSettled) return active
  throw isSettled
    ? new RefreshWorkerError('script_error', `${scriptUrl} failed to install: see its errors in the console`)
    : new RefreshWorkerError(
        'worker_timeout',
        `${scriptUrl} is not active after ${ACTIVATION_LIMIT / 1000} s: what does its install event wait for?`,
      )
}

function notControlled(worker: ServiceWorker, controller: ServiceWorker | null): RefreshWorkerError {
  return controller
    ? new RefreshWorkerError(
        'foreign_controller',
        `another worker, ${controller.scriptURL}, controls this page: unregister it, or call setup() inside it`,
      )
    : new RefreshWorkerError(
        'worker_timeout',
        `${worker.scriptURL} did not take control of this page: does it call RefreshWorker.setup(), in this version? If so, reload the page: Safari's engine may leave one alone that was loaded while the first worker was activated`,
      )
}

/** Browsers say little of why a script was not taken; a look at it says more. */
async function diagnose(url: URL, cause: unknown): Promise<RefreshWorkerError> {
  const error = (code: ErrorCode, message: string) => new RefreshWorkerError(code, message, { cause })
  const reason = cause instanceof Error ? cause.message : String(cause)
  // Firefox speaks of the "sink type" alone.
  if (cause instanceof TypeError && /TrustedScriptURL|sink type/i.test(reason))
    return error(
      'script_error',
      "this page's Content-Security-Policy requires Trusted Types: give register() a TrustedScriptURL, as made by " +
        `trustedTypes.createPolicy(…).createScriptURL('${url.pathname}')`,
    )
  if (url.origin !== location.origin)
    return error('script_error', `${url.href} must be of this origin, ${location.origin}`)

  const response = await fetch(url, { cache: 'no-store' }).catch(() => null)
  if (!response) return error('script_error', `${url.pathname} could not be fetched: is the server up?`)
  const type = response.headers.get('Content-Type') ?? 'no Content-Type'
  await response.body?.cancel()
  if (!response.ok)
    return error('script_error', `${url.pathname} answers ${response.status}: put the worker script there`)
  if (/html/i.test(type))
    return error(
      'script_error',
      `${url.pathname} answers with a page of HTML, most likely the one that the server sends for files it does not have: put the worker script there`,
    )
  if (!/(java|ecma)script/i.test(type))
    return error('script_error', `${url.pathname} is served as ${type}: it must be text/javascript`)
  if (cause instanceof DOMException && cause.name === 'SecurityError')
    return error('wrong_scope', `${reason}: ${WIDEN}`)
  return error('script_error', `${url.pathname} could not be started, see its own error in the console: ${reason}`)
}
