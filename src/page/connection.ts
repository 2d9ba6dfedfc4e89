import { RefreshWorkerError } from '../errors.ts'

/**
 * How long a page takes the state for true where another worker has taken control of it and is silent: it may know
 * nothing of us, all the more where its script has another name (milliseconds).
 */
export const SUCCESSOR_LIMIT = 3_000
export const STRANGER_LIMIT = 800

/** How long (milliseconds) a page waits before it looks for a new version. */
export const SILENCE = 1_000

/** How long (milliseconds) after a registration the next one may come: two scripts could take turns for ever. */
const PEACE = 60_000

/** A page's way to the worker, which may be lost and found again while the page is open. */
export interface Connection {
  /** Settles with the registration whose worker controls this page, or rejects with what is wrong; anew after a loss. */
  registration(): Promise<ServiceWorkerRegistration>
  /** Calls `listener` whenever another worker controls this page, or none; not before the first one does. */
  onChange(listener: () => void): void
}

/** That of a page which can have no worker. */
export function noConnection(obstacle: RefreshWorkerError): Connection {
  return { registration: () => Promise.reject(obstacle), onChange() {} }
}

/** @param connect registers the worker, and settles once it controls the page */
export function createConnection(connect: () => Promise<ServiceWorkerRegistration>): Connection {
  const listeners = new Set<() => void>()
  let isConnecting = true
  let last = open()
  let current = last
  let reconnectedAt = 0

  function open() {
    isConnecting = true
    return connect().finally(() => {
      isConnecting = false
    })
  }

  function onControllerChange() {
    // That is what it waits for.
    if (isConnecting) return
    const { controller } = navigator.serviceWorker
    if (controller) current = last.then(registration => check(registration, controller))
    else if (Date.now() - reconnectedAt < PEACE) current = Promise.reject(gone())
    else {
      // The user or the browser has cleared the site's data, and the registration with it.
      reconnectedAt = Date.now()
      current = last = open()
    }
    current.catch(complain)
    for (const listener of listeners) listener()
  }

  last.then(
    () => navigator.serviceWorker.addEventListener('controllerchange', onControllerChange),
    () => undefined,
  )
  return {
    registration: () => current,
    onChange: listener => void listeners.add(listener),
  }
}

/** Another version, or another script, may have taken the place of the worker; or another scope that of its own. */
function check(registration: ServiceWorkerRegistration, { scriptURL }: ServiceWorker): ServiceWorkerRegistration {
  const { active, waiting } = registration
  if ([active, waiting].some(worker => worker?.scriptURL === scriptURL)) return registration
  throw foreign(scriptURL)
}

export function foreign(scriptUrl: string): RefreshWorkerError {
  return new RefreshWorkerError(
    'foreign_controller',
    `another worker, ${scriptUrl}, controls this page: unregister it, or call setup() inside it`,
  )
}

function gone(): RefreshWorkerError {
  return new RefreshWorkerError(
    'unsupported',
    'the worker was removed again: look for code that calls unregister(), and reload the page',
  )
}

/** For what happens while nobody awaits anything. */
export function complain(error: Error) {
  // biome-ignore lint/suspicious/noConsole: this is what it is for.
  console.error(error)
}
