/** This package's middleware, which carries on that of aurelia-authentication's sample server. */
import { randomBytes } from 'node:crypto'
import express from 'express'
import { jwtVerify } from 'jose'
import { issueTokens, type RefreshTokenOptions, refreshToken } from 'refresh-worker/express'
import { type Backend, post } from './backend.ts'
import { listen } from './imitation.ts'

const isRenewal = (body: string) => JSON.parse(body || '{}').grant_type === 'refresh_token'

export const own: Backend = {
  title: 'Express 5, `refresh-worker/express`',
  source: 'npm',
  setup: "{ apiUrls: ['/api/'], loginUrl: '/auth/login', useRefreshToken: true }",
  login: post('/auth/login', { username: 'ada', password: 'lovelace' }),
  api: { url: '/api/me' },
  isRefresh: ({ method, url, body }) => method === 'POST' && url === '/auth/login' && isRenewal(body),
  open: async () => {
    let isRefusing = false
    const options: RefreshTokenOptions = {
      accessTokenSecret: randomBytes(32),
      refreshTokenSecret: randomBytes(32),
      accessTokenLifetime: 600,
      authorize: ({ claims }) => (isRefusing ? null : claims),
    }
    const app = express()
    app.post('/auth/login', express.json(), refreshToken(options), async (req, res) => {
      const { username, password } = req.body
      if (username !== 'ada' || password !== 'lovelace')
        return void res.status(401).json({ error: 'invalid_credentials' })
      res.json(await issueTokens({ sub: 'ada' }, options))
    })
    app.get('/api/me', async (req, res) => {
      const token = req.get('Authorization')?.replace(/^Bearer /, '') ?? ''
      const verified = await jwtVerify(token, options.accessTokenSecret as Uint8Array).catch(() => null)
      if (verified) res.json({ user: verified.payload.sub })
      else res.status(401).end()
    })
    return {
      ...(await listen(app)),
      refuse: () => {
        isRefusing = true
      },
    }
  },
}
