import { describe, expect, it } from 'vitest'
import type { Core } from '../../../src/core/core.ts'
import { createDispatch } from '../../../src/core/dispatch.ts'
import { createMatcher } from '../../../src/core/requests/routes.ts'
import { configOf, ORIGIN } from '../kit.ts'

const TOKEN_URL = 'https://id.example/token'

/** A core of which the token endpoint becomes known when it is asked for, if the issuer can be reached. */
function coreOf(storageKey: string, options: Parameters<typeof configOf>[0] = {}, isReachable = () => true) {
  const config = configOf({ storageKey, ...options })
  const complete = configOf({ ...options, loginUrl: TOKEN_URL })
  let known = config.issuer === null ? config : null
  const core: Core = {
    config,
    match: createMatcher(config, () => known ?? config),
    isPrepared: () => known !== null,
    prepare: async () => {
      if (isReachable()) known ??= complete
    },
    start: () => undefined,
    arrive: () => undefined,
    navigate: () => null,
    answer: async kind => new Response(`${storageKey}: ${kind}`),
    answerMessage: () => Promise.reject(new Error('not asked here')),
  }
  return core
}

function setUp(...cores: Core[]) {
  const log: string[] = []
  const fetch = async (request: Request) => new Response(`network: ${await request.text()}`)
  const dispatch = createDispatch({ cores, fetch, log: (_level, message) => log.push(message) })
  const answerTo = async (request: Request) => {
    const answer = dispatch(request)
    if (!answer) return 'untouched'
    const response = await answer({ waitUntil: () => undefined })
    return response.type === 'error' ? 'network error' : response.text()
  }
  return { answerTo, log }
}

const get = (url: string) => new Request(new URL(url, ORIGIN))
const form = (url: string, fields: Record<string, string>) =>
  new Request(new URL(url, ORIGIN), { method: 'POST', body: new URLSearchParams(fields) })
const json = (url: string) =>
  new Request(new URL(url, ORIGIN), { method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json' } })

const CODE = { grant_type: 'authorization_code', code: 'c' }

it('a request is answered by whom it is for, and any other left alone (G8)', async () => {
  const { answerTo } = setUp(coreOf('a', { apiUrls: ['/a/'] }), coreOf('b', { apiUrls: ['/b/'], loginUrl: '/b-in' }))
  expect(await answerTo(get('/a/me'))).toBe('a: api')
  expect(await answerTo(get('/b/me'))).toBe('b: api')
  expect(await answerTo(json('/b-in'))).toBe('b: login')
  expect(await answerTo(get('/c/me'))).toBe('untouched')
  expect(await answerTo(form('/form', CODE))).toBe('untouched')
})

it('a request that two claim is refused', async () => {
  const { answerTo, log } = setUp(coreOf('a', { apiUrls: [() => true] }), coreOf('b', { loginUrl: '/b-in' }))
  expect(await answerTo(get('/api/me'))).toBe('network error')
  expect(log.join()).toContain('a and b')
})

describe('while the token endpoint of an issuer is not known', () => {
  const issuer = { issuer: 'https://id.example', apiUrls: ['/api/'] }

  it('a token request waits for it, and is a login', async () => {
    const { answerTo } = setUp(coreOf('a', issuer))
    expect(await answerTo(form(TOKEN_URL, CODE))).toBe('a: login')
    expect(await answerTo(form('/form', { q: 'x' }))).toBe('untouched')
  })

  it('a token request is a login, also where the API is all of that server', async () => {
    const { answerTo } = setUp(coreOf('a', { ...issuer, apiUrls: ['https://id.example/'] }))
    expect(await answerTo(form(TOKEN_URL, CODE))).toBe('a: login')
  })

  it('an API request does not wait', async () => {
    const { answerTo } = setUp(coreOf('a', issuer, () => false))
    expect(await answerTo(get('/api/me'))).toBe('a: api')
    expect(await answerTo(json('/api/me'))).toBe('a: api')
  })

  it('other forms go out as they are, without waiting', async () => {
    const never = { ...coreOf('a', issuer), prepare: () => new Promise<void>(() => undefined) }
    const { answerTo } = setUp(never)
    expect(await answerTo(form('/form', { q: 'x' }))).toBe('network: q=x')
    expect(await answerTo(form('/api/form', { q: 'x' }))).toBe('a: api')
  })

  it('what turns out to be for somebody else goes out as it is', async () => {
    const { answerTo } = setUp(coreOf('a', issuer))
    expect(await answerTo(form('https://other.example/token', { grant_type: 'password' }))).toBe(
      'network: grant_type=password',
    )
  })

  it('a token request is refused where it stays unknown, since nobody could keep its tokens', async () => {
    const { answerTo, log } = setUp(coreOf('a', issuer, () => false))
    expect(await answerTo(form(TOKEN_URL, CODE))).toBe('network error')
    expect(log.join()).toContain('token endpoint is not known')
  })

  it('what pages, images and links ask for is left alone (H10, H11)', async () => {
    const { answerTo } = setUp(coreOf('a', issuer))
    for (const changes of [{ mode: 'navigate', destination: 'document' }, { mode: 'no-cors' }]) {
      const properties = Object.entries({ destination: '', ...changes }).map(([name, value]) => [name, { value }])
      const request = Object.defineProperties(form(TOKEN_URL, CODE), Object.fromEntries(properties))
      expect(await answerTo(request)).toBe('untouched')
    }
  })
})
