/** The refresh of a session in cookies, whose answer need not say anything: how long it lives, and whose it is. */
import { describe, expect, it } from 'vitest'
import type { Authenticated } from '../../../src/core/session/session.ts'
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
