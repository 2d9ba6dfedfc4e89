import { RefreshWorkerError } from '../errors.ts'
import { coded, complain } from './complain.ts'
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
 * @param scriptUrl the worker's
 * @param inPage serves the page where there is none
 */
export function createConnection(
  connect: () => Promise<ServiceWorkerRegistration>,
  scriptUrl: string | undefined,
  inPage?: InPage,
): Connection {
  const listeners = new Set<() => void>()
  const tell = () => {
    for (const listener of listeners) listener()
  }
  const container = serviceWorkers()
  let isConnecting = true
  let hasFailed = false
  let last = open()
  let current = last
  let reconnectedAt = 0

  /**
   * Without a worker, the page serves itself if it can.
   * @param before the script that controlled the page when it began to connect
   */
  async function orInPage(cause: unknown, before?: string): Promise<ServiceWorkerRegistration> {
    const error = coded(cause)
    const now = controllerUrl()
    // It may not be registered here, or have come late, and controls this page all the same.
    const isHere = now !== undefined && now === scriptUrl && (inPage || now !== before)
    const registration = isHere && (await container?.getRegistration())
    if (registration) return registration
    if (!inPage) throw error
    return inPage.serve().catch(cause => {
      complain(cause)
      // Of another class perhaps, that of the host's own script.
      throw cause.code === 'config_error' ? cause : error
    })
  }

  async function open() {
    isConnecting = true
    hasFailed = false
    const before = controllerUrl()
    try {
      return await connect().catch(error => orInPage(error, before))
    } catch (error) {
      hasFailed = true
      throw error
    } finally {
      isConnecting = false
    }
  }

  async function found() {
    const registration = await container?.getRegistration()
    hasFailed = false
    return registration ?? open()
  }

  function onControllerChange() {
    const controller = container?.controller
    // That is what it waits for.
    if (isConnecting) return
    if (inPage?.isServing()) {
      if (controller?.scriptURL !== inPage.scriptUrl) return
      inPage.retire()
      current = last = open()
    } else if (hasFailed) {
      // Given up, and mended by another tab, or later than expected.
      if (!controller || controller.scriptURL !== scriptUrl) return
      current = last = found()
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

  container?.addEventListener('controllerchange', onControllerChange)
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
