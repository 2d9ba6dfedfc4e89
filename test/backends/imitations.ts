/** Kinds of servers by their documentation: what they answer is written as they write it. */
import type { Request } from 'express'
import { type Backend, post, posts } from './backend.ts'
import { access, api, type Issuer, LIFETIME, openImitation, refresh, take } from './imitation.ts'

/** Whether a request brings the right password, by whatever names. */
const knows = ({ users }: Issuer, name: unknown, password: unknown) =>
  users[String(name).split('@', 1)[0] ?? ''] === password

const ADA = { email: 'ada@example.org', password: 'lovelace' }

export const directus: Backend = {
  title: 'Directus, mode json',
  source: 'https://directus.io/docs/api/authentication',
  why: 'its API needs Node 22',
  setup: "{ ...RefreshWorker.presets.directus(), apiUrls: ['/users/', '/items/'] }",
  login: post('/auth/login', ADA),
  api: { url: '/users/me' },
  isRefresh: posts('/auth/refresh'),
  isLogout: posts('/auth/logout'),
  open: () =>
    openImitation((app, issuer) => {
      const refusal = (code: string, message: string) => ({ errors: [{ message, extensions: { code } }] })
      const tokens = async () => ({
        data: { access_token: await access(issuer), refresh_token: await refresh(issuer), expires: LIFETIME * 1000 },
      })
      app.post('/auth/login', async (req, res) => {
        if (knows(issuer, req.body.email, req.body.password)) res.json(await tokens())
        else res.status(401).json(refusal('INVALID_CREDENTIALS', 'Invalid user credentials.'))
      })
      app.post('/auth/refresh', async (req, res) => {
        if (req.body.mode === 'json' && (await take(issuer, req.body.refresh_token))) res.json(await tokens())
        else res.status(401).json(refusal('INVALID_CREDENTIALS', 'Invalid user credentials.'))
      })
      app.post('/auth/logout', async (req, res) => {
        if (req.body?.mode === 'json' && (await take(issuer, req.body.refresh_token))) res.status(204).end()
        else res.status(400).json(refusal('INVALID_PAYLOAD', 'The refresh token is required.'))
      })
      api(app, issuer, '/users/me', refusal('TOKEN_EXPIRED', 'Token expired.'))
    }),
}

export const supabase: Backend = {
  title: 'Supabase Auth',
  source: 'https://github.com/supabase/auth',
  why: 'a program in Go with PostgreSQL behind it, in neither npm nor Debian',
  setup: "{ ...RefreshWorker.presets.supabase({ apikey: 'anon' }), apiUrls: ['/rest/v1/'] }",
  login: post('/auth/v1/token?grant_type=password', ADA, { apikey: 'anon' }),
  api: { url: '/rest/v1/me', headers: { apikey: 'anon' } },
  isRefresh: posts('/auth/v1/token?grant_type=refresh_token'),
  isLogout: posts('/auth/v1/logout?scope=global'),
  open: () =>
    openImitation((app, issuer) => {
      const user = { id: 'ada', aud: 'authenticated', role: 'authenticated', email: ADA.email }
      app.use((req, res, next) => {
        if (req.get('apikey') === 'anon') next()
        else res.status(401).json({ message: 'No API key found in request' })
      })
      app.post('/auth/v1/token', async (req, res) => {
        const isPassword = req.query.grant_type === 'password'
        const { email, password, refresh_token } = req.body
        if (isPassword ? knows(issuer, email, password) : await take(issuer, refresh_token))
          res.json({
            access_token: await access(issuer),
            token_type: 'bearer',
            expires_in: LIFETIME,
            expires_at: Math.floor(Date.now() / 1000) + LIFETIME,
            refresh_token: await refresh(issuer),
            user,
          })
        else if (isPassword)
          res.status(400).json({ code: 400, error_code: 'invalid_credentials', msg: 'Invalid login credentials' })
        else
          res.status(400).json({
            code: 400,
            error_code: 'refresh_token_not_found',
            msg: 'Invalid Refresh Token: Refresh Token Not Found',
          })
      })
      app.get('/auth/v1/user', async (req, res) => {
        if (await issuer.verify(issuer.bearer(req), 'access')) res.json(user)
        else res.status(403).json({ code: 403, error_code: 'bad_jwt', msg: 'invalid JWT' })
      })
      app.post('/auth/v1/logout', async (req, res) => {
        const isFine = await issuer.verify(issuer.bearer(req), 'access')
        res.status(isFine ? 204 : 403).end()
      })
      api(app, issuer, '/rest/v1/me', { code: 'PGRST301', message: 'JWT expired' })
    }),
}

