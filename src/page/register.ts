import { type ErrorCode, RefreshWorkerError } from '../errors.ts'
import { ask } from './ask.ts'
import { type AuthClient, ServiceWorkerAuthClient } from './auth-client.ts'
import { complain } from './complain.ts'
import { createConnection } from './connection.ts'
import { holdRequests } from './hold-requests.ts'
import { type InPage, inPageOf, type LoadInPageHost } from './in-page.ts'
import { findObstacle, foreign, watchPolicy } from './obstacles.ts'
import { listenForSetupErrors, type SetupErrors } from './setup-errors.ts'
import { controllerUrl, serviceWorkers, settled, within } from './worker-state.ts'

/** How long the first installation of a worker, and its control of this page, may take (milliseconds). */
const ACTIVATION_LIMIT = 30_000
const CONTROL_LIMIT = 5_000

/** How long (milliseconds) the words of a diagnosis may take to load. */
const WORDS_LIMIT = 2_000

/**
 * A `TrustedScriptURL`, which a page needs whose Content-Security-Policy has `require-trusted-types-for 'script'`; by its
 * form, since not every version of the DOM's types knows the name.
 */
interface TrustedScriptUrl {
  toString(): string
  toJSON(): string
}

/** The options of `navigator.serviceWorker.register()`, and those that this library adds. */
export interface RegisterOptions extends RegistrationOptions {
  /**
   * Loads what keeps the session in the page itself, made by `inPage()` of `refresh-worker/in-page`. Called only where there
   * can be no worker, and until the first worker controls the page. Must not wait for a `fetch` of its own.
   */
  readonly withoutWorker?: LoadInPageHost
  /** `'page'`: registers no worker. Every page uses `withoutWorker`, unless your worker already controls it. */
  readonly host?: 'worker' | 'page'
}

/**
 * Registers the worker, makes it control this page, and returns the page's view of its session at once. You can call it
 * where there is no service worker (on a server, in tests): the state is `unsupported` there.
 *
 * Until the worker controls the page and has answered, or `ready` has rejected, `fetch` and XMLHttpRequest hold back requests
 * other than GET, HEAD and OPTIONS, because a login that the worker did not see would be lost. If `ready` rejects, they are
 * sent without the worker, and the console says which. With `withoutWorker` the page authorizes requests itself until then,
 * or for good if there can be no worker.
 * @param scriptUrl the worker script, which calls `setup()`; a `TrustedScriptURL` if the page requires Trusted Types
 * @param options those of `navigator.serviceWorker.register()`; `updateViaCache` is `'none'` by default
 */
export function register(
  scriptUrl: string | URL | TrustedScriptUrl,
  { withoutWorker, host, ...options }: RegisterOptions = {},
): AuthClient {
  const isPage = typeof document !== 'undefined'
  const href = isPage ? hrefOf(scriptUrl, document.baseURI) : undefined
  const inPage = href && withoutWorker ? standIn(href, options.scope, withoutWorker) : undefined
  const obstacle =
    findObstacle() ?? (host === 'page' && inPage && controllerUrl() !== inPage.scriptUrl ? unwanted() : null)
  const setupErrors = href && !obstacle ? listenForSetupErrors(href) : undefined
  const connection = createConnection(
    () => {
      if (setupErrors) return connect(scriptUrl, options, setupErrors, inPage)
      // At once, before the page sends anything.
      inPage?.begin()
      return Promise.reject(obstacle ?? new RefreshWorkerError('script_error', `${scriptUrl} is not a URL`))
    },
    href,
    inPage,
  )
  const client = new ServiceWorkerAuthClient(connection, inPage ? undefined : obstacle?.code)
  if (!setupErrors) return client

  // Nobody is passed by who answers; but who controls the page may be an older worker, or another one.
  const hold = () => {
    if (inPage) {
      inPage.hold()
      const retire = () => inPage.isServing() || inPage.retire()
      client.ready.then(retire, retire)
    } else {
      const { release, letGo } = holdRequests()
      client.ready.then(() => release(), letGo)
    }
  }
  hold()
  connection.onChange(() => controllerUrl() ?? hold())
  return client
}

/** Undefined where the page has no URL by which others could be told (about:blank). */
function hrefOf(url: string | URL | TrustedScriptUrl, base: string): string | undefined {
  return URL.canParse(String(url), base) ? new URL(String(url), base).href : undefined
}

function standIn(href: string, scope: string | undefined, load: LoadInPageHost): InPage | undefined {
  const scopeUrl = hrefOf(scope ?? '.', scope ? document.baseURI : href)
  return scopeUrl === undefined ? undefined : inPageOf(load, href, scopeUrl)
}

function unwanted(): RefreshWorkerError {
  return new RefreshWorkerError('unsupported', "host: 'page' has no worker registered")
}

