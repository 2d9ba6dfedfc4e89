/** The refresh of a session in cookies, whose answer need not say anything: how long it lives, and whose it is. */
import { describe, expect, it } from 'vitest'
import type { Options } from '../../../src/core/options/options.ts'
import type { Authenticated } from '../../../src/core/session/session.ts'
import { jsonResponse } from '../kit.ts'
import { anonymous, authenticated, nothing, openCookies, unauthorized, user } from './cookie-core.ts'

describe('a refresh that is answered without a body', () => {
  /** Ten requests in twenty seconds. */
  async function useFor20Seconds(core: ReturnType<typeof openCookies>) {
    for (let n = 0; n < 10; n++) {
      await core.send('/api/data')
      await core.settle()
      core.clock.time += 2_000
    }
  }

  it('gives as long a life as the login, not what sessionUrl said that remained of it (G1)', async () => {
    const core = openCookies({
      '/auth/login': () => user('ada', 600),
      '/auth/refresh': nothing,
      '/api/session': () => user('ada', 2),
      '/api/data': nothing,
    })
    await core.post('/auth/login')
    core.clock.time += 598_000
    await core.recheck()
    expect(await core.state()).toMatchObject({ expiresAt: core.clock.time + 2_000 })
    core.clock.time += 2_000
    await core.send('/api/data')
    expect(await core.state()).toMatchObject({ expiresAt: core.clock.time + 600_000 })
    await useFor20Seconds(core)
    expect(core.to('/auth/refresh')).toHaveLength(1)
  })

  it('gives the life that sessionUrl tells after it, where no other is known', async () => {
    let expiresIn = 5
    const core = openCookies({
      '/auth/refresh': () => {
        expiresIn = 300
        return nothing()
      },
      '/api/session': () => user('ada', expiresIn),
      '/api/data': nothing,
    })
    await core.state()
    core.clock.time += 5_000
    await core.send('/api/data')
    await core.settle()
    expect(await core.state()).toMatchObject({ expiresAt: core.clock.time + 300_000 })
    expect(core.to('/api/session')).toHaveLength(2)
  })

  it('gives one that nobody knows, where sessionUrl tells of a few seconds all the same (G1)', async () => {
    const core = openCookies({ '/auth/refresh': nothing, '/api/session': () => user('ada', 2), '/api/data': nothing })
    await core.state()
    core.clock.time += 2_000
    await useFor20Seconds(core)
    expect(core.to('/auth/refresh')).toHaveLength(1)
    expect(await core.state()).toMatchObject({ expiresAt: null })
  })
})

describe('a refresh that does not say whose session it is', () => {
  it('is followed by asking sessionUrl, once, behind the request; another user is another session (K7)', async () => {
    let who = 'ada'
    const core = openCookies({
      '/auth/login': () => user('ada', 60),
      '/auth/refresh': nothing,
      '/api/session': () => user(who),
      '/api/data': nothing,
    })
    await core.post('/auth/login')
    const { id } = core.stored() as Authenticated
    core.clock.time += 60_000
    await Promise.all([core.send('/api/data'), core.send('/api/data')])
    await core.settle()
    expect(core.stored()).toMatchObject({ id })
    expect(core.to('/api/session')).toHaveLength(1)
    who = 'grace'
    core.clock.time += 60_000
    expect((await core.send('/api/data')).status).toBe(204)
    await core.settle()
    expect(await core.state()).toMatchObject(authenticated('grace'))
    expect(core.stored()).not.toMatchObject({ id })
    expect(core.to('/api/session')).toHaveLength(2)
  })

  it('is followed by nothing where it does say, or nobody could be asked', async () => {
    for (const core of [
      openCookies({ '/auth/login': () => user('ada', 60), '/auth/refresh': () => user('ada', 60) }),
      openCookies({ '/auth/login': () => user('ada', 60), '/auth/refresh': nothing }, { sessionUrl: null }),
    ]) {
      await core.post('/auth/login')
      core.clock.time += 60_000
      await core.send('/api/data')
      await core.settle()
      expect(core.to('/api/session')).toEqual([])
    }
  })

  it('ends nothing where sessionUrl says that there is nobody, or does not say', async () => {
    for (const session of [unauthorized, () => nothing()]) {
      const core = openCookies({
        '/auth/login': () => user('ada', 60),
        '/auth/refresh': nothing,
        '/api/session': session,
      })
      await core.post('/auth/login')
      core.clock.time += 60_000
      await core.send('/api/data')
      await core.settle()
      expect(await core.state()).toMatchObject(authenticated('ada'))
    }
  })

  it('takes nobody out of a logout that has come meanwhile', async () => {
    let answer: () => void = () => undefined
    const core = openCookies({
      '/auth/login': () => user('ada', 60),
      '/auth/refresh': nothing,
      '/auth/logout': nothing,
      '/api/session': async () => {
        await new Promise<void>(resolve => {
          answer = resolve
        })
        return user('ada', 60)
      },
    })
    await core.post('/auth/login')
    core.clock.time += 60_000
    await core.send('/api/data')
    await core.ask('logout')
    answer()
    await core.settle()
    expect(core.stored()).toMatchObject(anonymous({ reason: 'logout' }))
  })

  it('tells whose session it is that began without saying', async () => {
    const core = openCookies({
      '/auth/login': nothing,
      '/auth/refresh': nothing,
      '/api/session': () => user('ada'),
    })
    await core.post('/auth/login')
    await core.send('/api/data')
    await core.settle()
    expect(core.stored()).toMatchObject({ subject: '"ada"', status: 'authenticated' })
  })
})

