/** What a server answers where there is no session, and what it must answer where there is one: for sessions in cookies. */
import { describe, expect, it } from 'vitest'
import { jsonResponse, received, type Sent } from '../kit.ts'
import { anonymous, authenticated, html, missing, nothing, openCookies, unauthorized, user } from './cookie-core.ts'

const cut = () => received(new Response('{"user":{"id":"a', { headers: { 'Content-Type': 'application/json' } }))
const empty = () => received(new Response('', { headers: { 'Content-Type': 'text/plain' } }))

/** All with a status of 200. */
const NO_SESSION: readonly (readonly [name: string, answer: () => Response])[] = [
  ['a page', html],
  ['half an answer', cut],
  ['null', () => jsonResponse('null')],
  ['false', () => jsonResponse('false')],
  ['an error', () => jsonResponse({ error: 'invalid_credentials' })],
  ['errors', () => jsonResponse({ errors: [{ message: 'no' }] })],
  ['no success', () => jsonResponse({ success: false })],
  ['no user', () => jsonResponse({ user: null })],
  ["a failure of SvelteKit's", () => jsonResponse({ type: 'failure', status: 400, data: '[]' })],
  ["an error of SvelteKit's", () => jsonResponse({ type: 'error', status: 500 })],
  ["a failure of SuperTokens'", () => jsonResponse({ status: 'WRONG_CREDENTIALS_ERROR' })],
]

describe('a login that is answered with', () => {
  it.each(NO_SESSION)('%s begins none, and ends none (A1)', async (_, answer) => {
    let isFine = false
    const core = openCookies({ '/auth/login': () => (isFine ? user('ada') : answer()) }, { sessionUrl: null })
    await core.post('/auth/login')
    expect(await core.state()).toEqual(anonymous({ reason: 'none' }))
    isFine = true
    await core.post('/auth/login')
    const before = await core.state()
    isFine = false
    await core.post('/auth/login')
    expect(await core.state()).toEqual(before)
    expect(core.log.join()).toContain('a login was not taken: its answer names nobody')
  })

  it.each([
    ['204', nothing],
    ['an empty body', empty],
    ['a user', () => user('ada')],
  ])('%s begins one', async (_, answer) => {
    const core = openCookies({ '/auth/login': answer }, { sessionUrl: null })
    await core.post('/auth/login')
    expect(await core.state()).toMatchObject({ status: 'authenticated' })
  })

  it('JSON that names nobody begins none where subjectProp says who is named, and one where nothing does', async () => {
    const login = () => jsonResponse({ message: 'welcome' })
    const named = openCookies({ '/auth/login': login }, { sessionUrl: null })
    await named.post('/auth/login')
    expect(await named.state()).toEqual(anonymous({ reason: 'none' }))
    const { subjectProp, ...rest } = { subjectProp: undefined as never, sessionUrl: null }
    const unnamed = openCookies({ '/auth/login': login }, { ...rest, subjectProp })
    await unnamed.post('/auth/login')
    expect(await unnamed.state()).toMatchObject({ status: 'authenticated' })
  })

  it.each([
    ['the page that a redirect leads to (Spring)', html],
    ["a redirect of SvelteKit's", () => jsonResponse({ type: 'redirect', status: 303, location: '/' })],
  ])('%s has sessionUrl decide', async (_, answer) => {
    let who: string | null = 'ada'
    const core = openCookies({ '/auth/login': answer, '/api/session': () => (who ? user(who) : unauthorized()) })
    await core.post('/auth/login')
    await core.settle()
    expect(core.stored()).toMatchObject({ status: 'authenticated', subject: '"ada"' })
    who = 'grace'
    await core.post('/auth/login')
    await core.settle()
    expect(await core.state()).toMatchObject(authenticated('grace'))
  })
})

describe('a refresh that is answered with', () => {
  const openExpired = async (refresh: (sent: Sent) => Response) => {
    const core = openCookies({ '/auth/login': () => user('ada', 60), '/auth/refresh': refresh }, { sessionUrl: null })
    await core.post('/auth/login')
    core.clock.time += 60_000
    return core
  }

  it.each(NO_SESSION)('%s has failed, and is tried again later (G5, G12, W35)', async (_, answer) => {
    const core = await openExpired(answer)
    expect((await core.send('/api/data')).status).toBe(503)
    expect(await core.state()).toMatchObject({ ...authenticated('ada'), failingSince: core.clock.time })
    for (let n = 0; n < 5; n++) {
      core.clock.time += 86_400_000 / 4
      await core.send('/api/data')
    }
    expect(await core.state()).toEqual(anonymous({ reason: 'unavailable' }))
  })

  it.each([
    ['204', nothing],
    ['an empty body', empty],
    ['{}', () => jsonResponse({})],
    ['a user', () => user('ada')],
  ])('%s has succeeded', async (_, answer) => {
    const core = await openExpired(answer)
    await core.send('/api/data')
    expect(await core.state()).toMatchObject({ ...authenticated('ada'), expiresAt: core.clock.time + 60_000 })
  })

  it('more than can be read has failed', async () => {
    const core = await openExpired(() => jsonResponse(`"${'x'.repeat(1_048_577)}"`))
    await core.send('/api/data')
    expect(await core.state()).toHaveProperty('failingSince')
  })
})

describe('sessionUrl', () => {
  const NOBODY = [...NO_SESSION.slice(2), ['{}', () => jsonResponse({})], ['nothing', nothing]] as const

  it.each(NOBODY)('says with %s that there is nobody', async (_, answer) => {
    const core = openCookies({ '/api/session': answer })
    expect(await core.state()).toEqual(anonymous({ reason: 'none' }))
    // It has been asked whether the refresh token is better.
    expect(core.to('/auth/refresh')).toHaveLength(1)
  })

  it('has the last word where a refresh is answered with nothing that tells', async () => {
    const core = openCookies({ '/auth/refresh': nothing, '/api/session': unauthorized })
    expect(await core.state()).toEqual(anonymous({ reason: 'none' }))
    expect(core.to('/api/session')).toHaveLength(2)
  })

  it.each([
    ['a page', html],
    ['half an answer', cut],
    ['404', missing],
    ['503', () => jsonResponse({}, { status: 503 })],
    ['a redirect', () => received(jsonResponse({ user: { id: 'ada' } }), { redirected: true })],
  ])('says nothing with %s', async (_, answer) => {
    let isBroken = true
    const core = openCookies({ '/api/session': () => (isBroken ? answer() : user('ada')) })
    expect(await core.state()).toEqual(anonymous({ reason: 'none' }))
    expect(core.to('/auth/refresh')).toEqual([])
    isBroken = false
    await core.recheck()
    isBroken = true
    await core.recheck()
    expect(await core.state()).toMatchObject(authenticated('ada'))
  })
})
