import type { DevtoolsReply } from '../devtools-protocol.ts'
import type { AuthState, WorkerReport } from '../protocol.ts'
import { el, say } from './dom.ts'

export type Action = 'refresh' | 'expire' | 'refuse' | 'offline' | 'forget' | 'logout'

/** What a button says, and what it does in a sentence. */
const BUTTONS: Readonly<Record<Action, readonly [name: string, about: string]>> = {
  refresh: ['Refresh now', 'Asks the token endpoint for new tokens, once for all tabs.'],
  expire: ['Expire token', 'The access token counts as expired: the next request refreshes it first.'],
  refuse: ['Refuse next refresh', 'The next refresh is answered with 400 invalid_grant, and the server is not asked.'],
  offline: [
    'Go offline',
    'What the worker sends fails as without a network, until you switch it off or the worker is stopped.',
  ],
  forget: [
    'Empty memory',
    'The worker drops all that it has in memory, as when it is stopped: the next request starts from storage. No page can stop a worker itself.',
  ],
  logout: ['Log out', 'Ends the session in all tabs, and at the server.'],
}

const IN_PAGE: Partial<typeof BUTTONS> = {
  forget: ['Reload page', 'This page keeps the session itself: a reload is to it what a stop is to a worker.'],
  offline: [
    'Go offline',
    'What this page sends for the session fails as without a network, until you switch it off or reload.',
  ],
}

/** What can be done to a session. */
export class ActionsView {
  readonly root: HTMLElement
  readonly #buttons = new Map<Action, HTMLButtonElement>()
  readonly #said = el('p', { class: 'said', role: 'status' })

  constructor(onAction: (action: Action, isOn: boolean) => void) {
    const buttons = (Object.keys(BUTTONS) as Action[]).map(action => {
      const button = el('button', { type: 'button', 'data-action': action })
      button.addEventListener('click', () => {
        // One that is disabled for good would take the focus from whoever is on it.
        if (button.getAttribute('aria-disabled') !== 'true')
          onAction(action, button.getAttribute('aria-pressed') !== 'true')
      })
      this.#buttons.set(action, button)
      return button
    })
    this.root = el(
      'div',
      { class: 'actions', role: 'group', 'aria-label': 'What to do' },
      el('div', { class: 'buttons' }, ...buttons),
      this.#said,
    )
  }

  draw(state: AuthState, report: WorkerReport | null, reply: DevtoolsReply | null): void {
    const isIn = state.status === 'authenticated'
    const isDevelopment = reply !== null
    const can: Readonly<Record<Action, boolean>> = {
      refresh: isIn,
      expire: isIn && isDevelopment,
      refuse: isDevelopment,
      offline: isDevelopment,
      forget: isDevelopment || report?.host === 'page',
      logout: isIn,
    }
    for (const [action, button] of this.#buttons) {
      const [name, about] = (report?.host === 'page' ? IN_PAGE[action] : undefined) ?? BUTTONS[action]
      say(button, name)
      button.title = about
      button.setAttribute('aria-disabled', String(!can[action]))
    }
    this.#press('refuse', reply?.refuses.includes(report?.storageKey ?? '') ?? false)
    this.#press('offline', reply?.isOffline ?? false)
  }

  /** Says what has come of an action, to whoever does not see it too. */
  say(text: string, isBad = false): void {
    say(this.#said, text)
    this.#said.dataset.level = isBad ? 'bad' : 'none'
  }

  #press(action: Action, isOn: boolean): void {
    this.#buttons.get(action)?.setAttribute('aria-pressed', String(isOn))
  }
}
