import type { Server } from 'node:http'
import type { Express, Request } from 'express'
import type { SessionStore } from 'refresh-worker/server'

export type DemoKind = 'bearer' | 'cookies' | 'page'

export interface DemoOptions {
  /** Of an access token, in seconds; 30 unless set. */
  lifetime?: number
  /** Added to every answer of the token endpoint, in milliseconds; 300 unless set. */
  latency?: number
  /** Keeps the refresh token in a cookie; the demo's own worker is configured for it. */
  cookie?: boolean
  /** How sessions are kept: tokens in the worker, both in cookies, or in pages that have no worker; `bearer` unless set. */
  kind?: DemoKind
  /** Where the demo of each kind is, once that is known: for its links. */
  kinds?: () => readonly { kind: DemoKind; url: string }[]
  /** Has the demo's own worker keep tokens in memory alone. */
  memory?: boolean
  /** Keeps sessions there, by `refresh-worker/server`; without one, and for `bearer`, by `refresh-worker/express`, nowhere. */
  store?: SessionStore
  /** At least 32 bytes each; random at each start unless set. */
  secrets?: { accessTokenSecret: string | Uint8Array; refreshTokenSecret: string | Uint8Array }
  /** Awaited before a refresh is handled: hold it at a barrier, or throw to fail it (500). */
  beforeRefresh?: (request: Request) => Promise<void> | void
  /** Awaited when the refresh token is spent, and the answer not sent yet. */
  afterRefresh?: (request: Request) => Promise<void> | void
  /** More files, by URL path; they come before all others and may be changed while the server runs. */
  files?: Record<string, { type: string; body: string | Uint8Array }>
}

/** One request that the server has answered; never a token. */
export interface DemoEvent {
  /** Grows, also over restarts. */
  id: number
  /** Milliseconds since the epoch. */
  at: number
  /** `expire`: a page had the server reject all access tokens issued so far. */
  kind: 'login' | 'refresh' | 'request' | 'logout' | 'expire'
  /** Null where the request was refused. */
  user: string | null
  method: string
  path: string
  /** 0: whoever asked has gone before the answer. */
  status: number
  ms: number
  /** What the page sent as `X-Demo-Tab`; null: the worker's own request. */
  tab: string | null
}

export interface DemoStats {
  /** Successful ones. */
  logins: number
  /** Successful ones. */
  refreshes: number
  refreshFailures: number
  /** To the API, whatever it answered. */
  requests: number
  /** Of `requests`, those answered 401. */
  unauthorized: number
  logouts: number
}

export interface Demo {
  app: Express
  server: Server
  /** The last 200, oldest first. */
  log: DemoEvent[]
  stats: DemoStats
  /** Of access tokens issued from now on, in seconds. */
  setLifetime(seconds: number): void
  /** From now on the API answers 401 to every access token issued so far. */
  expireAccessTokens(): void
  /** Listens on localhost; port 0, any free one, unless set. Returns the origin, with no slash at its end. */
  listen(port?: number): Promise<string>
  /** Ends at once, live connections included. */
  close(): Promise<void>
}

export function createDemo(options?: DemoOptions): Demo
