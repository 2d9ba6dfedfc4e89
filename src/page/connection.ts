import { RefreshWorkerError } from '../errors.ts'
import type { InPage } from './in-page.ts'
import { foreign } from './obstacles.ts'
import { controllerUrl, serviceWorkers } from './worker-state.ts'

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

/** A page's way to the worker, or to itself in the place of one; it may be lost and found again while the page is open. */
export interface Connection {
  /** Settles with the registration whose worker controls this page, or rejects with what is wrong; anew after a loss. */
  registration(): Promise<ServiceWorkerRegistration>
  /** Calls `listener` whenever somebody else serves this page, or nobody; not before the first one does. */
  onChange(listener: () => void): void
  /** Calls `listener` with what is posted to this page. */
  onMessage(listener: (message: unknown, source: unknown) => void): void
  /** Has the page serve itself, since what controls it is of no use; false: it cannot. */
  giveUp(error: RefreshWorkerError): boolean
}

/**
 * @param connect registers the worker, and settles once it controls the page
 * @param inPage serves the page where there is none
 */
export function createConnection(connect: () => Promise<ServiceWorkerRegistration>, inPage?: InPage): Connection {
  const listeners = new Set<() => void>()
  const tell = () => {
    for (const listener of listeners) listener()
  }
  const container = serviceWorkers()
  let isConnecting = true
  let last = open()
  let current = last
  let reconnectedAt = 0

  /** Without a worker, the page serves itself if it can. */
  async function orInPage(error: unknown): Promise<ServiceWorkerRegistration> {
    if (!inPage) throw error
    // It may not be registered here, and controls this page all the same.
    const registration = controllerUrl() === inPage.scriptUrl && (await container?.getRegistration())
    if (registration) return registration
    return inPage.serve().catch(cause => {
      complain(cause)
      // Of another class perhaps, that of the host's own script.
      throw cause.code === 'config_error' ? cause : error
    })
  }

  async function open() {
    isConnecting = true
    try {
      const registration = await connect()
      inPage?.retire()
      return registration
    } catch (error) {
      return await orInPage(error)
    } finally {
      isConnecting = false
    }
  }

  function onControllerChange() {
    const controller = container?.controller
    // That is what it waits for.
    if (isConnecting) return
    if (inPage?.isServing()) {
      if (controller?.scriptURL !== inPage.scriptUrl) return
      inPage.retire()
      current = last = open()
    } else if (controller) current = last.then(registration => check(registration, controller)).catch(orInPage)
    else if (Date.now() - reconnectedAt < PEACE) current = Promise.reject(gone()).catch(orInPage)
    else {
      // The user or the browser has cleared the site's data, and the registration with it.
      reconnectedAt = Date.now()
      current = last = open()
    }
    current.catch(complain)
    tell()
  }

  last.then(
    () => container?.addEventListener('controllerchange', onControllerChange),
    () => undefined,
  )
  return {
    registration: () => current,
    onChange: listener => void listeners.add(listener),
    onMessage: listener => {
      inPage?.onMessage(listener)
      container?.addEventListener('message', ({ data, source }) => listener(data, source))
      container?.startMessages()
    },
    giveUp: error => {
      if (!inPage || inPage.isServing()) return false
      complain(error)
      current = inPage.serve()
      tell()
      return true
    },
  }
}

/** Another version, or another script, may have taken the place of the worker; or another scope that of its own. */
function check(registration: ServiceWorkerRegistration, { scriptURL }: ServiceWorker): ServiceWorkerRegistration {
  const { active, waiting } = registration
  if ([active, waiting].some(worker => worker?.scriptURL === scriptURL)) return registration
  throw foreign(scriptURL)
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
