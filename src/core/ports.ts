import type { Trace } from '../devtools-protocol.ts'

/** What the core needs of its host, as plain types: each host has the real ones, tests have their own. */

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

/** All that is stored, for tidying up. */
export interface Records {
  readonly entries: () => Promise<readonly (readonly [key: string, record: unknown])[]>
  readonly remove: (keys: readonly string[]) => Promise<void>
}

/**
 * Runs `task` alone among all holders of `name`, but waits for that no longer than `limit` milliseconds: any page of
 * the origin can hold or steal a lock, so it only spares work. What must not go wrong is up to the store. `isAlone`: the
 * lock was granted.
 */
export type Locks = <T>(name: string, limit: number, task: (isAlone: boolean) => Promise<T>) => Promise<T>

/** Posts to every page that this host serves. */
export type Broadcast = (message: unknown) => Promise<void>

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

/**
 * Whether another host has taken this one's place, and begins refreshes from now on: a page whose worker has come must not
 * send one through it.
 */
export type IsRetired = () => boolean

/** Keeps the worker alive until the promise settles. */
export type WaitUntil = (promise: Promise<unknown>) => void

/** Begins to watch the page that has asked; what it returns settles with whether that page has gone away since. */
export type WatchPage = () => () => Promise<boolean>

/** ES256 (RFC 7518 §3.4), by keys that the browser does not hand out, and SHA-256; both take UTF-8. */
export interface Es256 {
  readonly generate: () => Promise<CryptoKeyPair>
  readonly isKeyPair: (value: unknown) => value is CryptoKeyPair
  readonly publicJwk: (pair: CryptoKeyPair) => Promise<JsonWebKey>
  readonly sign: (pair: CryptoKeyPair, text: string) => Promise<ArrayBuffer>
  readonly sha256: (text: string) => Promise<ArrayBuffer>
}

/** All of them, but the store, which is wrapped first. */
export interface Ports {
  readonly now: Clock
  readonly newId: NewId
  readonly random: Random
  readonly isOnline: IsOnline
  readonly later: Later
  readonly fetch: Fetch
  readonly locks: Locks
  readonly broadcast: Broadcast
  readonly es256: Es256
  readonly isRetired?: IsRetired
  readonly log: Log
  /** For devtools, in development builds. */
  readonly trace?: Trace
}
