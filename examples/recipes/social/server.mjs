import { randomBytes } from 'node:crypto'
import express from 'express'
import * as oauth from 'oauth4webapi'
import { issueTokens, refreshToken } from 'refresh-worker/express'
import { ownPage } from '../own-page.mjs'

export function routes(app, { origin, tokens, users, provider: { server, client, secret, options } }) {
  const redirectUri = `${origin}/auth/github/callback`
  const handovers = new Map()
  // Lax: the way back from the provider is a navigation that another site has begun
  const cookie = { path: '/auth', httpOnly: true, sameSite: 'lax', secure: origin.startsWith('https:') }

  app.get('/auth/github', async (_request, response) => {
    const state = oauth.generateRandomState()
    const verifier = oauth.generateRandomCodeVerifier()
    const query = new URLSearchParams({
      client_id: client.client_id,
      redirect_uri: redirectUri,
      response_type: 'code',
      scope: 'openid profile',
      state,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    })
    response.cookie('github', `${state}.${verifier}`, { ...cookie, maxAge: 600_000 })
    response.redirect(`${server.authorization_endpoint}?${query}`)
  })

  app.get('/auth/github/callback', async (request, response) => {
    const [state, verifier] = cookieOf(request, 'github').split('.')
    response.clearCookie('github', cookie)
    try {
      // Throws unless the state is that of this browser's cookie: CSRF, RFC 9700 §4.7
      const answer = oauth.validateAuthResponse(server, client, new URL(request.originalUrl, origin), state)
      const auth = oauth.ClientSecretPost(secret)
      const granted = await oauth.processAuthorizationCodeResponse(
        server,
        client,
        await oauth.authorizationCodeGrantRequest(server, client, auth, answer, redirectUri, verifier, options),
      )
      const asked = await oauth.userInfoRequest(server, client, granted.access_token, options)
      const { sub, id = sub, name } = await asked.json() // OpenID's is sub, GitHub's id
      if (!asked.ok || !id) throw new Error('the provider does not say who it is')
      const user = await users.findOrAdd(`github:${id}`, { name })

      const handover = randomBytes(32).toString('base64url')
      handovers.set(handover, user)
      setTimeout(() => handovers.delete(handover), 60_000).unref()
      response.cookie('handover', handover, { ...cookie, maxAge: 60_000 })
      response.redirect('/?login=done')
    } catch {
      // Cancelled, begun elsewhere, or the provider has failed: what your log wants is the error's code
      response.redirect('/?login=failed')
    }
  })

  app.post('/auth/session', ownPage(origin), async (request, response) => {
    const handover = cookieOf(request, 'handover')
    const user = handovers.get(handover)
    handovers.delete(handover)
    response.clearCookie('handover', cookie).set('Cache-Control', 'no-store')
    if (user) response.json(await issueTokens({ sub: user.sub, name: user.name }, tokens))
    else response.status(401).json({ error: 'invalid_grant', error_description: 'Please log in once more.' })
  })

  app.post('/auth/login', express.json(), refreshToken(tokens), async (request, response) => {
    const { username, password } = request.body ?? {}
    const user = await users.authenticate(username, password)
    if (!user) return response.status(401).json({ error: 'invalid_grant' })
    response.set('Cache-Control', 'no-store').json(await issueTokens({ sub: user.sub, name: user.name }, tokens))
  })
}

function cookieOf(request, name) {
  const pairs = (request.headers.cookie ?? '').split('; ')
  return pairs.find(pair => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? ''
}
