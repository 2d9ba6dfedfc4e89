import { RefreshWorkerError } from '../errors.ts'
import { controllerUrl } from './worker-state.ts'

/** What forbids workers, in the order in which one stands in for the other. */
const WORKER_DIRECTIVES = ['worker-src', 'child-src', 'script-src', 'default-src']

/** MSW's, by the name that it gives to it: the page has started it, and a worker in its place would end all mocking. */
const MSW = /\/mockServiceWorker\.js$/

/** What makes it useless to try. */
export function findObstacle(): RefreshWorkerError | null {
  const controller = controllerUrl()
  if (controller && MSW.test(controller)) return foreign(controller)
  const protocol = globalThis.location?.protocol
  // A worker cannot tell whose they are, and engines differ in whether they may register one.
  if (/^(about|blob|data):$/.test(protocol))
    return unsupported(
      'a frame without a URL of its own (srcdoc, about:blank, blob:, data:) cannot speak to a worker: use the AuthClient of the page around it',
    )
  if (protocol === 'file:')
    return unsupported('a page from a file can have no service worker: serve it, by http://localhost for instance')
  if (protocol && !/^https?:$/.test(protocol))
    return unsupported(`a page of ${protocol} can have no worker of a site: serve it by https:`)
  // Firefox hands out a container there, which then refuses.
  if (globalThis.origin === 'null') return sandboxed()
  if (globalThis.isSecureContext === false)
    return new RefreshWorkerError('insecure_context', 'service workers need https:// or http://localhost')
  try {
    if (typeof document !== 'undefined' && globalThis.navigator?.serviceWorker) return null
  } catch {
    return sandboxed()
  }
  return unsupported(
    'there is no service worker here (an old browser, a private window, or no browser at all): use another one',
  )
}

/** What the page's Content-Security-Policy has forbidden. */
export interface Policy {
  /** The directive that forbids the worker. */
  readonly broken: () => string | undefined
  /** Whether it forbids the page to look at the script. */
  readonly isBlind: () => boolean
}

/** Notes what it forbids to do with a script, from now on. */
export function watchPolicy(scriptUrl: string): Policy & { readonly end: () => void } {
  let broken: string | undefined
  let isBlind = false
  const note = (event: SecurityPolicyViolationEvent) => {
    const { effectiveDirective, originalPolicy, disposition, blockedURI } = event
    // A policy that only reports forbids nothing; and other workers of the page may be forbidden.
    if (disposition === 'report' || (blockedURI && !scriptUrl.startsWith(blockedURI))) return
    if (effectiveDirective === 'worker-src')
      broken = WORKER_DIRECTIVES.find(directive => originalPolicy.includes(directive))
    else if (effectiveDirective === 'connect-src') isBlind = true
  }
  document.addEventListener('securitypolicyviolation', note)
  return {
    broken: () => broken,
    isBlind: () => isBlind,
    end: () => document.removeEventListener('securitypolicyviolation', note),
  }
}

export function foreign(scriptUrl: string): RefreshWorkerError {
  const fix = MSW.test(scriptUrl)
    ? 'to use MSW, start it first, and give register() the option withoutWorker; else unregister it'
    : 'unregister it, or call setup() inside it'
  return new RefreshWorkerError('foreign_controller', `another worker, ${scriptUrl}, controls this page: ${fix}`)
}

function sandboxed(): RefreshWorkerError {
  return unsupported(
    'this frame is sandboxed, and may have no service worker: give its sandbox attribute allow-same-origin',
  )
}

function unsupported(message: string): RefreshWorkerError {
  return new RefreshWorkerError('unsupported', message)
}
