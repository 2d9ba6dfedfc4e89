import express from 'express'
import { issueTokens, refreshToken } from 'refresh-worker/express'

export function routes(app, { tokens, users }) {
  app.post('/auth/login', express.json(), refreshToken(tokens))

  app.post('/auth/signup', express.json(), async (request, response) => {
    const { username, password, name } = request.body ?? {}
    const user = await users.add(username, password, { name })
    if (!user) {
      response.status(409).json({ error: 'taken', error_description: 'That user name is taken.' })
      return
    }
    const { sub } = user
    response
      .status(201)
      .set('Cache-Control', 'no-store')
      .json({ ...(await issueTokens({ sub, name }, tokens)), created: sub })
  })
}
