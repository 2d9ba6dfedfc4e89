import express from 'express'
import { issueTokens, refreshToken } from 'refresh-worker/express'

export function routes(app, { tokens, users }) {
  app.post('/auth/login', express.json(), refreshToken(tokens), async (request, response) => {
    const { username, password } = request.body ?? {}
    const user = await users.authenticate(username, password)
    if (!user) {
      response.status(401).json({ error: 'invalid_grant', error_description: 'Wrong user name or password.' })
      return
    }
    const { sub, name, roles, email } = user
    response.set('Cache-Control', 'no-store').json(await issueTokens({ sub, name, roles, email }, tokens))
  })
}