export const pocketBase: Backend = {
  title: 'PocketBase',
  source: 'https://pocketbase.io/docs/api-records/',
  why: 'a program in Go, in neither npm nor Debian',
  setup: "{ ...RefreshWorker.presets.pocketBase(), apiUrls: ['/api/'] }",
  login: post('/api/collections/users/auth-with-password', { identity: ADA.email, password: ADA.password }),
  api: { url: '/api/collections/posts/records' },
  isRefresh: posts('/api/collections/users/auth-refresh'),
  open: () =>
    openImitation((app, issuer) => {
      const record = { collectionName: 'users', email: ADA.email }
      app.post('/api/collections/users/auth-with-password', async (req, res) => {
        if (knows(issuer, req.body.identity, req.body.password)) res.json({ token: await access(issuer), record })
        else res.status(400).json({ status: 400, message: 'Failed to authenticate.', data: {} })
      })
      app.post('/api/collections/users/auth-refresh', async (req, res) => {
        if (await issuer.verify(issuer.bearer(req), 'access')) res.json({ token: await access(issuer), record })
        else
          res
            .status(401)
            .json({ status: 401, message: 'The request requires valid record authorization token.', data: {} })
      })
      api(app, issuer, '/api/collections/posts/records', {
        status: 401,
        message: 'The request requires valid record authorization token.',
        data: {},
      })
    }),
}

export const laravelJwt: Backend = {
  title: 'Laravel, tymon/jwt-auth',
  source: 'https://jwt-auth.readthedocs.io/en/develop/quick-start/',
  why: 'Debian has Laravel, and no package for JWTs',
  setup: "{ ...RefreshWorker.presets.laravelJwt(), apiUrls: ['/api/'] }",
  login: post('/api/auth/login', ADA),
  // Without it, Laravel sends who is not logged in to a page.
  api: { url: '/api/me', headers: { Accept: 'application/json' } },
  isRefresh: posts('/api/auth/refresh'),
  isLogout: posts('/api/auth/logout'),
  open: () =>
    openImitation((app, issuer) => {
      const wantsJson = (req: Request) => /[/+]json/.test(req.get('Accept') ?? '')
      const token = async () => ({ access_token: await access(issuer), token_type: 'bearer', expires_in: LIFETIME })
      app.post('/api/auth/login', async (req, res) => {
        if (knows(issuer, req.body.email, req.body.password)) res.json(await token())
        else res.status(401).json({ error: 'Unauthorized' })
      })
      app.post('/api/auth/refresh', async (req, res) => {
        const claims = await issuer.verify(issuer.bearer(req), 'access')
        // Laravel makes a 500 of an exception that nobody handles.
        if (!claims)
          return void (wantsJson(req)
            ? res
                .status(500)
                .json({ message: 'The token has been blacklisted', exception: 'TokenBlacklistedException' })
            : res.status(500).send('<!DOCTYPE html><title>Server Error</title>'))
        issuer.spend(claims)
        res.json(await token())
      })
      app.post('/api/auth/logout', (_, res) => res.json({ message: 'Successfully logged out' }))
      app.get('/api/me', (req, res, next) => (wantsJson(req) ? next() : res.redirect('/login')))
      api(app, issuer, '/api/me', { message: 'Unauthenticated.' })
    }),
}

export const payload: Backend = {
  title: 'Payload',
  source: 'https://payloadcms.com/docs/authentication/operations',
  why: 'it runs inside Next, with a database',
  setup: "{ ...RefreshWorker.presets.payload(), apiUrls: ['/api/'] }",
  login: post('/api/users/login', ADA),
  api: { url: '/api/users/me' },
  isRefresh: posts('/api/users/refresh-token'),
  isLogout: posts('/api/users/logout'),
  open: () =>
    openImitation((app, issuer) => {
      const exp = () => Math.floor(Date.now() / 1000) + LIFETIME
      app.post('/api/users/login', async (req, res) => {
        if (knows(issuer, req.body.email, req.body.password))
          res.json({ message: 'Auth Passed', token: await access(issuer), exp: exp(), user: ADA.email })
        else res.status(401).json({ errors: [{ message: 'The email or password provided is incorrect.' }] })
      })
      app.post('/api/users/refresh-token', async (req, res) => {
        if (await issuer.verify(issuer.bearer(req), 'access'))
          res.json({
            message: 'Token refresh successful',
            refreshedToken: await access(issuer),
            exp: exp(),
            user: ADA.email,
          })
        else res.status(403).json({ errors: [{ message: 'You are not allowed to perform this action.' }] })
      })
      app.post('/api/users/logout', (_, res) => res.json({ message: 'Logged out successfully.' }))
      app.get('/api/users/me', async (req, res) => {
        const token = issuer.bearer(req)
        const claims = await issuer.verify(token, 'access')
        if (!claims) res.status(401).json({ errors: [{ message: 'Unauthorized' }] })
        else res.json({ user: claims.sub, collection: 'users', token, exp: claims.exp, message: 'Account' })
      })
    }),
}

