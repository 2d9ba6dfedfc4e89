/** What the core needs of the platform, as plain types: `platform.ts` has the real ones, tests have their own. */

/** Milliseconds since the epoch. */
export type Clock = () => number

export type Fetch = (request: Request) => Promise<Response>

/** Key-value records, shared by every worker of the origin. */
export interface Store {
  readonly read: (key: string) => Promise<unknown>
  /** Reads and writes in one transaction; settles once the write is durable. `updater` must be synchronous. */
  readonly update: (key: string, updater: (stored: unknown) => unknown) => Promise<void>
  /** `onNews` hears when something else, another worker or a page, may have changed the records or taken them away. */
  readonly watch: (onNews: () => void) => void
}

/**
 * Runs `task` alone among all holders of `name`, but waits for that no longer than `limit` milliseconds: any page of
 * the origin can hold or steal a lock, so it only spares work. What must not go wrong is up to the store. `isAlone`: the
 * lock was granted.
 */
export type Locks = <T>(name: string, limit: number, task: (isAlone: boolean) => Promise<T>) => Promise<T>

export interface Clients {
  /** Posts to every page in scope. */
  readonly broadcast: (message: unknown) => Promise<void>
  /** Posts to the page that has this client id, or else to every one, since a page stands behind each worker. */
  readonly tell: (clientId: string, message: unknown) => Promise<void>
  /** Takes control of every page in scope. */
  readonly claim: () => Promise<void>
}

/** Messages for people. `debug` is for development; `warn` says what is wrong with the configuration or the server. */
export interface Log {
  (level: 'debug' | 'warn', message: string): void
  /** Lines that belong together, under a title; there is none in production builds. */
  readonly group?: (title: string, lines: readonly string[]) => void
}

/** From 0 up to 1. */
export type Random = () => number

/** Whether the machine says that it has a network; where it says so, it may be wrong. */
export type IsOnline = () => boolean

/** A new random id. */
export type NewId = () => string

/** Calls `task` after so many milliseconds, if this worker is still alive then. */
export type Later = (delay: number, task: () => void) => void

/** Keeps the worker alive until the promise settles. */
export type WaitUntil = (promise: Promise<unknown>) => void

/** ES256 (RFC 7518 §3.4), by keys that the browser does not hand out, and SHA-256; both take UTF-8. */
export interface Es256 {
  readonly generate: () => Promise<CryptoKeyPair>
  readonly isKeyPair: (value: unknown) => value is CryptoKeyPair
  readonly publicJwk: (pair: CryptoKeyPair) => Promise<JsonWebKey>
  readonly sign: (pair: CryptoKeyPair, text: string) => Promise<ArrayBuffer>
  readonly sha256: (text: string) => Promise<ArrayBuffer>
}
