import { ANSWER_LIMIT, type AskActive } from './ask-active.ts'
import { controllerUrl } from './worker-state.ts'

/** As much of the Navigation API as is needed here; Firefox has it from 147 on, Safari from 26.2. */
interface Navigation {
  addEventListener(
    type: 'navigate',
    listener: (event: { readonly destination: { readonly url: string } }) => void,
  ): void
}

/**
 * Tells the worker when a script has the page go where it sees no request of that, to another origin, out of its scope or
 * without a worker: a library may log out there. It is told the path, and not the query, which may hold a token.
 * @param scope the registration's, as far as it is known
 */
export function tellOfLeaving(ask: AskActive, scope: () => string | undefined): void {
  const { navigation } = window as { readonly navigation?: Navigation }
  navigation?.addEventListener('navigate', ({ destination }) => {
    const { href, origin, pathname } = new URL(destination.url)
    if (!controllerUrl() || !href.startsWith(scope() ?? location.origin))
      ask({ type: 'leaving', url: origin + pathname }, ANSWER_LIMIT).catch(() => undefined)
  })
}
