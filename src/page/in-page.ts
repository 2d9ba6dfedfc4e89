import { RefreshWorkerError } from '../errors.ts'
import { coded } from './complain.ts'
import { type Held, holdRequests, isUnsafe, type Senders } from './hold-requests.ts'
import { controllerUrl } from './worker-state.ts'

/** The place in which a page keeps the session itself. */
export interface Place {
  /** Of the worker that it stands in for: relative URLs of the options are resolved against it. */
  readonly scriptUrl: string
  /** Of that worker's registration. */
  readonly scope: string
  /** The page's own. */
  readonly own: Senders
  /** Whether a worker may still come. */
  readonly mayRetire: () => boolean
  /** Whether it has come, and answers from now on. */
  readonly isRetired: () => boolean
  /** Hears what a worker would post to the page. */
  readonly tell: (message: unknown, source: ServiceWorker) => void
}

/** A page that keeps the session itself. */
export interface InPageSession {
  /** Its `active` takes the messages that a worker takes. */
  readonly registration: ServiceWorkerRegistration
  /** These authorize requests. */
  readonly senders: Senders
  /** Whether it is of no use where a worker may come: that one would know nothing of it. Requests wait until that is known. */
  readonly isPrivate?: boolean
}

/** What `inPage()` of `refresh-worker/in-page` makes. */
export interface InPageHost {
  /** @throws {ConfigError} code `config_error`: an option is unknown or wrong */
  readonly serve: (place: Place) => InPageSession
}

/** Loads the host. Called only if there is no worker, or none yet. */
export type LoadInPageHost = () => Promise<InPageHost | { readonly default: InPageHost }>

/** How long (milliseconds) it may take to load. */
const LOAD_LIMIT = 30_000

/** Serves a page without a worker, for as long as there is none. */
export interface InPage {
  readonly scriptUrl: string
  /** What may be a login waits until it is known who answers. */
  readonly hold: () => void
  /** Requests wait for the host, and are its own until the worker has come. */
  readonly begin: () => void
  /** The host serves for good: no worker can be had. */
  readonly serve: () => Promise<ServiceWorkerRegistration>
  readonly isServing: () => boolean
  /** The worker serves. */
  readonly retire: () => void
  readonly onMessage: (listener: Place['tell']) => void
}

/** Two in one page would each take the other's requests for the page's. */
const known = new Map<string, InPage>()

/** The same for the same script, however often a page registers it. */
export function inPageOf(load: LoadInPageHost, scriptUrl: string, scope: string): InPage {
  const inPage = known.get(scriptUrl) ?? createInPage(load, scriptUrl, scope)
  known.set(scriptUrl, inPage)
  return inPage
}

function createInPage(load: LoadInPageHost, scriptUrl: string, scope: string): InPage {
  const listeners = new Set<Place['tell']>()
  let held: Held | undefined
  let session: Promise<InPageSession> | undefined
  let isServing = false
  let hasBegun = false

  const hold = () => {
    held ??= holdRequests(method => hasBegun || isUnsafe(method))
    return held
  }

  const begin = () => {
    hasBegun = true
    const { own } = hold()
    session ??= inTime(load).then(loaded =>
      ('serve' in loaded ? loaded : loaded.default).serve({
        scriptUrl,
        scope,
        own,
        mayRetire: () => !isServing,
        isRetired: () => !isServing && controllerUrl() === scriptUrl,
        tell: (message, source) => {
          for (const listener of listeners) listener(message, source)
        },
      }),
    )
    session.then(
      ({ senders, isPrivate }) => {
        if (!isPrivate) held?.release(senders)
      },
      error => {
        // Perhaps the network is back next time.
        session = undefined
        held?.letGo(coded(error))
        held = undefined
        hasBegun = false
      },
    )
    return session
  }

  return {
    scriptUrl,
    hold,
    begin,
    serve: async () => {
      isServing = true
      const { registration, senders } = await begin()
      held?.release(senders)
      return registration
    },
    isServing: () => isServing,
    retire: () => {
      isServing = hasBegun = false
      held?.release()
      held = undefined
    },
    onMessage: listener => void listeners.add(listener),
  }
}

function inTime<T>(load: () => Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const slow = `withoutWorker has not loaded in ${LOAD_LIMIT / 1000} s: its promise must not wait for a fetch of this page`
    const timer = setTimeout(() => reject(new RefreshWorkerError('worker_timeout', slow)), LOAD_LIMIT)
    load()
      .finally(() => clearTimeout(timer))
      .then(resolve, reject)
  })
}