/** Settles with the registration once its worker controls this page. */
async function connect(
  scriptUrl: string | URL | TrustedScriptUrl,
  options: RegistrationOptions,
  setup: SetupErrors,
  inPage: InPage | undefined,
): Promise<ServiceWorkerRegistration> {
  const url = new URL(String(scriptUrl), document.baseURI)
  if (!navigator.serviceWorker.controller) inPage?.begin()
  const policy = watchPolicy(url.href)
  setup.begin()
  // The very object that was given: as text, it would not be trusted.
  const registerOnce = () =>
    navigator.serviceWorker.register(scriptUrl as string, { updateViaCache: 'none', ...options }).catch(async cause => {
      // A breach of the policy is told of a task later.
      await new Promise(resolve => setTimeout(resolve))
      throw setup.last() ?? (await explain('script_error', 'notTaken', url, options.scope, policy, cause))
    })
  try {
    const registration =
      (await controlled(url.href, registerOnce())) ??
      // Once more, as other code of the page may have removed it meanwhile, such as that of a former application.
      (setup.last() ? null : await controlled(url.href, registerOnce()))
    if (!registration) throw await explain('script_error', 'notInstalled', url.href)
    const setupError = setup.last()
    if (setupError) complain(setupError)
    return registration
  } catch (error) {
    throw setup.last() ?? error
  } finally {
    policy.end()
    setup.end()
  }
}

type Diagnosis = typeof import('./diagnose.ts')

/** What is wrong, in words that a page loads only then. */
async function explain<Name extends keyof Diagnosis>(
  code: ErrorCode,
  name: Name,
  ...args: Parameters<Diagnosis[Name]>
): Promise<RefreshWorkerError> {
  let diagnosis: Diagnosis | undefined
  // Its server may be the one that does not answer.
  await within(WORDS_LIMIT, done => {
    const loading = import('./diagnose.ts').then(loaded => {
      diagnosis = loaded
    })
    loading.then(done, done)
  })
  const diagnose = diagnosis?.[name] as
    | ((...args: Parameters<Diagnosis[Name]>) => RefreshWorkerError | Promise<RefreshWorkerError>)
    | undefined
  return diagnose?.(...args) ?? new RefreshWorkerError(code)
}

/** How often (milliseconds) a page that waits for its worker looks whether it was unregistered. */
const REMOVAL_INTERVAL = 500

/** Null where the worker is gone before it controls the page. */
async function controlled(
  href: string,
  registering: Promise<ServiceWorkerRegistration | undefined>,
): Promise<ServiceWorkerRegistration | null> {
  const container = navigator.serviceWorker
  if (!(await within(ACTIVATION_LIMIT, done => registering.then(done, done))))
    throw await explain('worker_timeout', 'notRegistered', href, ACTIVATION_LIMIT)
  const registration = await registering
  if (!registration) throw await explain('unsupported', 'blocked')
  const { scope } = registration
  if (!location.href.startsWith(scope)) throw await explain('wrong_scope', 'wrongScope', scope)

  const worker = await activated(registration, href)
  if (!worker) return null
  const isOurs = () => container.controller?.scriptURL === worker.scriptURL
  const isGone = () => worker.state === 'redundant'
  // First load and hard reload leave a page uncontrolled; the worker takes it over, and nothing is reloaded.
  await within(registration.installing ? ACTIVATION_LIMIT : CONTROL_LIMIT, (done, signal) => {
    const check = () => (isOurs() || isGone()) && done()
    container.addEventListener('controllerchange', check, { signal })
    worker.addEventListener('statechange', check, { signal })
    check()
    if (!isOurs()) ask(worker, { type: 'claim' }, CONTROL_LIMIT).catch(() => undefined)
  })
  if (isOurs()) return registration
  if (isGone() && !container.controller) return null
  const { controller } = container
  throw controller ? foreign(controller.scriptURL) : await explain('worker_timeout', 'notControlled', worker.scriptURL)
}

/** Settles with true once the browser has no such registration: Firefox leaves its worker waiting then, and says nothing. */
function removed({ scope }: ServiceWorkerRegistration, limit: number): Promise<boolean> {
  return within(limit, (done, signal) => {
    const timer = setInterval(async () => {
      const known = await serviceWorkers()
        ?.getRegistration(scope)
        .catch(() => undefined)
      if (known?.scope !== scope) done()
    }, REMOVAL_INTERVAL)
    signal.addEventListener('abort', () => clearInterval(timer))
  })
}

/** The worker of the script that was asked for, once it is active; null where it will never be. */
async function activated(registration: ServiceWorkerRegistration, href: string): Promise<ServiceWorker | null> {
  const { active, waiting, installing } = registration
  const coming = installing ?? waiting
  if (active && !installing && (active.scriptURL === href || !waiting)) return active
  // The first installation, or a new version or another script that takes the place of the active one. That one is not
  // disturbed meanwhile: Chromium may take a message to it for a reason to let the new one wait for good.
  const limit = active ? CONTROL_LIMIT : ACTIVATION_LIMIT
  const isSettled = coming !== null && (await Promise.race([settled(coming, limit), removed(registration, limit)]))
  if (coming?.state === 'activated') return coming
  // With `lifecycle: false` it waits until the pages of the old one are gone; until then, that one serves.
  if (active && (!isSettled || active.scriptURL === href)) return active
  if (isSettled) return null
  throw await explain('worker_timeout', 'notActive', href, ACTIVATION_LIMIT)
}
