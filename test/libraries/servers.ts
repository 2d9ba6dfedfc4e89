/** The servers of the libraries and applications, as the documentation or code of each has them. */
import { createHash, randomBytes } from 'node:crypto'
import express, { type Request } from 'express'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { Running } from '../backends/backend.ts'
import { access, api, type Issuer, LIFETIME, openImitation, refresh, take } from '../backends/imitation.ts'

const UNAUTHORIZED = { message: 'Unauthorized' }

/** JSON, refresh token in the body: `/auth/login`, `/auth/refresh`, `/auth/logout`. */
export function plain(): Promise<Running> {
  return openImitation((app, issuer) => {
    const tokens = async () => ({ access_token: await access(issuer), refresh_token: await refresh(issuer) })
    app.post('/auth/login', async (req, res) => {
      if (req.body.password === issuer.users.ada) res.json(await tokens())
      else res.status(401).json({ error: 'invalid_credentials' })
    })
    app.post('/auth/refresh', async (req, res) => {
      if (await take(issuer, req.body.refresh_token)) res.json(await tokens())
      else res.status(401).json({ error: 'invalid_grant' })
    })
    app.post('/auth/logout', (_, res) => res.status(204).end())
    api(app, issuer, '/api/me', UNAUTHORIZED)
  })
}

/** The backend of the React tutorial: 403 for a refresh that is refused, and no new refresh token. */
export function reactHooks(): Promise<Running> {
  return openImitation((app, issuer) => {
    app.post('/api/auth/signin', async (req, res) => {
      if (req.body.password !== issuer.users.ada) return void res.status(401).json({ message: 'Invalid Password!' })
      res.json({
        id: 1,
        username: 'ada',
        roles: ['ROLE_USER'],
        accessToken: await access(issuer),
        refreshToken: await refresh(issuer),
      })
    })
    app.post('/api/auth/refreshtoken', async (req, res) => {
      const { refreshToken } = req.body
      if (await issuer.verify(refreshToken, 'refresh')) res.json({ accessToken: await access(issuer), refreshToken })
      else res.status(403).json({ message: 'Refresh token is not in database!' })
    })
    api(app, issuer, '/api/test/user', UNAUTHORIZED, request => request.get('x-access-token'))
  })
}

/** The backend of the Angular tutorial: the refresh token in a cookie, users in all answers. */
export function cookieTimer(): Promise<Running> {
  return openImitation((app, issuer) => {
    const cookieOf = (header = '') => /(?:^|; )refreshToken=([^;]*)/.exec(header)?.[1]
    app.post(['/users/authenticate', '/users/refresh-token'], async (req, res) => {
      const isLogin = req.path === '/users/authenticate'
      const isFine = isLogin ? req.body.password === issuer.users.ada : await take(issuer, cookieOf(req.headers.cookie))
      if (!isFine) return void res.status(isLogin ? 400 : 401).json({ message: 'Unauthorized' })
      res.cookie('refreshToken', await refresh(issuer), { httpOnly: true, sameSite: 'strict' })
      res.json({ id: 1, username: 'ada', firstName: 'Ada', jwtToken: await access(issuer) })
    })
    app.post('/users/revoke-token', async (req, res) => {
      const claims = await issuer.verify(cookieOf(req.headers.cookie), 'refresh')
      if (claims) issuer.spend(claims)
      res.clearCookie('refreshToken').json({ message: 'Token revoked' })
    })
    api(app, issuer, '/api/users', UNAUTHORIZED)
  })
}

/** RealWorld's API: a token of a long life with each answer about the user. */
export function realWorld(): Promise<Running> {
  return openImitation((app, issuer) => {
    const tokenOf: Issuer['bearer'] = request => request.get('Authorization')?.replace(/^Token /, '')
    const user = async () => ({ user: { username: 'ada', email: 'ada@example.org', token: await access(issuer) } })
    app.post('/api/users/login', async (req, res) => {
      if (req.body.user?.password === issuer.users.ada) res.json(await user())
      else res.status(403).json({ errors: { 'email or password': ['is invalid'] } })
    })
    app.all('/api/user', async (req, res) => {
      if (await issuer.verify(tokenOf(req), 'access')) res.json(await user())
      else res.status(401).json({ status: 'error', message: 'missing authorization credentials' })
    })
    api(app, issuer, '/api/feed', UNAUTHORIZED, tokenOf)
  })
}

/** Where an OpenID provider has its endpoints. */
export interface Endpoints {
  readonly issuer: string
  /** Where it has its metadata, if the library asks for them. */
  readonly metadata?: string
  readonly authorize: string
  readonly token: string
  readonly logout: string
  readonly jwks: string
  /** The query parameter that says where to go after a logout. */
  readonly returnTo: string
}

