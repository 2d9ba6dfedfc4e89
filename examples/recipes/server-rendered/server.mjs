import express from 'express'
import session from 'express-session'
import { issueTokens, refreshToken } from 'refresh-worker/express'
import { ownPage } from '../own-page.mjs'

export function routes(app, { origin, secret, tokens, users }) {
  const cookie = { httpOnly: true, sameSite: 'lax', secure: origin.startsWith('https:') }
  app.use(session({ secret, cookie, resave: false, saveUninitialized: false }))

  // --- as it was before the worker came ---

  app.get('/', (request, response) => response.send(page(request.session.user)))

  app.post('/login', ownPage(origin), express.urlencoded({ extended: false }), async (request, response, next) => {
    const { username, password } = request.body ?? {}
    const user = await users.authenticate(username, password)
    if (!user) return response.status(401).send(page())
    request.session.regenerate(error => {
      if (error) return next(error)
      request.session.user = user
      response.redirect(303, '/')
    })
  })

  // --- what the worker needs ---

  app.post('/auth/session', ownPage(origin), async (request, response) => {
    const { user } = request.session
    response.set('Cache-Control', 'no-store')
    if (user) response.json(await issueTokens({ sub: user.sub, name: user.name }, tokens))
    else response.status(401).json({ error: 'invalid_grant' })
  })

  app.post('/auth/token', express.json(), refreshToken(tokens))

  app.post('/auth/logout', ownPage(origin), (request, response, next) => {
    request.session.destroy(error => (error ? next(error) : response.status(204).end()))
  })
}

const page = user => `<!doctype html>
<html lang="en" data-user="${user ? encodeURIComponent(user.sub) : ''}">
<meta charset="utf-8">
<title>Server-rendered</title>
<link rel="icon" href="data:,">
<form action="/login" method="post">
  <input name="username" autocomplete="username" required>
  <input name="password" type="password" autocomplete="current-password" required>
  <button type="submit">Log in</button>
</form>
<p id="user"></p>
<button type="button" id="logout">Log out</button>
<script type="module" src="/page.js"></script>
</html>`
