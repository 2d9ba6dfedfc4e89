/** What servers of any kind answer, and what becomes of the session. */
import { describe, expect, it } from 'vitest'
import type { Options } from '../../../src/core/options/options.ts'
import { jsonResponse, NOW, received, type Sent } from '../kit.ts'
import { openCore } from './whole-core.ts'

const TOKENS = { access_token: 'first-access-token', refresh_token: 'first-refresh-token', expires_in: 60 }
const HOUR = 3_600_000

const isLogin = ({ url }: Sent) => url.endsWith('/auth/login')
const isRefresh = ({ url }: Sent) => url.endsWith('/auth/refresh')

/** Logs in; refreshes are answered by `answer`, and the API with what it is sent. The token has expired. */
async function openWith(answer: () => Response, options: Partial<Options> = {}) {
  const core = openCore({ refreshTokenUrl: '/auth/refresh', ...options }, sent => {
    if (isLogin(sent)) return jsonResponse(TOKENS)
    return isRefresh(sent) ? answer() : new Response(sent.authorization)
  })
  await core.post('/auth/login')
  core.clock.time += 61_000
  return core
}

/** As a browser gives it where it may not follow. */
const redirect = () => received(Response.error(), { type: 'opaqueredirect' })

describe('a token endpoint that redirects, as to a login', () => {
  it('has answered: the session is kept, and the state says that refreshes fail (G12, W38)', async () => {
    const core = await openWith(redirect)
    expect((await core.send('/api/me')).status).toBe(503)
    expect(await core.state()).toMatchObject({ status: 'authenticated', failingSince: NOW + 61_000 })
    // Back-off: no other attempt so soon.
    await core.send('/api/me')
    expect(core.sent.filter(isRefresh)).toHaveLength(1)
  })

  it('ends it after unavailableLimit, and whatever a hook says of refusals (G12, W38)', async () => {
    for (const options of [{}, { isRefreshRejected: () => false }]) {
      const core = await openWith(redirect, options)
      for (let hour = 0; hour <= 24; hour++) {
        await core.send('/api/me')
        core.clock.time += HOUR
      }
      expect(await core.state()).toEqual({ status: 'anonymous', reason: 'unavailable' })
      expect((await core.inspect()).hookFailures).toEqual([])
    }
  })
})

describe('servers that send a new token with every answer', () => {
  it('an answer that repeats the token of its request does not take the place of a newer one (W46)', async () => {
    let count = 0
    const core = openCore(
      {
        useRefreshToken: false,
        tokensInAnswers: true,
        readTokens: ({ headers }) => {
          const accessToken = headers.get('X-Token')
          return accessToken ? { accessToken } : null
        },
      },
      sent => {
        // As devise_token_auth has it: one of those that come at once gets a new one.
        const repeated = isLogin(sent) ? 'token-0' : (sent.authorization?.replace('Bearer ', '') ?? '')
        const token = !isLogin(sent) && ++count === 1 ? 'token-1' : repeated
        return received(new Response('{}', { headers: { 'X-Token': token } }))
      },
    )
    await core.post('/auth/login')
    await Promise.all([core.send('/api/a'), core.send('/api/b'), core.send('/api/c')])
    expect(core.stored()).toMatchObject({ accessToken: 'token-1' })
  })
})