/** An OpenID provider whose tokens are JWTs, and whose only user is logged in already. */
export async function openId(at: Endpoints): Promise<Running> {
  const { publicKey, privateKey } = await generateKeyPair('RS256')
  const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256', use: 'sig' }
  const codes = new Map<string, Readonly<Record<string, string>>>()
  return openImitation((app, issuer) => {
    const idToken = (aud: string, nonce?: string) =>
      new SignJWT({ typ: 'ID', name: 'Ada Lovelace', ...(nonce ? { nonce } : {}) })
        .setProtectedHeader({ alg: 'RS256', kid: 'one' })
        .setIssuer(at.issuer)
        .setAudience(aud)
        .setSubject('ada')
        .setIssuedAt()
        .setExpirationTime('1 h')
        .sign(privateKey)
    const tokens = async (clientId: string, nonce?: string) => ({
      access_token: await access(issuer),
      refresh_token: await refresh(issuer),
      id_token: await idToken(clientId, nonce),
      token_type: 'Bearer',
      expires_in: LIFETIME,
      scope: 'openid profile offline_access',
    })
    app.get(at.authorize, (req, res) => {
      const asked = req.query as Record<string, string>
      const code = randomBytes(8).toString('hex')
      codes.set(code, asked)
      const url = new URL(asked.redirect_uri ?? '')
      const answer = new URLSearchParams({ code, state: asked.state ?? '', iss: at.issuer })
      if (asked.response_mode === 'fragment') url.hash = String(answer)
      else for (const [name, value] of answer) url.searchParams.set(name, value)
      res.redirect(url.href)
    })
    app.post(at.token, async (req, res) => {
      const { grant_type, code = '', code_verifier = '', refresh_token } = req.body
      const refused = (error = 'invalid_grant') => void res.status(400).json({ error })
      if (grant_type === 'refresh_token')
        return (await take(issuer, refresh_token)) ? void res.json(await tokens(req.body.client_id)) : refused()
      const asked = codes.get(code)
      codes.delete(code)
      const challenge = createHash('sha256').update(code_verifier).digest('base64url')
      if (!asked || asked.code_challenge !== challenge) return refused()
      res.json(await tokens(asked.client_id ?? '', asked.nonce))
    })
    app.get(at.logout, (req, res) => res.redirect(String(req.query[at.returnTo] ?? '/')))
    const url = (req: Request, path: string) => `http://${req.get('x-forwarded-host') ?? req.get('host')}${path}`
    if (at.metadata)
      app.get(at.metadata, (req, res) =>
        res.json({
          issuer: at.issuer,
          authorization_endpoint: url(req, at.authorize),
          token_endpoint: url(req, at.token),
          end_session_endpoint: url(req, at.logout),
          jwks_uri: url(req, at.jwks),
        }),
      )
    app.get(at.jwks, (_, res) => res.json({ keys: [jwk] }))
    api(app, issuer, '/api/me', UNAUTHORIZED)
  })
}

/** @see https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/ */
export function userPool(): Promise<Running> {
  return openImitation((app, issuer) => {
    app.use(express.json({ type: 'application/x-amz-json-1.1' }))
    const result = async (withRefresh: boolean) => ({
      AuthenticationResult: {
        AccessToken: await issuer.sign({ sub: 'ada', type: 'access', username: 'ada', origin_jti: 'one' }),
        IdToken: await issuer.sign({ sub: 'ada', typ: 'ID', 'cognito:username': 'ada' }),
        ...(withRefresh ? { RefreshToken: await refresh(issuer) } : {}),
        ExpiresIn: LIFETIME,
        TokenType: 'Bearer',
      },
      ChallengeParameters: {},
    })
    app.post('/cognito/', async (req, res) => {
      const target = req.get('X-Amz-Target')?.split('.')[1]
      const { AuthFlow, AuthParameters = {}, RefreshToken, Token } = req.body
      const refused = () =>
        void res.status(400).json({ __type: 'NotAuthorizedException', message: 'Refresh Token has been revoked' })
      const isFine = async (token: string) => (await issuer.verify(token, 'refresh')) !== null
      if (target === 'RevokeToken') return (await isFine(Token)) ? void res.json({}) : refused()
      if (target === 'GetTokensFromRefreshToken')
        return (await isFine(RefreshToken)) ? void res.json(await result(false)) : refused()
      if (AuthFlow === 'REFRESH_TOKEN_AUTH')
        return (await isFine(AuthParameters.REFRESH_TOKEN)) ? void res.json(await result(false)) : refused()
      return AuthParameters.PASSWORD === issuer.users.ada ? void res.json(await result(true)) : refused()
    })
    api(app, issuer, '/api/me', UNAUTHORIZED)
  })
}

/** @see https://firebase.google.com/docs/reference/rest/auth */
export function firebaseAuth(): Promise<Running> {
  return openImitation((app, issuer) => {
    const url = '/identitytoolkit.googleapis.com/v1/accounts'
    const user = { localId: 'ada', email: 'ada@example.org', emailVerified: false, providerUserInfo: [] }
    const token = () => issuer.sign({ sub: 'ada', type: 'access', auth_time: 1_700_000_000 })
    app.post(`${url}\\:signInWithPassword`, async (req, res) => {
      if (req.body.password !== issuer.users.ada)
        return void res.status(400).json({ error: { code: 400, message: 'INVALID_LOGIN_CREDENTIALS' } })
      res.json({
        kind: 'identitytoolkit#VerifyPasswordResponse',
        localId: 'ada',
        email: 'ada@example.org',
        idToken: await token(),
        registered: true,
        refreshToken: await refresh(issuer),
        expiresIn: String(LIFETIME),
      })
    })
    app.post(`${url}\\:lookup`, async (req, res) => {
      if (await issuer.verify(req.body.idToken, 'access')) res.json({ users: [user] })
      else res.status(400).json({ error: { code: 400, message: 'INVALID_ID_TOKEN' } })
    })
    app.post('/securetoken.googleapis.com/v1/token', async (req, res) => {
      const { refresh_token } = req.body
      if (!(await issuer.verify(refresh_token, 'refresh')))
        return void res.status(400).json({ error: { code: 400, message: 'TOKEN_EXPIRED', status: 'INVALID_ARGUMENT' } })
      const fresh = await token()
      res.json({
        access_token: fresh,
        id_token: fresh,
        refresh_token,
        expires_in: String(LIFETIME),
        token_type: 'Bearer',
        user_id: 'ada',
        project_id: '1',
      })
    })
    api(app, issuer, '/api/me', UNAUTHORIZED)
  })
}
