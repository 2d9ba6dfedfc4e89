import { type AuthenticatedState, type AuthState, NAMESPACE } from '../protocol.ts'

/** How long (milliseconds) a page that had no answer waits before it asks again. */
const ASK_AGAIN = 30_000

/** The longest time that setTimeout can count (milliseconds). */
const LONGEST_TIMER = 2_147_483_647

interface Needs {
  readonly getState: () => AuthState
  /** Asks the worker for the state; where the session is due, this makes it refresh it. */
  readonly sync: (news?: { readonly isBackOnline?: true }) => Promise<void>
}

/** When a page asks for the state by itself: once it is due, and when the page may have missed a message. */
export class Attention {
  readonly #needs: Needs
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(needs: Needs) {
    this.#needs = needs
  }

  /** To be called once the state may be asked for. */
  listen() {
    const { getState, sync } = this.#needs
    const wake = () => sync().catch(() => undefined)
    addEventListener('pageshow', event => event.persisted && wake())
    document.addEventListener('resume', wake)
    const look = ({ type }: Event) => {
      const { expiresAt } = getState() as Partial<AuthenticatedState>
      // Not to wait for the next attempt: this may be the moment when it succeeds.
      if (this.#dueAt() !== null && expiresAt && expiresAt <= Date.now())
        sync(type === 'online' ? { isBackOnline: true } : {}).catch(() => undefined)
      else this.watch()
    }
    document.addEventListener('visibilitychange', look)
    addEventListener('focus', look)
    addEventListener('online', look)
    // A page that has no worker has changed the session, and ours may be stopped.
    addEventListener('storage', ({ key }) => key === NAMESPACE && wake())
  }

  /** Sets the timer for the state as it is now. */
  watch() {
    const dueAt = this.#dueAt()
    if (dueAt === null) clearTimeout(this.#timer)
    else this.#arm(dueAt - Date.now())
  }

  /** When a visible page is to ask for the state; the worker's own timers would die with it. */
  #dueAt(): number | null {
    const state = this.#needs.getState()
    return state.status === 'authenticated' && document.visibilityState !== 'hidden' ? state.refreshAt : null
  }

  #arm(delay: number) {
    clearTimeout(this.#timer)
    const ask = () => this.#needs.sync().catch(() => this.#dueAt() !== null && this.#arm(ASK_AGAIN))
    this.#timer = setTimeout(ask, Math.min(Math.max(delay, 0), LONGEST_TIMER))
  }
}
