import type { WorkerReport } from '../protocol.ts'

/** What `inspect()` reports about this page and its worker. Never a token. */
export interface InspectReport {
  readonly page: {
    readonly version: string
    /** The script URL of the worker that controls this page. */
    readonly controller: string | null
  }
  /** The report of the worker, or of the page that keeps the session in its place: see `host`. */
  readonly worker: WorkerReport
}
