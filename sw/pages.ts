import type { WatchPage } from '../src/core/ports.ts'

/** The pages that a worker serves. */
export interface Pages {
  /** Posts to the page that has this client id, or else to every one, since a page stands behind each worker. */
  readonly tell: (clientId: string, message: unknown) => Promise<void>
  /** Takes control of every page in scope. */
  readonly claim: () => Promise<void>
  /** Watches the page, or worker of a page, that has this client id. */
  readonly watch: (clientId: string) => ReturnType<WatchPage>
}
