/** A real @node-oauth/oauth2-server: a public client, every refresh token good for one use. */
import OAuth2Server from '@node-oauth/oauth2-server'
import express from 'express'
import { type AuthServer, type AuthServerOptions, openApp, postForm } from './app.ts'

const CLIENT_ID = 'web'
const PASSWORD = 'lovelace'

export async function openOAuth2Server(options: AuthServerOptions = {}): Promise<AuthServer> {
  const app = await openApp(options)
  const { origin, stats, lifetime, issued, countRefresh, holdRefresh, holdAnswer } = app
  const accessTokens = new Map<string, OAuth2Server.Token>()
  const refreshTokens = new Map<string, OAuth2Server.Token>()
  const client = { id: CLIENT_ID, grants: ['password', 'refresh_token'] }

  const model: OAuth2Server.PasswordModel & OAuth2Server.RefreshTokenModel = {
    getClient: async id => id === CLIENT_ID && client,
    getUser: async (username, password) => password === PASSWORD && { username },
    saveToken: async (token, of, user) => {
      const saved = { ...token, client: of, user }
      const { accessToken, accessTokenExpiresAt, refreshToken = '' } = token
      accessTokens.set(accessToken, saved)
      refreshTokens.set(refreshToken, saved)
      // `expires_in` will be what is left of the lifetime in whole seconds: already one less.
      issued(accessToken, Number(accessTokenExpiresAt) - 1000)
      issued(refreshToken)
      return saved
    },
    getAccessToken: async token => accessTokens.get(token),
    getRefreshToken: async token => {
      await holdRefresh()
      const found = refreshTokens.get(token)
      return found && { ...found, refreshToken: token }
    },
    revokeToken: async ({ refreshToken }) => {
      const isSpent = refreshTokens.delete(refreshToken)
      await holdAnswer()
      return isSpent
    },
  }
  const server = new OAuth2Server({
    model,
    alwaysIssueNewRefreshToken: true,
    requireClientAuthentication: { password: false, refresh_token: false },
  })

  app.express.post(
    '/oauth/token',
    express.urlencoded({ extended: false }),
    (req, res, next) => (req.body?.grant_type === 'refresh_token' ? countRefresh(req, res, next) : next()),
    async (req, res) => {
      const response = new OAuth2Server.Response()
      const issue = server.token(new OAuth2Server.Request(req), response, {
        accessTokenLifetime: lifetime(),
      })
      const succeeded = await issue.then(
        () => true,
        error => {
          // What it finds before it looks at the client it leaves to its frameworks' wrappers, which answer so.
          response.status = error.code
          response.body = { error: error.name, error_description: error.message }
          return false
        },
      )
      if (req.body?.grant_type === 'refresh_token') succeeded ? stats.refreshes++ : stats.refreshFailures++
      res
        .status(response.status ?? 200)
        .set(response.headers ?? {})
        .json(response.body)
    },
  )

  const authenticate = (accessToken: string) =>
    server
      .authenticate(
        new OAuth2Server.Request({ method: 'GET', headers: { authorization: `Bearer ${accessToken}` }, query: {} }),
        new OAuth2Server.Response(),
      )
      .catch(() => null)

  return app.serve({
    tokenUrl: `${origin}/oauth/token`,
    clientId: CLIENT_ID,
    login: async username => {
      const fields = { grant_type: 'password', client_id: CLIENT_ID, username, password: PASSWORD }
      const response = await postForm(`${origin}/oauth/token`, fields)
      if (!response.ok) throw new Error(`no tokens: ${response.status}`)
      return response.json()
    },
    accountOf: async accessToken => (await authenticate(accessToken))?.user.username ?? null,
    revoke: async accessToken => {
      const account = (await authenticate(accessToken))?.user.username
      for (const tokens of [accessTokens, refreshTokens])
        for (const [key, { user }] of tokens) if (user.username === account) tokens.delete(key)
    },
    forgetAccessTokens: () => accessTokens.clear(),
  })
}
