/** The events of an `AuthClient`. */
export interface AuthClientEventMap {
  /** `authenticated` has changed, whichever tab caused it. Also when the page first learns that somebody is logged in. */
  'authentication-change': CustomEvent<{ readonly authenticated: boolean }>
}

type ClientListener = (event: AuthClientEventMap['authentication-change']) => void

interface AuthEventTarget extends EventTarget {
  addEventListener(
    type: 'authentication-change',
    listener: ClientListener,
    options?: boolean | AddEventListenerOptions,
  ): void
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void
  removeEventListener(
    type: 'authentication-change',
    listener: ClientListener,
    options?: boolean | EventListenerOptions,
  ): void
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | EventListenerOptions,
  ): void
}

/** The browser's EventTarget, which knows the types of these events. */
export const AuthEventTarget = EventTarget as new () => AuthEventTarget
