/** A real oidc-provider as the other site that people have an account at; it asks who one is, on a page of its own. */
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { exportJWK, generateKeyPair } from 'jose'
import * as oauth from 'oauth4webapi'
import { type Context, Provider } from 'oidc-provider'
import { createStorage } from './oidc.ts'

const NAMES: Readonly<Record<string, string>> = { ada: 'Ada Lovelace', grace: 'Grace Hopper' }

export interface SocialProvider {
  readonly server: oauth.AuthorizationServer
  readonly client: oauth.Client
  readonly secret: string
  /** For requests of its client: it has no https. */
  readonly options: { readonly [oauth.allowInsecureRequests]: true }
  close(): Promise<void>
}

/** Starts it for an application with a confidential client. Another site than any on localhost. */
export async function openSocialProvider(application: string): Promise<SocialProvider> {
  const app = express()
  const http = createServer(app)
  await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  const client = { client_id: 'app', id_token_signed_response_alg: 'ES256' }
  const secret = randomBytes(32).toString('base64url')
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })

  const { adapter } = createStorage({ holdRefresh: async () => undefined, holdAnswer: async () => undefined })

  const provider = new Provider(issuer, {
    adapter,
    clients: [
      {
        ...client,
        client_secret: secret,
        token_endpoint_auth_method: 'client_secret_post',
        redirect_uris: [`${application}/auth/github/callback`],
      },
    ],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig' }] },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    features: { devInteractions: { enabled: false } },
    claims: { openid: ['sub'], profile: ['name'] },
    interactions: { url: () => '/who' },
    findAccount: async (_ctx: Context, sub: string) => ({
      accountId: sub,
      claims: async () => ({ sub, name: NAMES[sub] }),
    }),
    loadExistingGrant: async ({ oidc }: Context) => {
      const grant = new provider.Grant({ accountId: oidc.session.accountId, clientId: oidc.client.clientId })
      grant.addOIDCScope('openid profile')
      await grant.save()
      return grant
    },
    ttl: { AccessToken: 60, AuthorizationCode: 60, Grant: 60, IdToken: 60, Interaction: 60, Session: 60 },
  })
  app.get('/who', (_request, response) => {
    const buttons = Object.keys(NAMES).map(name => `<button name="account" value="${name}">${name}</button>`)
    const cancel = '<button name="cancel" value="yes">cancel</button>'
    response.send(`<!doctype html><title>Who?</title><form method="post">${buttons.join('')}${cancel}</form>`)
  })
  app.post('/who', express.urlencoded({ extended: false }), (request, response) => {
    const { account, cancel } = request.body
    const result = cancel ? { error: 'access_denied' } : { login: { accountId: account } }
    return provider.interactionFinished(request, response, result)
  })
  app.use(provider.callback())

  return {
    server: {
      issuer,
      authorization_endpoint: `${issuer}/auth`,
      token_endpoint: `${issuer}/token`,
      userinfo_endpoint: `${issuer}/me`,
    },
    client,
    secret,
    options: { [oauth.allowInsecureRequests]: true },
    close: () =>
      new Promise(resolve => {
        http.close(() => resolve())
        http.closeAllConnections()
      }),
  }
}
