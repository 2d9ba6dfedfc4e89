import { type ChannelMessage, DEVTOOLS_CHANNEL, type DevtoolsReply } from '../devtools-protocol.ts'
import type { RefreshWorkerError } from '../errors.ts'
import type { AuthClient } from '../page/auth-client.ts'
import type { InspectReport } from '../page/inspect-report.ts'
import type { AuthState } from '../protocol.ts'
import { type Action, ActionsView } from './actions-view.ts'
import { carryOut } from './carry-out.ts'
import { Frame } from './frame.ts'
import { askHost } from './link.ts'
import { SessionView } from './session-view.ts'
import { takeNumber } from './tab-number.ts'
import { reportOf, Tabs } from './tabs.ts'
import { TabsView } from './tabs-view.ts'
import { Timeline } from './timeline.ts'
import { TimelineView } from './timeline-view.ts'
import { levelOfState, productionInWords, reasonInWords } from './words.ts'

/** Milliseconds between two drawings, where nothing happens but that time goes by. */
const [TICK, CALM_TICK] = [250, 1_000]

/** How long (milliseconds) a look is put off, so that many events are one reason. */
const SOON = 150

/** A module of an application may be evaluated where there is no DOM. */
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement

/**
 * `<refresh-worker-devtools>`: the session, its hosts and tabs, and what becomes of each request. It needs the `auth` that
 * `register()` has returned. With the attribute `inline` it stands where it is put, and is always open; without, it is a
 * button in a corner that opens a panel.
 */
