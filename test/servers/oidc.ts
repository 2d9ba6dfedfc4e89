/** A real oidc-provider, strict: a public client, every refresh token good for one use, a second one ends the grant. */
import { createHash, randomBytes } from 'node:crypto'
import { exportJWK, generateKeyPair } from 'jose'
import { type Adapter, type Context, Provider, type Stored } from 'oidc-provider'
import { type App, type AuthServer, type AuthServerOptions, openApp, postForm, type TokenResponse } from './app.ts'
import type { ProofCheck } from './proofs.ts'

const CLIENT_ID = 'web'
const SCOPE = 'openid'

/** Tells the exchange of a code by our own login, which is not to be counted as a refresh. */
const OWN_LOGIN = 'x-own-login'

export interface OidcServerOptions extends AuthServerOptions {
  /**
   * Every token is bound to a key, proofs need nonces, and the API checks them by this. Pages exchange codes themselves,
   * since nobody else can have the proof.
   */
  proofs?: ProofCheck
  /** The status of the answer to the `count`th request for the issuer's metadata. */
  metadataStatus?: (count: number) => number
  /**
   * On an origin of its own, with the provider's own pages for login, consent and logout: for pages that send their
   * users there, and have them back at `/callback`, or at `/` after a logout.
   */
  isApart?: boolean
  /** Revocation requests find nobody. */
  isRevocationDown?: boolean
}

export interface OidcServer extends AuthServer {
  readonly issuer: string
  /** The one issued last. */
  readonly refreshToken: () => string
}

/** `GET /auth/code` has the fields of a token request with a new code. */
export async function openOidcServer(options: OidcServerOptions = {}): Promise<OidcServer> {
  const { proofs, metadataStatus = () => 200, isApart = false, isRevocationDown = false } = options
  const app = await openApp(options)
  const { express, origin, stats, lifetime, issued, countRefresh } = app
  const { records, adapter } = createStorage(app)
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const issuer = `${isApart ? await app.listen() : origin}/oidc`
  const redirectUri = `${origin}/auth/callback`

  const grantAll = async ({ oidc }: Context) => {
    const grant = new provider.Grant({ accountId: oidc.session.accountId, clientId: oidc.client.clientId })
    grant.addOIDCScope(SCOPE)
    await grant.save()
    return grant
  }
  const provider = new Provider(issuer, {
    adapter,
    clients: [
      {
        client_id: CLIENT_ID,
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        redirect_uris: [redirectUri, `${origin}/callback`],
        post_logout_redirect_uris: [`${origin}/`],
        id_token_signed_response_alg: 'ES256',
        dpop_bound_access_tokens: proofs !== undefined,
      },
    ],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig' }] },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    features: {
      revocation: { enabled: true },
      devInteractions: { enabled: isApart },
      dPoP: { enabled: proofs !== undefined, nonceSecret: randomBytes(32), requireNonce: () => true },
    },
    ...(isApart ? {} : { interactions: { url: () => '/auth/interaction' }, loadExistingGrant: grantAll }),
    claims: { openid: ['sub'], profile: ['name'] },
    findAccount: async (_ctx: Context, sub: string) => ({
      accountId: sub,
      claims: async () => ({ sub, name: nameOf(sub) }),
    }),
    issueRefreshToken: async () => true,
    rotateRefreshToken: true,
    expiresWithSession: async () => false,
    // Without this the provider refuses even the pages of its own origin, since a POST names it.
    clientBasedCORS: (_ctx: Context, from: string) => from === origin,
    clockTolerance: 0,
    ttl: {
      AccessToken: () => lifetime(),
      AuthorizationCode: 60,
      Grant: 86_400,
      IdToken: 3_600,
      Interaction: 60,
      RefreshToken: 86_400,
      Session: 86_400,
    },
  })
  const isRefresh = ({ oidc }: Context) => oidc?.params?.grant_type === 'refresh_token'
  provider.on('grant.success', (ctx: Context) => {
    if (isRefresh(ctx)) stats.refreshes++
  })
  for (const failure of ['grant.error', 'server_error'])
    provider.on(failure, (ctx: Context, error: { error?: string }) => {
      if (isRefresh(ctx) && error.error !== 'use_dpop_nonce') stats.refreshFailures++
    })
  provider.on('access_token.saved', ({ jti }: Stored) => {
    issued(jti, (records.get(`AccessToken:${jti}`)?.exp ?? 0) * 1000)
  })
  let refreshToken = ''
  provider.on('refresh_token.saved', ({ jti }: Stored) => {
    refreshToken = jti
    issued(jti)
  })

  express.post('/oidc/token', (req, res, next) => (req.get(OWN_LOGIN) ? next() : countRefresh(req, res, next)))
  express.get('/oidc/.well-known/openid-configuration', (_req, res, next) => {
    const status = metadataStatus(++stats.metadataRequests)
    if (status === 200) next()
    else res.status(status).end()
  })
  express.get('/auth/interaction', (req, res) =>
    provider.interactionFinished(req, res, { login: { accountId: String(req.query.account) } }),
  )
  if (isRevocationDown) express.post('/oidc/token/revocation', req => req.socket.destroy())
  // The provider's pages would have a font from the network.
  express.use('/oidc', (_req, res, next) => {
    res.set('Content-Security-Policy', "style-src 'unsafe-inline'")
    next()
  })
  express.use('/oidc', provider.callback())

  const thumbprintOf = async (token: string) => (await provider.AccessToken.find(token))?.jkt ?? null
  if (proofs) express.use(['/api', '/auth/logout'], proofs.handler(origin, thumbprintOf))
  express.get('/auth/code', async (_req, res) => res.json(await authorizeCode('ada')))

  /** The authorization code grant with PKCE, by whoever is asked for credentials elsewhere: what exchanges the code. */
  const authorizeCode = async (username: string) => {
    const verifier = randomBytes(32).toString('base64url')
    const code = await authorize(
      `${issuer}/auth?${new URLSearchParams({
        client_id: CLIENT_ID,
        response_type: 'code',
        scope: SCOPE,
        redirect_uri: redirectUri,
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
      })}`,
      { redirectUri, username },
    )
    return {
      grant_type: 'authorization_code',
      client_id: CLIENT_ID,
      code,
      redirect_uri: redirectUri,
      code_verifier: verifier,
    }
  }

  const login = async (username: string): Promise<TokenResponse> => {
    const response = await postForm(`${issuer}/token`, await authorizeCode(username), { [OWN_LOGIN]: 'yes' })
    if (!response.ok) throw new Error(`no tokens: ${response.status}`)
    return response.json()
  }

  const server = app.serve({
    tokenUrl: `${issuer}/token`,
    clientId: CLIENT_ID,
    login,
    accountOf: async accessToken => (await provider.AccessToken.find(accessToken))?.accountId ?? null,
    revoke: async accessToken => {
      const grantId = (await provider.AccessToken.find(accessToken))?.grantId
      for (const [key, record] of records) if (grantId && record.grantId === grantId) records.delete(key)
    },
    forgetAccessTokens: () => {
      for (const key of records.keys()) if (key.startsWith('AccessToken:')) records.delete(key)
    },
  })
  return { ...server, issuer, refreshToken: () => refreshToken }
}

