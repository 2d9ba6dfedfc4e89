import type { WorkerReport } from '../protocol.ts'

/** What `inspect()` tells of this page and its worker; never a token. */
export interface InspectReport {
  readonly page: {
    readonly version: string
    /** The script URL of the worker that controls this page. */
    readonly controller: string | null
  }
  /** Of whoever keeps the session: see `host`. */
  readonly worker: WorkerReport
}
