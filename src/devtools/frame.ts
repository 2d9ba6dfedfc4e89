import type { AuthState } from '../protocol.ts'
import { draw, el, say } from './dom.ts'
import { keep, kept } from './kept.ts'
import { STYLE } from './style.ts'
import { type Level, statusOf } from './words.ts'

interface Needs {
  readonly parts: Readonly<Record<'session' | 'actions' | 'timeline' | 'tabs', HTMLElement>>
  readonly onOpen: () => void
  readonly onSession: (storageKey: string) => void
}

/** What is around the parts of devtools: the button in the corner, and the panel that it opens. */
export class Frame {
  readonly #needs: Needs
  readonly #ring = draw('circle', { class: 'ring', cx: 11, cy: 11, r: 8, pathLength: 100 })
  readonly #openerText = el('span', { class: 'sr-only' })
  readonly #opener: HTMLButtonElement
  readonly #close = el('button', { type: 'button', class: 'small close', 'aria-label': 'Close devtools' }, '✕')
  readonly #pick = el('select', { 'aria-label': 'Session that is shown' })
  readonly #notice = el('p', { class: 'notice' })
  readonly #panel: HTMLElement
  #host: HTMLElement | null = null

  constructor(needs: Needs) {
    this.#needs = needs
    const { session, actions, timeline, tabs } = needs.parts
    this.#opener = el(
      'button',
      { type: 'button', class: 'opener', 'aria-expanded': 'false', 'aria-controls': 'panel' },
      draw(
        'svg',
        { viewBox: '0 0 22 22', width: 22, height: 22, 'aria-hidden': 'true' },
        draw('circle', { class: 'track', cx: 11, cy: 11, r: 8 }),
        this.#ring,
        draw('circle', { class: 'core', cx: 11, cy: 11, r: 3.5 }),
      ),
      this.#openerText,
    )
    this.#pick.hidden = true
    this.#notice.hidden = true
    this.#panel = el(
      'section',
      { class: 'panel', id: 'panel', 'aria-labelledby': 'title' },
      el(
        'header',
        {},
        el('h2', { id: 'title' }, 'refresh-worker ', el('span', { class: 'light' }, 'devtools')),
        this.#pick,
        this.#close,
      ),
      this.#notice,
      el('div', { class: 'parts' }, el('div', { class: 'side' }, session, actions), timeline, tabs),
    )
  }

  get isOpen(): boolean {
    return !this.#panel.hidden
  }

  attach(host: HTMLElement): void {
    this.#host = host
    const root = host.attachShadow({ mode: 'open' })
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(STYLE)
    root.adoptedStyleSheets = [sheet]
    const isInline = host.hasAttribute('inline')
    this.#opener.hidden = isInline
    this.#close.hidden = isInline
    this.#panel.hidden = !isInline && !(kept('open') === 'yes' || host.hasAttribute('open'))
    root.append(this.#opener, this.#panel)
    this.#show(this.isOpen)
    this.#opener.addEventListener('click', () => this.#toggle(true))
    this.#close.addEventListener('click', () => this.#toggle(false))
    this.#pick.addEventListener('change', () => this.#needs.onSession(this.#pick.value))
  }

  /** Escape closes it, from within. */
  listen(signal: AbortSignal): void {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || !this.isOpen || this.#host?.hasAttribute('inline')) return
      event.stopPropagation()
      this.#toggle(false)
    }
    this.#panel.addEventListener('keydown', onKey, { signal })
  }

  /** What is to be known before all else; empty: nothing is. */
  notice(text: string): void {
    this.#notice.hidden = text === ''
    say(this.#notice, text)
  }

  /** Which sessions there are, and which one is shown. */
  sessions(storageKeys: readonly string[], shown: string): void {
    this.#pick.hidden = storageKeys.length < 2
    if (this.#pick.options.length !== storageKeys.length)
      this.#pick.replaceChildren(...storageKeys.map(key => el('option', { value: key }, key)))
    if (this.#pick.value !== shown) this.#pick.value = shown
  }

  draw(state: AuthState, level: Level, left: number | null): void {
    this.#opener.dataset.level = level
    this.#ring.style.setProperty('visibility', left ? 'visible' : 'hidden')
    this.#ring.style.setProperty('stroke-dasharray', `${100 * (left ?? 0)} 100`)
    say(this.#openerText, `refresh-worker devtools: ${statusOf(state)}`)
  }

  #toggle(isOpen: boolean): void {
    this.#show(isOpen)
    keep('open', isOpen ? 'yes' : 'no')
    // Whoever works by keyboard goes on where it makes sense.
    if (isOpen) this.#close.focus()
    else this.#opener.focus()
    if (isOpen) this.#needs.onOpen()
  }

  #show(isOpen: boolean): void {
    this.#panel.hidden = !isOpen
    this.#opener.setAttribute('aria-expanded', String(isOpen))
    this.#opener.hidden = isOpen || (this.#host?.hasAttribute('inline') ?? false)
  }
}