/** What userinfo tells of an account, and the id token does not. */
export const nameOf = (account: string) => `${account} of the ${account} family`

/** Follows the redirects from the authorization endpoint to the client's, as a browser would, and gets the code there. */
async function authorize(start: string, { redirectUri, username }: { redirectUri: string; username: string }) {
  const cookies = new Map<string, string>()
  let url = new URL(start)
  for (let steps = 0; steps < 10; steps++) {
    if (url.pathname === '/auth/interaction') url.searchParams.set('account', username)
    const response = await fetch(url, {
      headers: { Cookie: [...cookies].map(pair => pair.join('=')).join('; ') },
      redirect: 'manual',
    })
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      if (value) cookies.set(name, value)
      else cookies.delete(name)
    }
    url = new URL(response.headers.get('Location') ?? '', url)
    const code = url.searchParams.get('code')
    if (url.href.startsWith(redirectUri) && code) return code
  }
  throw new Error('the authorization endpoint gave no code')
}

/**
 * Keeps everything in memory, of this server only. Refreshes are held up here: by now the request has been read, so
 * that the provider goes on with it even where whoever has sent it is gone.
 */
export function createStorage({ holdRefresh, holdAnswer }: Pick<App, 'holdRefresh' | 'holdAnswer'>) {
  const records = new Map<string, Stored>()
  const adapter = (model: string): Adapter => {
    const key = (id: string) => `${model}:${id}`
    const all = () => [...records].filter(([id]) => id.startsWith(key('')))
    return {
      upsert: async (id, payload) => {
        records.set(key(id), payload)
      },
      find: async id => {
        if (model === 'RefreshToken') await holdRefresh()
        return records.get(key(id))
      },
      findByUid: async uid => all().find(([, record]) => record.uid === uid)?.[1],
      findByUserCode: async () => undefined,
      consume: async id => {
        const record = records.get(key(id))
        if (record) record.consumed = Math.floor(Date.now() / 1000)
        if (model === 'RefreshToken') await holdAnswer()
      },
      destroy: async id => {
        records.delete(key(id))
      },
      revokeByGrantId: async grantId => {
        for (const [id, record] of all()) if (record.grantId === grantId) records.delete(id)
      },
    }
  }
  return { records, adapter }
}
