import { type ErrorCode, RefreshWorkerError } from '../errors.ts'
import { type AuthState, type GivenTokens, isKeepAlive, isWorkerBroadcast, type StateMessage } from '../protocol.ts'
import { noAnswer, type Question, unexpected } from './ask.ts'
import { ANSWER_LIMIT, type AskActive, createAskActive, REFRESH_LIMIT, REFRESH_TRIES } from './ask-active.ts'
import { Attention } from './attention.ts'
import { AuthEventTarget } from './auth-events.ts'
import { coded, complain } from './complain.ts'
import { type Connection, SILENCE, STRANGER_LIMIT, SUCCESSOR_LIMIT } from './connection.ts'
import type { InspectReport } from './inspect-report.ts'
import { createKeepAlive } from './keep-alive.ts'
import { tellOfLeaving } from './leaving.ts'
import { ObservedState, UNKNOWN, unsupported } from './observed-state.ts'
import { foreign } from './obstacles.ts'
import { controllerUrl } from './worker-state.ts'

declare const __VERSION__: string

/** A page's view of the session that the worker keeps. Made by `register()`. */
export interface AuthClient extends Pick<ServiceWorkerAuthClient, keyof ServiceWorkerAuthClient> {}

/** The one that talks to a worker: a class with private members, in whose place nothing else could be put. */
export class ServiceWorkerAuthClient extends AuthEventTarget {
  #ready: Promise<void>
  #run = ''
  #sequence = 0
  /** Of the worker that has answered last. */
  #scriptUrl: string | undefined
  /** What is listened to, once: whoever speaks for the registration now. */
  #registration: ServiceWorkerRegistration | undefined
  readonly #connection: Connection
  readonly #obstacle: ErrorCode | undefined
  /** Null: the default one. */
  readonly #storageKey: string | null
  readonly #sessions: Map<string, AuthClient>
  readonly #ask: AskActive
  readonly #keepAlive: () => void
  readonly #observed: ObservedState
  readonly #attention: Attention

