import { describe, expect, it } from 'vitest'
import { parseSession } from '../../../../src/core/session/parse-session.ts'
import {
  ended,
  isDue,
  isExpired,
  isSame,
  isUnchanged,
  loggedIn,
  nobody,
  refreshBegun,
  refreshed,
  refreshFailed,
  untold,
} from '../../../../src/core/session/session.ts'
import { IN_COOKIE, isToken } from '../../../../src/core/tokens/tokens.ts'
import { NOW, sessionOf, tokensOf } from '../../kit.ts'

describe('transitions', () => {
  it('raise the generation with every write', () => {
    const first = loggedIn(nobody, 'a', tokensOf())
    const second = refreshed(first, tokensOf())
    const third = ended(second, 'logout')
    const fourth = loggedIn(third, 'b', tokensOf())
    expect([nobody, first, second, third, fourth].map(session => session.generation)).toEqual([0, 1, 2, 3, 4])
  })

  it('goes on for tabs that hold the placeholders of sessions before it', () => {
    expect(refreshed({ ...sessionOf(), formerIds: ['before'] }, tokensOf())).toMatchObject({ formerIds: ['before'] })
  })

  it('keep the old refresh and id token where a refresh brings none (R16, A14)', () => {
    const session = sessionOf({ refreshToken: 'r1', idToken: 'i1' })
    expect(refreshed(session, tokensOf({ accessToken: 'a2', refreshToken: null, idToken: null }))).toMatchObject({
      id: session.id,
      accessToken: 'a2',
      refreshToken: 'r1',
      idToken: 'i1',
    })
    expect(refreshed(session, tokensOf({ refreshToken: 'r2', idToken: 'i2' }))).toMatchObject({
      refreshToken: 'r2',
      idToken: 'i2',
    })
  })

  it('keep count of refreshes that were cut off, until one has an end (R21)', () => {
    const session = sessionOf()
    const once = refreshBegun(session, NOW, 'key')
    expect([session.begun, once.begun, refreshBegun(once, NOW, 'key').begun]).toEqual([0, 1, 2])
    expect(refreshFailed(once, NOW, false, 1)).toMatchObject({ begun: 0, isDoubtful: true })
    expect(refreshed(refreshFailed(once, NOW, false, 1), tokensOf())).toMatchObject({ begun: 0, isDoubtful: false })
    // The tokens are the same, and so is what pages are told.
    expect(once.generation).toBe(session.generation)
  })

  it('leave no token behind when a session ends', () => {
    expect(JSON.stringify(ended(sessionOf(), 'logout'))).not.toMatch(/access-1|refresh-1/)
  })
})

describe('comparison', () => {
  const session = sessionOf()
  it.each([
    ['itself', session, true, true],
    ['its successor', refreshed(session, tokensOf()), true, false],
    ['another login of the same generation', { ...session, id: 'session-b' }, false, false],
    ['its end', ended(session, 'logout'), false, false],
    ['nobody', nobody, false, false],
  ])('tells %s', (_, other, same, unchanged) => {
    expect(isSame(other, session)).toBe(same)
    expect(isUnchanged(other, session)).toBe(unchanged)
  })
})

describe('freshness', () => {
  // A life of 600 s, so at most 120 s ahead.
  it.each([
    [0, false, false],
    [539_999, false, false],
    [540_000, false, true],
    [599_999, false, true],
    [600_000, true, true],
    [86_400_000, true, true],
    // The clock was set back: a little is nothing, an hour would make the token live too long (C14).
    [-59_000, false, false],
    [-3_600_000, false, true],
  ])('after %i ms of 600 s: expired %s, due %s', (elapsed, expired, due) => {
    expect(isExpired(sessionOf(), NOW + elapsed)).toBe(expired)
    expect(isDue(sessionOf(), NOW + elapsed, 60_000)).toBe(due)
  })

  it('is due in the last fifth of a short life', () => {
    const session = sessionOf({ expiresAt: NOW + 10_000 })
    expect(isDue(session, NOW + 7_999, 60_000)).toBe(false)
    expect(isDue(session, NOW + 8_000, 60_000)).toBe(true)
  })

  it('is never over for a token of unknown life', () => {
    const session = sessionOf({ expiresAt: null })
    expect(isExpired(session, NOW + 1e12)).toBe(false)
    expect(isDue(session, NOW + 1e12, 60_000)).toBe(false)
  })
})

describe('parseSession', () => {
  it('reads what was stored', () => {
    const bare = sessionOf({ expiresAt: null, refreshToken: null })
    for (const session of [sessionOf(), bare, sessionOf({ isBound: true }), ended(sessionOf(), 'lost'), untold(nobody)])
      expect(parseSession(structuredClone(session))).toEqual(session)
  })

  it('reads a session in cookies, whose record is none to 0.1, which would send what stands for the token', () => {
    const session = sessionOf({ accessToken: IN_COOKIE, refreshToken: null })
    expect(parseSession(structuredClone(session))).toEqual(session)
    expect(isToken(IN_COOKIE)).toBe(false)
    expect(parseSession({ ...session, refreshToken: IN_COOKIE })).toBe(nobody)
  })

  const intact = sessionOf()
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['a string', 'session'],
    ['a number', 42],
    ['null', null],
    ['an array', []],
    ['a future version (C17)', { ...intact, version: 2 }],
    ['no version', { ...intact, version: undefined }],
    ['another status', { ...intact, status: 'admin' }],
    ['no generation', { ...intact, generation: undefined }],
    ['a generation that is no number', { ...intact, generation: '1' }],
    ['NaN', { ...intact, generation: Number.NaN }],
    ['no id', { ...intact, id: null }],
    ['no access token', { ...intact, accessToken: undefined }],
    ['an access token that would break the header', { ...intact, accessToken: 'a\r\nb' }],
    ['a refresh token that is an object', { ...intact, refreshToken: {} }],
    ['no count of refreshes', { ...intact, begun: undefined }],
    ['an expiry that is a string', { ...intact, expiresAt: 'soon' }],
    ['a login at no time', { ...intact, startedAt: 'then' }],
    ['a use at no time', { ...intact, usedAt: null }],
    ['a binding of another kind', { ...intact, isBound: 'yes' }],
    ['a generation that cannot grow (V8)', { ...intact, generation: 2 ** 53 }],
    ['the last one that could (V8)', { ...intact, generation: Number.MAX_SAFE_INTEGER }],
    ['a generation of a half (V8)', { ...intact, generation: 1.5 }],
    ['an owner of no kind (V8)', { ...intact, owner: { scope: 'https://app.example/', loginUrls: 'all' } }],
    [
      'a getter that throws (V8)',
      {
        ...intact,
        get accessToken() {
          throw new Error('secret')
        },
      },
    ],
    ['a reason of no kind', { ...ended(intact, 'logout'), reason: 'because' }],
    ['a logout of which the server may have heard', { ...ended(intact, 'logout'), isUntold: 'perhaps' }],
    ['a cookie that may be left', { ...ended(intact, 'logout'), isCookieLeft: 1 }],
  ])('takes %s for nobody (C12)', (_, stored) => {
    expect(parseSession(stored)).toBe(nobody)
  })
})
