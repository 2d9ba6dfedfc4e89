import { expect } from 'vitest'
import type { RefreshWorkerError } from '../../../src/errors.ts'
import type { AuthClient } from '../../../src/page/auth-client.ts'
import { type AuthState, envelope, type StateReason, type WorkerReply } from '../../../src/protocol.ts'

type Message = { type: string; generation?: number; session?: string }
export type Answer = (message: Message) => object | null | Promise<object | null>

/** Of whom a state is. */
export const DEFAULT = { session: 'refresh-worker', isDefault: true }

export const ANONYMOUS: AuthState = { status: 'anonymous', reason: 'none' }
export const authenticated = (generation: number, refreshAt: number | null = null): AuthState => ({
  status: 'authenticated',
  sessionId: 'session-a',
  generation,
  expiresAt: refreshAt,
  refreshAt,
  endsAt: null,
  claims: { name: 'Ada' },
})

/** Stands in for `navigator.serviceWorker`, which happy-dom does not have: one registration, one scripted worker. */
export class Container extends EventTarget {
  readonly posted: Message[] = []
  readonly worker: ServiceWorker
  readonly registered: [string, RegistrationOptions | undefined][] = []
  controller: ServiceWorker | null = null
  scope = `${location.origin}/`
  answer: Answer = () => ({ type: 'state', state: ANONYMOUS })
  refusal: unknown = null
  sequence = 0
  updates = 0
  /** The active worker of another script, which the registered one is to replace. */
  previous: ServiceWorker | null = null

  constructor(state = 'activated') {
    super()
    const target = new EventTarget()
    this.worker = Object.assign(target, {
      scriptURL: `${location.origin}/sw.js`,
      state,
      postMessage: async (message: Message, [port]: MessagePort[]) => {
        expect(message).toMatchObject({ ns: 'refresh-worker', v: 1 })
        this.posted.push(message)
        const reply = await this.answer(message)
        if (reply)
          port?.postMessage(envelope({ ...DEFAULT, run: 'run-1', sequence: ++this.sequence, ...reply } as WorkerReply))
      },
    }) as unknown as ServiceWorker
  }

  /** Live, as the browser's is. */
  get registration() {
    const container = this
    return {
      scope: container.scope,
      waiting: null,
      async update() {
        container.updates++
      },
      get active() {
        return container.worker.state === 'activated' ? container.worker : container.previous
      },
      get installing() {
        return container.worker.state === 'activated' ? null : container.worker
      },
    }
  }

  async register(url: string, options?: RegistrationOptions) {
    this.registered.push([url, options])
    if (this.refusal) throw this.refusal
    return this.registration
  }

  async getRegistration() {
    return this.registration
  }

  startMessages() {}

  control(worker: ServiceWorker | null = this.worker) {
    this.controller = worker
    this.dispatchEvent(new Event('controllerchange'))
  }

  setWorkerState(state: string) {
    Object.assign(this.worker, { state })
    this.worker.dispatchEvent(new Event('statechange'))
  }

  /** As the worker's broadcast arrives. */
  say(state: AuthState, reason: StateReason, source: unknown = this.worker, sequence = ++this.sequence, of = DEFAULT) {
    const data = envelope({ type: 'state', state, reason, ...of, run: 'run-1', sequence })
    this.dispatchEvent(Object.assign(new Event('message'), { data, source }))
  }
}

const { happyDOM } = globalThis as unknown as { happyDOM: { setURL(url: string): void } }

export const goTo = (url: string) => happyDOM.setURL(url)

export const install = (value: unknown) =>
  Object.defineProperty(navigator, 'serviceWorker', { value, configurable: true })

export const failureOf = (auth: AuthClient) =>
  auth.ready.then(
    () => null,
    (error: RefreshWorkerError) => error,
  )
