/** Sessions in cookies that begin, end or change hands where the worker does not see it: when the server is asked. */
import { describe, expect, it } from 'vitest'
import type { Options } from '../../../src/core/options/options.ts'
import { jsonResponse } from '../kit.ts'
import { anonymous, authenticated, nothing, openCookies, unauthorized, user } from './cookie-core.ts'

/** A server whose cookie is `who`'s. */
function open(options: Partial<Options> = {}) {
  const server = { who: null as string | null, isLogoutDown: false, isSessionDown: false }
  const core = openCookies(
    {
      '/auth/login': ({ body }) => {
        server.who = JSON.parse(body).name
        return user(server.who as string, 600)
      },
      '/auth/refresh': () => (server.who ? nothing() : unauthorized()),
      '/auth/logout': () => {
        if (server.isLogoutDown) throw new TypeError('network')
        server.who = null
        return nothing()
      },
      '/api/session': () => {
        if (server.isSessionDown) throw new TypeError('network')
        return server.who ? user(server.who, 600) : unauthorized()
      },
      '/api/data': ({ request }) => (server.who && request.credentials !== 'omit' ? jsonResponse({}) : unauthorized()),
    },
    options,
  )
  return { ...core, server, logIn: (name = 'ada') => core.post('/auth/login', { name }) }
}

const LEFT = anonymous({ isCookieLeft: true })
const ELSEWHERE = { referrer: 'https://id.example/' }

describe('after a logout that the server did not hear of (K12)', () => {
  async function openLeft(options: Partial<Options> = {}) {
    const core = open(options)
    await core.logIn()
    core.server.isLogoutDown = true
    await core.ask('logout')
    expect(await core.state()).toMatchObject(LEFT)
    return core
  }

  it('who logs in by a form is logged in, and the API gets cookies again', async () => {
    const { navigate, load, server, send } = await openLeft()
    await navigate('/login', 'POST')
    server.who = 'grace'
    expect(await load('/app/')).toMatchObject(authenticated('grace'))
    expect((await send('/api/data')).status).toBe(200)
  })

  it('who comes back from a login at another site is logged in', async () => {
    const { load, server, send } = await openLeft()
    server.who = 'grace'
    expect(await load('/callback?code=1', ELSEWHERE)).toMatchObject(authenticated('grace'))
    expect((await send('/api/data')).status).toBe(200)
  })

  it('recheck() asks too', async () => {
    const { recheck, server, state, send } = await openLeft()
    server.who = 'grace'
    await recheck()
    expect(await state()).toMatchObject(authenticated('grace'))
    expect((await send('/api/data')).status).toBe(200)
  })

  it.each([
    ['by its address', { referrer: '' }],
    ['by a link of this site', {}],
    ['again, to which another site once led', { ...ELSEWHERE, cache: 'no-cache' as const }],
  ])('a page that is loaded %s logs nobody in', async (_, init) => {
    const { load, to } = await openLeft()
    const before = to('/api/session').length
    expect(await load('/app/', { referrer: 'https://app.example/', ...init })).toMatchObject(LEFT)
    expect(to('/api/session')).toHaveLength(before)
  })

  it('where the server says that there is nobody, no cookie is left', async () => {
    const { recheck, server, state } = await openLeft()
    server.who = null
    await recheck()
    expect(await state()).toEqual(anonymous({ reason: 'logout' }))
  })
})

describe('a change of user', () => {
  it('by a form is found by the page that it leads to, whoever asks before the server has the form (K4, K7)', async () => {
    const { logIn, navigate, state, load, server } = open()
    await logIn()
    await navigate('/login', 'POST')
    // Another tab.
    expect(await state()).toMatchObject(authenticated('ada'))
    server.who = 'grace'
    expect(await load('/app/')).toMatchObject(authenticated('grace'))
  })

  it('is found where the server could not be asked at first', async () => {
    const { logIn, navigate, state, load, server } = open()
    await logIn()
    await navigate('/login', 'POST')
    server.who = 'grace'
    server.isSessionDown = true
    expect(await load('/app/')).toMatchObject(authenticated('ada'))
    server.isSessionDown = false
    expect(await state()).toMatchObject(authenticated('grace'))
  })

  it('is found by an answer that began after it, not by one that was under way', async () => {
    const { logIn, navigate, state, settle, server, recheck, load } = open()
    await logIn()
    const asked = recheck()
    await settle()
    await navigate('/login', 'POST')
    server.who = 'grace'
    const loaded = load('/app/')
    await asked
    expect(await loaded).toMatchObject(authenticated('grace'))
    expect(await state()).toMatchObject(authenticated('grace'))
  })

  it.each([
    ['from where no referrer is told', ['/callback?code=1', { referrer: '' }]],
    ['by way of another site', ['/callback?code=1', { referrer: 'https://app.example/app/' }]],
  ] as const)('is found by a page that comes %s (K5)', async (_, [path, init]) => {
    const { logIn, navigate, load, server } = open()
    await logIn()
    // It leads on, to where another site leads back.
    if (init.referrer) await navigate('/sso', 'GET', init)
    server.who = 'grace'
    expect(await load(path, init)).toMatchObject(authenticated('grace'))
  })

  it('costs nothing to links of this site, and one request where an address is typed', async () => {
    const { logIn, load, to } = open()
    await logIn()
    for (const path of ['/a', '/b', '/c']) await load(path)
    expect(to('/api/session')).toEqual([])
    await load('/', { referrer: '' })
    expect(to('/api/session')).toHaveLength(1)
  })
})

it('a logout by a form is not undone by a page that asks before the server has it', async () => {
  const { logIn, navigate, state, load, server, to } = open()
  await logIn()
  await navigate('/auth/logout', 'POST')
  expect(await state()).toEqual(anonymous({ reason: 'logout' }))
  expect(to('/api/session')).toEqual([])
  server.who = null
  expect(await load('/')).toEqual(anonymous({ reason: 'logout' }))
})

describe('without a sessionUrl (G1)', () => {
  it('no form costs a refresh of a session', async () => {
    const { logIn, navigate, load, to } = open({ sessionUrl: null })
    await logIn()
    for (let n = 0; n < 3; n++) {
      await navigate('/search', 'POST')
      expect(await load('/search')).toMatchObject(authenticated('ada'))
    }
    expect(to('/auth/refresh')).toEqual([])
  })

  it('forms of a visitor cost one, and so do those after a logout', async () => {
    const { navigate, load, to, ask, logIn, server } = open({ sessionUrl: null })
    const search = async () => {
      await navigate('/search', 'POST')
      return load('/search')
    }
    for (let n = 0; n < 3; n++) await search()
    expect(to('/auth/refresh')).toHaveLength(1)
    await logIn()
    await ask('logout')
    for (let n = 0; n < 3; n++) await search()
    expect(to('/auth/refresh')).toHaveLength(2)
    server.who = 'ada'
    expect(await search()).toMatchObject(anonymous())
  })
})

it('forms of a visitor cost one refresh where there is a sessionUrl, too', async () => {
  const { navigate, load, to } = open()
  for (let n = 0; n < 3; n++) {
    await navigate('/search', 'POST')
    await load('/search')
  }
  expect(to('/auth/refresh')).toHaveLength(1)
})
