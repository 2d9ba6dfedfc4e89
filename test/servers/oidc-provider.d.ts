/** The part of oidc-provider 8 that the tests use; it comes without types. */
declare module 'oidc-provider' {
  import type { EventEmitter } from 'node:events'
  import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'

  export interface Stored {
    jti: string
    grantId?: string
    accountId?: string
    /** Seconds since the epoch. */
    exp?: number
    consumed?: number
    uid?: string
    /** The thumbprint of the key that a token is bound to. */
    jkt?: string
  }

  export interface Adapter {
    upsert(id: string, payload: Stored): Promise<void>
    find(id: string): Promise<Stored | undefined>
    findByUid(uid: string): Promise<Stored | undefined>
    findByUserCode(userCode: string): Promise<Stored | undefined>
    consume(id: string): Promise<void>
    destroy(id: string): Promise<void>
    revokeByGrantId(grantId: string): Promise<void>
  }

  interface Grant {
    addOIDCScope(scope: string): void
    save(): Promise<string>
  }

  interface Context {
    oidc: {
      client: { clientId: string }
      session: { accountId: string }
      params?: Record<string, string>
    }
  }

  class Provider extends EventEmitter {
    constructor(issuer: string, configuration: Record<string, unknown>)
    readonly AccessToken: { find(token: string): Promise<Stored | undefined> }
    readonly Grant: new (of: {
      accountId: string
      clientId: string
    }) => Grant
    callback(): RequestListener
    interactionFinished(
      request: IncomingMessage,
      response: ServerResponse,
      result: { login: { accountId: string } } | { error: string },
    ): Promise<void>
  }

  export { type Context, type Grant, Provider }
}
