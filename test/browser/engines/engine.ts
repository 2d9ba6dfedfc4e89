import type { EngineName } from '../../../scripts/browsers.mjs'

/** Work for a page: a function is sent as its source, so it sees nothing but its argument and the page. */
export type Work<Arg, Result> = string | ((arg: Arg) => Result | Promise<Result>)

/** What a tab has been asked to hold on to: it never leaves the page. */
export interface Held<Value> {
  evaluate<Result>(work: (value: Value) => Result | Promise<Result>): Promise<Result>
}

export interface Tab {
  /** Settles once the page has loaded. */
  goto(url: string): Promise<void>
  reload(): Promise<void>
  /** Reloads around the worker, as Shift and the reload button do. Only where `engine.can.hardReload`. */
  hardReload(): Promise<void>
  /** Settles with the awaited result, which has to survive JSON; other tabs are not held up meanwhile. */
  evaluate<Result, Arg = undefined>(work: Work<Arg, Result>, arg?: Arg): Promise<Result>
  evaluateHandle<Value, Arg = undefined>(work: Work<Arg, Value>, arg?: Arg): Promise<Held<Value>>
  /** Stops every worker, or that of one script, as a browser does with an idle one. Only where `engine.can.stopWorkers`. */
  stopWorkers(scriptUrl?: string): Promise<void>
  /** Has it run no script until it is thawed, as a browser does with one that is hidden for long. Only where `engine.can.freeze`. */
  freeze(isFrozen: boolean): Promise<void>
  /** Gives it another width (CSS pixels), or has its user prefer dark or light. Only where `engine.can.emulate`. */
  emulate(how: Emulated): Promise<void>
  close(): Promise<void>
}

/** What users can set. */
export interface Settings {
  readonly cookies?: 'blocked'
}

export interface Emulated {
  readonly width?: number
  readonly scheme?: 'light' | 'dark'
}

/** Storage and workers of their own, shared by its tabs alone. */
export interface Profile {
  /** The browser's. */
  readonly version: string
  /** Errors that pages did not catch. In WebKitGTK from the end of a page's load on, and known once its tab is closed. */
  readonly failures: readonly string[]
  /** What pages wrote to the console, known likewise; what workers did, only where `engine.can.seeWorkerConsole`. */
  readonly console: readonly string[]
  /** Those that are open. */
  readonly tabs: ReadonlySet<Tab>
  newTab(): Promise<Tab>
  /** Takes the network from pages and workers, or gives it back. Only where `engine.can.goOffline`. */
  setOffline(isOffline: boolean): Promise<void>
  /** As the browser's user does in its settings. Only where `engine.can.clearCookies`. */
  clearCookies(): Promise<void>
  close(): Promise<void>
}

export interface Browser {
  newProfile(): Promise<Profile>
  isRunning(): boolean
  close(): Promise<void>
}

export interface Engine {
  readonly name: EngineName
  /** What not every engine lets a test do. A test that needs it says so with `runIf`, and is counted as skipped. */
  readonly can: Readonly<
    Record<
      | 'stopWorkers'
      | 'hardReload'
      | 'seeWorkerConsole'
      | 'goOffline'
      | 'clearCookies'
      | 'freeze'
      | 'emulate'
      | 'blockCookies',
      boolean
    >
  >
  /** Settings other than the usual ones only where `engine.can` says so. */
  launch(executable: string, settings?: Settings): Promise<Browser>
}
