import type { AuthClient } from '../page/auth-client.ts'
import { RefreshWorkerDevtools } from './element.ts'

export { RefreshWorkerDevtools } from './element.ts'

declare global {
  interface HTMLElementTagNameMap {
    'refresh-worker-devtools': RefreshWorkerDevtools
  }
}

const NAME = 'refresh-worker-devtools'

export interface DevtoolsOptions {
  /** Where the element is put; `document.body`. */
  readonly parent?: Element
  /** It is open from the start; otherwise as it was before a reload. */
  readonly open?: boolean
}

/** Makes `<refresh-worker-devtools>` known, for pages that put it into their HTML and set its `auth`. */
export function defineDevtools(): void {
  if (!customElements.get(NAME)) customElements.define(NAME, RefreshWorkerDevtools)
}

/**
 * Adds devtools to the page: a button in a corner that opens a panel. For development builds alone: import it behind
 * `import.meta.env.DEV` or the like, so that no visitor loads it.
 * @param auth what `register()` has returned
 * @returns a function that removes it
 */
export function mountDevtools(auth: AuthClient, options: DevtoolsOptions = {}): () => void {
  defineDevtools()
  const { parent = document.body, open = false } = options
  const element = document.createElement(NAME) as RefreshWorkerDevtools
  element.toggleAttribute('open', open)
  element.auth = auth
  parent.append(element)
  return () => element.remove()
}