describe('a refresh under way', () => {
  /** A server whose answers to refreshes are held; the cookies of one come with its answer, unless it was stopped. */
  function openHeld(options: Partial<Options> = {}) {
    const server = { cookie: null as string | null }
    const held: { readonly request: Request; readonly answer: () => void }[] = []
    const core = openCookies(
      {
        '/auth/login': ({ body }) => {
          server.cookie = JSON.parse(body).name
          return user(server.cookie as string, 60)
        },
        '/auth/refresh': async ({ request }) => {
          const whose = server.cookie
          await new Promise<void>(resolve => held.push({ request, answer: resolve }))
          server.cookie = whose
          return whose ? user(whose, 60) : unauthorized()
        },
        '/auth/logout': () => {
          server.cookie = null
          return nothing()
        },
        '/api/data': () => (server.cookie ? jsonResponse({}) : unauthorized()),
        '/api/session': () => (server.cookie ? user(server.cookie, 60) : unauthorized()),
      },
      options,
    )
    const isHeld = async () => {
      while (held.length === 0) await core.settle()
    }
    /** Begins a refresh, and lets it wait for its answer. */
    const refresh = async () => {
      await core.post('/auth/login', { name: 'ada' })
      core.clock.time += 60_000
      const request = core.send('/api/data')
      await isHeld()
      return async () => {
        held.pop()?.answer()
        await request
      }
    }
    return { ...core, server, held, isHeld, refresh }
  }

  it.each([
    ['a link to where a logout ends', 'GET', '/auth/logout'],
    ['a form there', 'POST', '/auth/logout'],
    ['a form of the login', 'POST', '/auth/login'],
  ])('is stopped by %s (K8, K9)', async (_, method, path) => {
    const { refresh, navigate, held } = openHeld()
    const done = await refresh()
    await navigate(path, method)
    expect(held[0]?.request.signal.aborted).toBe(true)
    await done()
  })

  it('goes on with any other navigation', async () => {
    const { refresh, navigate, held } = openHeld()
    const done = await refresh()
    await navigate('/app/')
    await navigate('/search', 'POST')
    expect(held[0]?.request.signal.aborted).toBe(false)
    await done()
  })

  it('and answered all the same after a logout by a link: the server is told once more (K8)', async () => {
    const { refresh, navigate, server, to, load } = openHeld()
    const done = await refresh()
    await navigate('/auth/logout')
    server.cookie = null
    await done()
    expect(to('/auth/logout')).toHaveLength(1)
    expect(server.cookie).toBeNull()
    expect(await load('/')).toEqual(anonymous({ reason: 'logout' }))
  })

  it('says so where the server does not hear it', async () => {
    const { refresh, navigate, server, state } = openHeld({ logoutUrl: null, endSessionUrl: '/end' })
    const done = await refresh()
    await navigate('/end')
    server.cookie = null
    await done()
    expect(await state()).toEqual(anonymous({ reason: 'logout', isCookieLeft: true }))
  })

  it('has logout() tell the server once, after it', async () => {
    const { refresh, ask, server, to, settle } = openHeld()
    const done = await refresh()
    const logout = ask('logout')
    await settle()
    await done()
    await logout
    expect(to('/auth/logout')).toHaveLength(1)
    expect(server.cookie).toBeNull()
  })

  it('and answered after a form has logged in somebody else: the server says whose cookies have come last (K9)', async () => {
    const { refresh, navigate, server, load, state, settle } = openHeld()
    const done = await refresh()
    await navigate('/login', 'POST')
    server.cookie = 'grace'
    expect(await load('/')).toMatchObject(authenticated('grace'))
    await done()
    await settle()
    expect(server.cookie).toBe('ada')
    expect(await state()).toMatchObject(authenticated('ada'))
  })

  it('of who is not known yet is not taken after a logout (N8)', async () => {
    const { recheck, server, isHeld, held, ask, settle, stored } = openHeld({ sessionUrl: null })
    server.cookie = 'ada'
    const asked = recheck()
    await isHeld()
    const logout = ask('logout')
    await settle()
    held.pop()?.answer()
    await asked
    expect(await logout).toMatchObject({ state: anonymous({ reason: 'logout' }) })
    expect(server.cookie).toBeNull()
    expect(stored()).toMatchObject(anonymous())
  })
})