export class RefreshWorkerDevtools extends Base {
  #auth: AuthClient | null = null
  #client: AuthClient | null = null
  #state: AuthState = { status: 'unknown' }
  #report: InspectReport | null = null
  #reply: DevtoolsReply | null = null
  #number: number | null = null
  #connected: AbortController | null = null
  #channel: BroadcastChannel | null = null
  #looking: ReturnType<typeof setTimeout> | undefined
  #isDrawing = false
  #unwatch: () => void = () => undefined
  readonly #timeline = new Timeline()
  readonly #tabs = new Tabs()
  readonly #session = new SessionView()
  readonly #actions = new ActionsView((action, isOn) => this.#act(action, isOn))
  readonly #timelineView = new TimelineView(this.#timeline, this.#tabs)
  readonly #tabsView = new TabsView(this.#tabs)
  readonly #frame = new Frame({
    parts: {
      session: this.#session.root,
      actions: this.#actions.root,
      timeline: this.#timelineView.root,
      tabs: this.#tabsView.root,
    },
    onOpen: () => this.#look(),
    onSession: key => this.#choose(key),
  })

  /** What `register()` has returned. */
  get auth(): AuthClient | null {
    return this.#auth
  }

  set auth(auth: AuthClient | null) {
    this.#auth = auth
    this.#client = auth
    if (this.isConnected) {
      this.disconnectedCallback()
      this.connectedCallback()
    }
  }

  connectedCallback(): void {
    // Given before the element was defined, it stands in the way of the accessor.
    const given = Object.getOwnPropertyDescriptor(this, 'auth')?.value
    if (given && Reflect.deleteProperty(this, 'auth')) this.#auth = this.#client = given
    if (!this.shadowRoot) this.#frame.attach(this)
    if (!this.#auth || this.#connected) return
    const connected = new AbortController()
    const { signal } = connected
    this.#connected = connected
    this.#frame.listen(signal)
    this.#channel = new BroadcastChannel(DEVTOOLS_CHANNEL)
    this.#channel.onmessage = ({ data }) => this.#hear(data)
    const ended = new Promise(resolve => signal.addEventListener('abort', resolve))
    takeNumber(ended).then(number => {
      this.#number = number
      this.#announce()
    })
    addEventListener('pagehide', () => this.#leave(true), { signal })
    addEventListener('pageshow', ({ persisted }) => persisted && this.#look(), { signal })
    document.addEventListener('visibilitychange', () => this.#look(), { signal })
    const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches
    const timer = setInterval(() => this.#frame.isOpen && !document.hidden && this.#draw(), isCalm ? CALM_TICK : TICK)
    signal.addEventListener('abort', () => clearInterval(timer))
    this.#watch()
    this.#begin(signal)
  }

  disconnectedCallback(): void {
    this.#leave(false)
    this.#unwatch()
    this.#connected?.abort()
    this.#connected = null
    this.#channel?.close()
    this.#channel = null
  }

  async #begin(signal: AbortSignal): Promise<void> {
    try {
      await this.#auth?.ready
    } catch (error) {
      const { code, message } = error as RefreshWorkerError
      this.#frame.notice(`No host keeps a session for this page (${code}): ${message}`)
    }
    if (signal.aborted) return
    await this.#lookNow()
    // Now that the worker is awake.
    this.#post({ type: 'watch' })
  }

  /** Follows the state of the session that is shown. */
  #watch(): void {
    this.#unwatch()
    this.#unwatch =
      this.#client?.subscribe(state => {
        const was = this.#state
        this.#state = state
        if (was.status === 'authenticated' && state.status === 'anonymous')
          this.#actions.say(`${reasonInWords(state.reason)}.`, state.reason !== 'logout')
        this.#look()
      }) ?? (() => undefined)
  }

  #choose(storageKey: string): void {
    const isDefault = storageKey === this.#report?.worker.storageKeys[0]
    this.#client = isDefault ? this.#auth : (this.#auth?.session(storageKey) ?? null)
    this.#report = null
    this.#watch()
  }

  #hear(message: ChannelMessage): void {
    switch (message?.type) {
      case 'entries':
        this.#timeline.take(message.host, message.entries)
        // What a session is like then, no page may have been told.
        if (message.entries.some(({ kind }) => kind !== 'request')) this.#look()
        break
      case 'status': {
        this.#timeline.hear(message.status)
        const { scope, host } = message.status
        const isOurs = host === this.#reply?.host
        if (isOurs && this.#reply) this.#reply = { ...this.#reply, ...message.status }
        // Another start of the same worker.
        else if (scope === this.#report?.worker.scope && this.#report.worker.host === 'worker') this.#look()
        break
      }
      case 'tab':
        this.#tabs.hear(message.tab)
        break
      case 'gone':
        this.#tabs.forget(message.client, message.isClosed)
        if (message.isClosed) this.#timeline.leave(message.client)
        break
      case 'watch':
        this.#announce()
        break
    }
    this.#draw()
  }

  /** Asks the host how things are, soon: not all the time, since every message keeps a worker from being stopped. */
  #look(): void {
    clearTimeout(this.#looking)
    this.#looking = setTimeout(() => this.#connected && this.#lookNow(), SOON)
    this.#draw()
  }

  async #lookNow(): Promise<void> {
    const client = this.#client
    const report = (await client?.inspect().catch(() => null)) ?? null
    if (!this.#connected || client !== this.#client) return
    if (report) {
      this.#report = report
      this.#frame.notice(report.worker.isDevelopment ? '' : productionInWords(report.worker.host))
      this.#frame.sessions(report.worker.storageKeys, report.worker.storageKey)
      this.#take(report.worker.isDevelopment ? await askHost(report.worker, 'hello') : null)
    }
    this.#announce()
    this.#draw()
  }

  #take(reply: DevtoolsReply | null): void {
    this.#reply = reply
    if (!reply) return
    this.#timeline.hear(reply)
    this.#tabs.learn(reply.client, reply.clients)
  }

  /** Tells the other tabs of this one, and itself. */
  #announce(): void {
    const [reply, report, state] = [this.#reply, this.#report, this.#auth?.getSnapshot()]
    if (!reply || !report || !state) return
    const tab = reportOf(reply, report.worker.host, state, this.#number)
    this.#tabs.hear(tab)
    this.#post({ type: 'tab', tab })
  }

  #leave(isClosed: boolean): void {
    if (this.#reply) this.#post({ type: 'gone', client: this.#reply.client, isClosed })
  }

  #post(message: ChannelMessage): void {
    this.#channel?.postMessage(message)
  }

  async #act(action: Action, isOn: boolean): Promise<void> {
    const [client, report] = [this.#client, this.#report?.worker]
    if (!client || !report) return
    try {
      this.#actions.say(await carryOut(action, isOn, { client, report, take: reply => this.#take(reply) }))
    } catch (error) {
      const { code, message } = error as RefreshWorkerError
      this.#actions.say(code ? `${code}: ${message}` : String(message), true)
    }
    this.#look()
  }

  #draw(): void {
    if (this.#isDrawing) return
    this.#isDrawing = true
    requestAnimationFrame(() => {
      this.#isDrawing = false
      if (!this.#connected) return
      const now = Date.now()
      const [state, report, reply] = [this.#state, this.#report, this.#reply]
      this.#frame.draw(state, levelOfState(state), this.#session.left(state, report, now))
      if (!this.#frame.isOpen) return
      const live = reply && report ? this.#timeline.of(report.worker.storageKey) : null
      this.#session.draw({ state, report, reply, live, now })
      this.#actions.draw(state, report?.worker ?? null, reply)
      this.#timelineView.draw(now)
      this.#tabsView.draw(report, reply)
    })
  }
}