export const deviseJwt: Backend = {
  title: 'Rails, devise-jwt',
  source: 'https://github.com/waiting-for-dev/devise-jwt',
  why: 'Debian has Devise, and not this gem',
  setup: "{ ...RefreshWorker.presets.deviseJwt(), apiUrls: ['/posts/'] }",
  login: post('/users/sign_in', { user: ADA }),
  api: { url: '/posts/mine' },
  isRefresh: null,
  isLogout: came => came.method === 'DELETE' && came.url === '/users/sign_out',
  open: () =>
    openImitation((app, issuer) => {
      app.post('/users/sign_in', async (req, res) => {
        const { email, password } = req.body.user
        if (knows(issuer, email, password))
          res
            .status(201)
            .set('Authorization', `Bearer ${await access(issuer)}`)
            .json({ email })
        else res.status(401).json({ error: 'Invalid Email or password.' })
      })
      app.delete('/users/sign_out', (_, res) => res.status(204).end())
      api(app, issuer, '/posts/mine', { error: 'Signature has expired' })
    }),
}

export const deviseTokenAuth: Backend = {
  title: 'Rails, devise_token_auth',
  source: 'https://devise-token-auth.gitbook.io/devise-token-auth/conceptual',
  why: 'Debian has Devise, and not this gem',
  setup: "{ ...RefreshWorker.presets.deviseTokenAuth(), apiUrls: ['/posts/'] }",
  login: post('/auth/sign_in', ADA),
  api: { url: '/posts/mine' },
  isRefresh: null,
  isRolling: true,
  isLogout: came => came.method === 'DELETE' && came.url === '/auth/sign_out',
  open: () =>
    openImitation((app, issuer) => {
      /** `Bearer` with a JSON object in base64: token, client and uid. */
      const wrap = (token: string) =>
        Buffer.from(JSON.stringify({ 'access-token': token, client: 'one', uid: ADA.email })).toString('base64')
      const unwrap = (req: Request) => {
        try {
          return JSON.parse(Buffer.from(issuer.bearer(req) ?? '', 'base64').toString())['access-token']
        } catch {
          return undefined
        }
      }
      const headersOf = (token: string, isNew: boolean) => ({
        Authorization: `Bearer ${wrap(token)}`,
        'access-token': isNew ? token : ' ',
        'token-type': 'Bearer',
        client: 'client-of-this-browser',
        expiry: isNew ? String(Math.floor(Date.now() / 1000) + LIFETIME) : ' ',
        uid: ADA.email,
      })
      /** Of which a newer one was given. */
      const replaced = new Set<unknown>()
      app.post('/auth/sign_in', async (req, res) => {
        if (knows(issuer, req.body.email, req.body.password))
          res.set(headersOf(await access(issuer), true)).json({ data: { email: ADA.email } })
        else res.status(401).json({ success: false, errors: ['Invalid login credentials. Please try again.'] })
      })
      app.delete('/auth/sign_out', (_, res) => res.json({ success: true }))
      app.get('/posts/mine', async (req, res, next) => {
        const token = unwrap(req)
        const claims = await issuer.verify(token, 'access')
        if (!claims) return next()
        // Each token is good once, but for the requests of one moment: one gets a new token, and the others the same.
        const isNew = !replaced.has(claims.jti)
        replaced.add(claims.jti)
        if (isNew) setTimeout(() => issuer.spend(claims), 1_000)
        res.set(headersOf(isNew ? await access(issuer) : token, isNew)).json({ user: claims.sub })
      })
      api(app, issuer, '/posts/mine', { errors: ['You need to sign in or sign up before continuing.'] }, unwrap)
    }),
}

export const superTokens: Backend = {
  title: 'SuperTokens, tokens in headers',
  source: 'https://supertokens.com/docs/references/fdi/introduction',
  why: 'its packages speak to a server of its own, in Java, in neither npm nor Debian',
  setup: "{ ...RefreshWorker.presets.superTokens(), apiUrls: ['/api/'] }",
  login: post(
    '/auth/signin',
    {
      formFields: [
        { id: 'email', value: ADA.email },
        { id: 'password', value: ADA.password },
      ],
    },
    { 'st-auth-mode': 'header' },
  ),
  api: { url: '/api/me' },
  isRefresh: posts('/auth/session/refresh'),
  isLogout: posts('/auth/signout'),
  open: () =>
    openImitation((app, issuer) => {
      const tokens = async () => ({
        'st-access-token': await access(issuer),
        'st-refresh-token': await refresh(issuer),
        'front-token': 'ada',
      })
      app.post('/auth/signin', async (req, res) => {
        const value = (id: string) => req.body.formFields.find((field: { id: string }) => field.id === id)?.value
        if (knows(issuer, value('email'), value('password')) && req.get('st-auth-mode') === 'header')
          res.set(await tokens()).json({ status: 'OK' })
        else res.json({ status: 'WRONG_CREDENTIALS_ERROR' })
      })
      app.post('/auth/session/refresh', async (req, res) => {
        if (req.get('st-auth-mode') === 'header' && (await take(issuer, issuer.bearer(req))))
          res.set(await tokens()).json({})
        else res.status(401).json({ message: 'unauthorised' })
      })
      app.post('/auth/signout', (_, res) => res.json({ status: 'OK' }))
      app.get('/api/me', async (req, res, next) => {
        // New claims are a new token.
        if (await issuer.verify(issuer.bearer(req), 'access')) res.set('st-access-token', await access(issuer))
        next()
      })
      api(app, issuer, '/api/me', { message: 'try refresh token' })
    }),
}