  /** @param obstacle why there can be no worker */
  constructor(
    connection: Connection,
    obstacle?: ErrorCode,
    storageKey: string | null = null,
    sessions = new Map<string, AuthClient>(),
  ) {
    super()
    this.#connection = connection
    this.#obstacle = obstacle
    this.#storageKey = storageKey
    this.#sessions = sessions
    this.#ask = createAskActive(connection, storageKey)
    this.#keepAlive = createKeepAlive(this.#ask)
    this.#observed = new ObservedState(obstacle ? unsupported(obstacle) : UNKNOWN, this)
    this.#attention = new Attention({ getState: this.getSnapshot, sync: news => this.#sync(news) })
    this.#ready = this.#open()
    connection.onChange(() => this.#reopen())
  }

  /**
   * Settles once the worker controls this page and answers. If there can be no worker, the page answers in its place
   * (`withoutWorker`). Once the page has lost its worker, this is another promise.
   * @throws {RefreshWorkerError} codes `unsupported`, `insecure_context`, `script_error`, `config_error`, `wrong_scope`,
   * `foreign_controller`, `worker_timeout`, `unknown_session`: what is wrong, and what to do
   */
  get ready(): Promise<void> {
    return this.#ready
  }

  /**
   * The view of one session of a worker that has several (`setup([…, …])`); the same object for the same key. Otherwise a
   * page sees the first session.
   * @param storageKey as in that session's configuration; if no configuration has it, `ready` rejects with `unknown_session`
   */
  session(storageKey: string): AuthClient {
    const known = this.#sessions.get(storageKey)
    if (known) return known
    const session = new ServiceWorkerAuthClient(this.#connection, this.#obstacle, storageKey, this.#sessions)
    this.#sessions.set(storageKey, session)
    return session
  }

  /** The current state: frozen, and the same object until it changes. */
  readonly getSnapshot = (): AuthState => this.#observed.get()

  /** What a server renders, and a page while it hydrates: `unknown`. */
  readonly getServerSnapshot = (): AuthState => UNKNOWN

  /**
   * Calls `listener` with the state, at once and on every change.
   * @returns the function that unsubscribes
   */
  readonly subscribe = (listener: (state: AuthState) => void): (() => void) => this.#observed.subscribe(listener)

  /**
   * Refreshes the access token now. Calls at the same time, from any tab, share one refresh.
   * @throws {RefreshWorkerError} codes `not_authenticated`, `no_refresh_token`, `refresh_rejected`,
   * `session_replaced`, `refresh_network_error`, `refresh_unavailable`, and those of {@link AuthClient.ready}
   */
  async updateToken(): Promise<AuthState> {
    await this.#started()
    // Which token is to be replaced: had another tab the same thought, its refresh is ours.
    const state = this.#observed.get()
    const seen = state.status === 'authenticated' ? { generation: state.generation } : {}
    return this.#askForState({ type: 'update-token', ...seen }, REFRESH_LIMIT, REFRESH_TRIES)
  }

  /**
   * Ends the session in all tabs. The worker tells the server if `logoutUrl` or `revocationUrl` is set.
   * @throws {RefreshWorkerError} codes of {@link AuthClient.ready}
   */
  async logout(): Promise<AuthState> {
    await this.#started()
    return this.#askForState({ type: 'logout' }, ANSWER_LIMIT)
  }

  /**
   * With cookies: asks who is logged in, after a login that the worker cannot have seen; once, for all tabs that ask.
   * @throws {RefreshWorkerError} codes of {@link AuthClient.ready}
   */
  async recheck(): Promise<AuthState> {
    await this.#started()
    return this.#askForState({ type: 'recheck' }, REFRESH_LIMIT, REFRESH_TRIES)
  }

  /**
   * Hands over the tokens of a login that the worker has not seen: those that your application has stored before it used
   * the worker, or those of a redirect, a native shell or an SDK. Call it as often as you like, in every tab: of all calls
   * with the same tokens one begins a session, and none does after a logout.
   * @returns whether a session has begun; false: the worker knows these tokens, has newer ones, or got a placeholder
   * @throws {RefreshWorkerError} codes `token_not_found`, `token_malformed`, and those of {@link AuthClient.ready}
   */
  async adopt(tokens: GivenTokens): Promise<boolean> {
    await this.#started()
    const reply = await this.#ask({ type: 'adopt', tokens }, ANSWER_LIMIT)
    if (reply.type !== 'adopt') throw unexpected(reply.type)
    await this.#sync()
    return reply.isAdopted
  }

  /**
   * The access token, for what no worker can intercept: WebSockets, SDKs. If it has expired, the worker refreshes it first.
   * @throws {RefreshWorkerError} code `access_token_not_exposed` unless `exposeAccessToken` is on, and those of
   * {@link AuthClient.updateToken}
   */
  async getAccessToken(): Promise<string> {
    const reply = await this.#ask({ type: 'access-token' }, REFRESH_LIMIT, REFRESH_TRIES)
    if (reply.type !== 'access-token') throw unexpected(reply.type)
    return reply.accessToken
  }

  /**
   * Versions, scope, controller, and the outcome of the last refresh: for bug reports. Never a token.
   * @throws {RefreshWorkerError} codes of {@link AuthClient.ready}
   */
  async inspect(): Promise<InspectReport> {
    const reply = await this.#ask({ type: 'inspect' }, ANSWER_LIMIT)
    if (reply.type !== 'inspect') throw unexpected(reply.type)
    return { page: { version: __VERSION__, controller: controllerUrl() ?? null }, worker: reply.report }
  }

  #started(): Promise<unknown> {
    // A worker that was late with its first answer may have come to its senses since.
    return this.ready.catch(() => this.#connection.registration())
  }

  async #askForState(question: Question, limit: number, tries?: number): Promise<AuthState> {
    const reply = await this.#ask(question, limit, tries)
    if (reply.type !== 'state') throw unexpected(reply.type)
    this.#apply(reply)
    return this.#observed.get()
  }

  #open(): Promise<void> {
    const opened = (async () => {
      const registration = await this.#connection.registration()
      if (!this.#registration) this.#listen()
      this.#registration = registration
      // One that is silent may be of before our time, and a new version waiting at the server to take its place.
      const nudge = setTimeout(() => registration.update().catch(() => undefined), SILENCE)
      const isGivenUp = await this.#sync()
        .catch(error => {
          // Whoever waits, waits for the page then.
          if (error.code === 'worker_timeout' && this.#connection.giveUp(error)) return true
          const [known, silent] = [this.#scriptUrl, registration.active?.scriptURL]
          throw error.code === 'worker_timeout' && known && silent && silent !== known ? foreign(silent) : error
        })
        .finally(() => clearTimeout(nudge))
      if (isGivenUp) return this.#ready
      this.#scriptUrl = registration.active?.scriptURL
    })().catch(error => Promise.reject(coded(error)))
    // A page that never awaits `ready` is not to be stopped by it.
    opened.catch(error => opened === this.#ready && this.#lose(error))
    return opened
  }

  /** Another worker controls the page, or none. */
  #reopen() {
    const scriptURL = controllerUrl()
    if (!scriptURL) this.#observed.set(UNKNOWN)
    this.#ready = this.#open()
    if (!scriptURL) return
    const isStranger = scriptURL !== this.#scriptUrl
    const silent = setTimeout(
      () => {
        const error = isStranger ? foreign(scriptURL) : new RefreshWorkerError('worker_timeout', noAnswer(scriptURL))
        if (this.#connection.giveUp(error)) return
        complain(error)
        this.#lose(error)
      },
      isStranger ? STRANGER_LIMIT : SUCCESSOR_LIMIT,
    )
    this.#ready.catch(() => undefined).finally(() => clearTimeout(silent))
  }

  #lose({ code }: RefreshWorkerError) {
    this.#observed.set(unsupported(code))
  }

  #listen() {
    this.#connection.onMessage((data, source) => {
      const { installing, waiting, active } = this.#registration ?? {}
      if (!source || ![active, waiting, installing].includes(source as ServiceWorker)) return
      if (isWorkerBroadcast(data) && this.#isOurs(data)) this.#apply(data)
      // Of all sessions of a page, one answers.
      else if (isKeepAlive(data) && this.#storageKey === null) this.#keepAlive()
    })
    this.#attention.listen()
    tellOfLeaving(this.#ask, () => this.#registration?.scope)
  }

  /** Asks for the state; where the session is due, this makes the worker refresh it. */
  async #sync(news: { readonly isBackOnline?: true } = {}) {
    await this.#askForState({ type: 'state', ...news }, ANSWER_LIMIT)
  }

  #isOurs({ session, isDefault }: Partial<StateMessage>): boolean {
    // The worker of the kill command ends all sessions, and names none.
    if (session === undefined) return true
    return this.#storageKey === null ? isDefault === true : session === this.#storageKey
  }

  #apply({ state, run, sequence }: StateMessage) {
    if (run === this.#run && sequence < this.#sequence) return
    this.#run = run
    this.#sequence = sequence
    this.#observed.set(state)
    this.#attention.watch()
  }
}
