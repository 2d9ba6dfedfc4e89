/** What blocks of code in the documents use and do not declare: what the text around them says is there. */

declare const register: typeof import('refresh-worker').register
/** What `register()` has returned. */
declare const auth: import('refresh-worker').AuthClient
declare const request: XMLHttpRequest
/** An application's own. */
declare function showDialog(left: number): void

/** In the worker's script. */
declare function importScripts(...urls: string[]): void
declare const RefreshWorker: {
  setup: typeof import('refresh-worker/sw').setup
  presets: typeof import('refresh-worker/presets')
}