it('an answer of sessionUrl that comes after a logout of who was not known yet is not taken', async () => {
  let cookie: string | null = 'ada'
  let answer: () => void = () => undefined
  const core = openCookies({
    '/api/session': async () => {
      const whose = cookie
      await new Promise<void>(resolve => {
        answer = resolve
      })
      return whose ? user(whose, 60) : unauthorized()
    },
    '/auth/logout': () => {
      cookie = null
      return nothing()
    },
  })
  const asked = core.recheck()
  await core.settle()
  await core.ask('logout')
  answer()
  await asked
  expect(core.stored()).toMatchObject(anonymous({ reason: 'logout' }))
})

describe('a request that brings no cookies', () => {
  it.each([
    ['by its own wish', '/api/data', { credentials: 'omit' }],
    ['to another origin', 'https://api.example/data', { credentials: 'same-origin' }],
  ] as const)('%s goes out as it is, and its 401 says nothing of the session', async (_, url, init) => {
    const core = openCookies(
      { '/auth/login': () => user('ada', 600), '/auth/refresh': nothing },
      { apiUrls: ['/api/', 'https://api.example/'] },
    )
    await core.post('/auth/login')
    expect((await core.send(url, init)).status).toBe(401)
    core.clock.time += 600_000
    expect((await core.send(url, init)).status).toBe(401)
    expect(core.to('/auth/refresh')).toEqual([])
    expect(await core.state()).toMatchObject(authenticated('ada'))
  })
})

describe('refreshes that were cut off with their worker', () => {
  const openCut = async (begun: number, refresh: () => Response) => {
    const core = openCookies({ '/auth/login': () => user('ada', 60), '/auth/refresh': refresh, '/api/data': nothing })
    await core.post('/auth/login')
    core.setStored({ ...(core.stored() as Authenticated), begun })
    core.clock.time += 60_000
    return core
  }

  it('twice in a row are tried once more: the cookies may have come (K10)', async () => {
    const core = await openCut(2, () => user('ada', 60))
    expect((await core.send('/api/data')).status).toBe(204)
    expect(await core.state()).toMatchObject(authenticated('ada'))
  })

  it('twice in a row, whose cookies had not come, have lost the session (K10)', async () => {
    const core = await openCut(2, unauthorized)
    await core.send('/api/data')
    expect(await core.state()).toEqual(anonymous({ reason: 'lost' }))
  })

  it('thrice in a row have lost it', async () => {
    const core = await openCut(3, () => user('ada', 60))
    await core.send('/api/data')
    expect(await core.state()).toEqual(anonymous({ reason: 'lost' }))
    expect(core.to('/auth/refresh')).toEqual([])
  })
})
