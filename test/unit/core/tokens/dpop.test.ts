import { calculateJwkThumbprint, EmbeddedJWK, type JWTPayload, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { es256 } from '../../../../src/browser/es256.ts'
import type { Options } from '../../../../src/core/options/options.ts'
import type { Store } from '../../../../src/core/ports.ts'
import { createAuthorize } from '../../../../src/core/requests/authorize.ts'
import { createLogin } from '../../../../src/core/requests/login.ts'
import { createLogout } from '../../../../src/core/requests/logout.ts'
import { createTellLogout } from '../../../../src/core/requests/tell-logout.ts'
import { createFallbackStore } from '../../../../src/core/session/fallback-store.ts'
import { createFreshSession } from '../../../../src/core/session/fresh-session.ts'
import { nobody, type Session } from '../../../../src/core/session/session.ts'
import { createSessionStore } from '../../../../src/core/session/session-store.ts'
import { createDpop } from '../../../../src/core/tokens/dpop.ts'
import { createProofKeys } from '../../../../src/core/tokens/dpop-key.ts'
import type { Tokens } from '../../../../src/core/tokens/tokens.ts'
import {
  configOf,
  createClock,
  createLocks,
  createMemoryStore,
  createServer,
  createSteadyBackOff,
  jsonResponse,
  NOW,
  ORIGIN,
  readersOf,
  received,
  revokeNothing,
  type Sent,
  sendLogoutOf,
  sessionOf,
  tokenEndpointOf,
} from '../../kit.ts'

const SECOND = 1_000

/** The claims of a proof whose signature fits the key in its header. */
async function verify({ request }: Pick<Sent, 'request'>): Promise<JWTPayload & { jkt: string }> {
  const { payload, protectedHeader } = await jwtVerify(request.headers.get('DPoP') ?? '', EmbeddedJWK, {
    typ: 'dpop+jwt',
    algorithms: ['ES256'],
    currentDate: new Date(NOW),
  })
  return { ...payload, jkt: await calculateJwkThumbprint(protectedHeader.jwk ?? {}) }
}

const bound = (tokens: Partial<Tokens> = {}) => sessionOf({ isBound: true, ...tokens })

interface Setting {
  options?: Partial<Options>
  stored?: Session
  isKeyReadable?: boolean
}

/** A worker with `dpop` on, in front of a server for everything. */
function setUp(
  answer: (sent: Sent, count: number) => Response | Promise<Response>,
  { options, stored = bound(), isKeyReadable = true }: Setting = {},
) {
  const config = configOf({ dpop: true, logoutUrl: '/auth/logout', ...options })
  const { store } = createMemoryStore(new Map([[config.storageKey, stored]]))
  const clock = createClock()
  const { fetch, sent } = createServer(answer)
  const log = () => undefined
  const sessions = createSessionStore({ now: clock.now, config, store, onChange: async () => undefined })
  let ids = 0
  const locks = createLocks()
  const ports = {
    config,
    sessions,
    fetch,
    locks,
    revoke: revokeNothing,
    farewell: revokeNothing,
    now: clock.now,
    newId: () => `id-${++ids}`,
    log,
  }
  const read: Store['read'] = key => (isKeyReadable ? store.read(key) : Promise.reject(new Error('no')))
  const dpop = createDpop({ ...ports, store: { ...store, read }, es256 })
  const tokenEndpoint = tokenEndpointOf(config, dpop.refresh, clock.now)
  let refreshes = 0
  const freshSession = createFreshSession({
    ...ports,
    tokenEndpoint: session => {
      refreshes++
      return tokenEndpoint(session, 'key')
    },
    backOff: createSteadyBackOff(clock.now),
  })
  const authorize = createAuthorize({ ...ports, ...readersOf(config, clock.now), freshSession, prover: dpop.prover })
  const { logout, forward } = createLogout({
    ...ports,
    tellLogout: createTellLogout({
      ...ports,
      sendLogout: sendLogoutOf(config, fetch, clock.now, dpop.prover, dpop.refresh),
    }),
  })
  const login = createLogin({ ...ports, ...readersOf(config, clock.now), fetch: dpop.login })
  return {
    call: (path = '/api/me', init: RequestInit = {}) =>
      authorize(new Request(new URL(path, ORIGIN), init), promise => void promise),
    login: (init: RequestInit = {}) =>
      login(new Request(`${ORIGIN}/auth/login`, { method: 'POST', body: 'user=ada', ...init }), 'login'),
    logout: async () => {
      const behind: Promise<unknown>[] = []
      await logout(promise => behind.push(promise))
      await Promise.all(behind)
    },
    forward,
    sessions,
    sent,
    clock,
    refreshes: () => refreshes,
    proofs: () => Promise.all(sent.map(verify)),
    nonces: async () => (await Promise.all(sent.map(verify))).map(({ nonce }) => nonce),
  }
}

const ok = () => new Response('ok')
const NEW_TOKENS = { access_token: 'access-2', refresh_token: 'refresh-2', expires_in: 60, token_type: 'DPoP' }

/** What an API says that wants a nonce. */
function wantsNonce(nonce: string) {
  return new Response('no', {
    status: 401,
    headers: { 'WWW-Authenticate': 'DPoP error="use_dpop_nonce", algs="ES256"', 'DPoP-Nonce': nonce },
  })
}

/** What a token endpoint says that refuses a proof. */
function refusesProof(error: string, headers: Record<string, string> = {}) {
  return jsonResponse({ error }, { status: 400, headers: { 'Content-Type': 'application/json', ...headers } })
}

describe('an API request', () => {
  it('carries the token with a proof of it, signed by the key in its header', async () => {
    const { call, sent, proofs } = setUp(ok)
    await call('/api/orders/1?secret=2#3', { method: 'PATCH', body: 'x' })
    const [proof] = await proofs()
    expect(proof).toEqual({
      jti: 'id-1',
      htm: 'PATCH',
      htu: `${ORIGIN}/api/orders/1`,
      iat: NOW / SECOND,
      ath: Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from('access-1'))).toString('base64url'),
      jkt: expect.any(String),
    })
    expect(sent).toMatchObject([{ authorization: 'DPoP access-1', body: 'x', method: 'PATCH' }])
  })

  it('shows the public half of the key, and no more', async () => {
    const { call, sent } = setUp(ok)
    await call()
    const [header = ''] = sent[0]?.request.headers.get('DPoP')?.split('.') ?? []
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({
      typ: 'dpop+jwt',
      alg: 'ES256',
      jwk: { kty: 'EC', crv: 'P-256', x: expect.any(String), y: expect.any(String) },
    })
  })

  it('follows no redirect, which would carry the proof to other origins (M2, R8)', async () => {
    const { call, sent } = setUp(ok)
    await call()
    expect(sent[0]?.request.redirect).toBe('error')
  })

  it('has a proof of its own each time, by one key', async () => {
    const { call, proofs } = setUp(ok)
    await Promise.all(Array.from({ length: 20 }, () => call()))
    expect(new Set((await proofs()).map(({ jti }) => jti)).size).toBe(20)
    expect(new Set((await proofs()).map(({ jkt }) => jkt)).size).toBe(1)
  })

  it('that comes with an Authorization of its own is left alone, proof and all', async () => {
    const { call, sent } = setUp(() => wantsNonce('n-1'))
    await call('/api/me', { headers: { Authorization: 'DPoP own', DPoP: 'own-proof' } })
    expect(sent).toHaveLength(1)
    expect(sent[0]?.authorization).toBe('DPoP own')
    expect(sent[0]?.request.headers.get('DPoP')).toBe('own-proof')
  })

  it('that comes with a proof alone gets ours in its place', async () => {
    const { call, proofs } = setUp(ok)
    await call('/api/me', { headers: { DPoP: 'own-proof' } })
    expect(await proofs()).toMatchObject([{ jti: 'id-1' }])
  })

  it('has no proof where the server has given a Bearer token', async () => {
    const { call, sent } = setUp(ok, { stored: sessionOf() })
    await call()
    expect(sent[0]?.authorization).toBe('Bearer access-1')
    expect(sent[0]?.request.headers.has('DPoP')).toBe(false)
    expect(sent[0]?.request.redirect).toBe('follow')
  })
})

describe('a nonce', () => {
  it('that an API asks for is in the proof of one more request, body and all', async () => {
    const { call, sent, nonces, refreshes } = setUp((_, count) => (count === 1 ? wantsNonce('n-1') : ok()))
    const response = await call('/api/orders', { method: 'POST', body: 'two tickets' })
    expect(response.status).toBe(200)
    expect(sent.map(({ body }) => body)).toEqual(['two tickets', 'two tickets'])
    expect(await nonces()).toEqual([undefined, 'n-1'])
    expect(refreshes()).toBe(0)
  })

  it('is used until the server has another, which may come with any answer', async () => {
    const { call, nonces } = setUp((_, count) =>
      count < 3 ? new Response('ok', { headers: { 'DPoP-Nonce': `n-${count}` } }) : ok(),
    )
    for (let n = 0; n < 4; n++) await call()
    expect(await nonces()).toEqual([undefined, 'n-1', 'n-2', 'n-2'])
  })

  it('may come with the answer to the second attempt', async () => {
    const { call, nonces } = setUp((_, count) =>
      count === 1 ? wantsNonce('n-1') : new Response('ok', { headers: { 'DPoP-Nonce': `n-${count}` } }),
    )
    await call()
    await call()
    expect(await nonces()).toEqual([undefined, 'n-1', 'n-2'])
  })

  it('is for the origin that gave it', async () => {
    const other = 'https://api.example/api/'
    const { call, nonces, sent } = setUp(() => new Response('ok', { headers: { 'DPoP-Nonce': 'n-1' } }), {
      options: { apiUrls: ['/api/', other] },
    })
    await call()
    await call(`${other}me`)
    await call()
    expect(sent.map(({ url }) => new URL(url).host)).toEqual(['app.example', 'api.example', 'app.example'])
    expect(await nonces()).toEqual([undefined, undefined, 'n-1'])
  })

  it('of the API is not for the token endpoint, be it on the same origin', async () => {
    const { call, nonces, sent, clock } = setUp(({ url }) =>
      url.endsWith('/auth/login') ? jsonResponse(NEW_TOKENS) : new Response('ok', { headers: { 'DPoP-Nonce': 'n-1' } }),
    )
    await call()
    clock.time += 601_000
    await call()
    expect(sent.map(({ url }) => new URL(url).pathname)).toEqual(['/api/me', '/auth/login', '/api/me'])
    expect(await nonces()).toEqual([undefined, undefined, 'n-1'])
  })

  it('is asked for once: a server that is never content has the last word, and causes no refresh', async () => {
    const { call, sent, refreshes } = setUp((_, count) => wantsNonce(`n-${count}`))
    expect((await call()).status).toBe(401)
    expect(sent).toHaveLength(2)
    expect((await call()).status).toBe(401)
    expect(sent).toHaveLength(4)
    expect(refreshes()).toBe(0)
  })

  it('that was in the proof already is not tried again', async () => {
    const { call, sent } = setUp(() => wantsNonce('n-1'))
    await call()
    expect(sent).toHaveLength(2)
    expect((await call()).status).toBe(401)
    expect(sent).toHaveLength(3)
  })

  it('that cannot be read is not waited for', async () => {
    const { call, sent, refreshes } = setUp(
      () => new Response('no', { status: 401, headers: { 'WWW-Authenticate': 'DPoP error="use_dpop_nonce"' } }),
    )
    expect((await call()).status).toBe(401)
    expect(sent).toHaveLength(1)
    expect(refreshes()).toBe(0)
  })

  it('cannot be answered for a body that was too large to be kept', async () => {
    const { call, sent, refreshes } = setUp(() => wantsNonce('n-1'), { options: { replayBodyLimit: 3 } })
    expect((await call('/api/me', { method: 'POST', body: '1234' })).status).toBe(401)
    expect(sent).toHaveLength(1)
    expect(refreshes()).toBe(0)
  })

  it('comes before a token that has expired for the server: three requests, and no more (G10)', async () => {
    const { call, sent, nonces, refreshes } = setUp(async entry => {
      if (entry.url.endsWith('/auth/login')) return jsonResponse(NEW_TOKENS)
      if ((await verify(entry)).nonce !== 'n-1') return wantsNonce('n-1')
      return entry.authorization === 'DPoP access-1' ? new Response('no', { status: 401 }) : ok()
    })
    expect((await call()).status).toBe(200)
    expect(sent.map(({ authorization }) => authorization)).toEqual([
      'DPoP access-1',
      'DPoP access-1',
      'DPoP access-1', // JSON refresh requests carry the old token
      'DPoP access-2',
    ])
    expect(await nonces()).toEqual([undefined, 'n-1', undefined, 'n-1'])
    expect(refreshes()).toBe(1)
  })

  it('that changes during the refresh costs the one attempt that there is', async () => {
    const { call, sent } = setUp((entry, count) => {
      if (entry.url.endsWith('/auth/login')) return jsonResponse(NEW_TOKENS)
      if (count === 1) return new Response('no', { status: 401 })
      return count === 3 ? wantsNonce('n-1') : ok()
    })
    expect((await call()).status).toBe(200)
    expect(sent).toHaveLength(4)
  })

  it('that is wanted before the refresh and after it is not given twice', async () => {
    let isNonceWanted = true
    const { call, sent, refreshes } = setUp((entry, count) => {
      if (entry.url.endsWith('/auth/login')) return jsonResponse({ ...NEW_TOKENS, access_token: `access-${count}` })
      return count !== 2 && isNonceWanted ? wantsNonce(`n-${count}`) : new Response('no', { status: 401 })
    })
    const response = await call()
    expect(response.headers.get('WWW-Authenticate')).toContain('use_dpop_nonce')
    expect(sent).toHaveLength(4)
    expect(refreshes()).toBe(1)
    // Nor does it count against the new token, which nobody has looked at.
    isNonceWanted = false
    await call()
    expect(refreshes()).toBe(2)
  })
})

describe('a refresh', () => {
  it('has a proof, with no token in it where the request carries none', async () => {
    const form = { defaultHeadersForTokenRequests: { 'Content-Type': 'application/x-www-form-urlencoded' } }
    const { call, sent, proofs, sessions } = setUp(
      ({ url }) => (url.endsWith('/auth/login') ? jsonResponse(NEW_TOKENS) : ok()),
      { options: form, stored: bound({ expiresAt: NOW - 1 }) },
    )
    expect((await call()).status).toBe(200)
    const [refresh, api] = await proofs()
    expect(refresh).toMatchObject({ htm: 'POST', htu: `${ORIGIN}/auth/login` })
    expect(refresh).not.toHaveProperty('ath')
    expect(api).toMatchObject({ htm: 'GET', jkt: refresh?.jkt })
    expect(sent[0]).toMatchObject({ authorization: null, request: { redirect: 'manual', cache: 'no-store' } })
    expect(sessions.latest()).toMatchObject({ accessToken: 'access-2', isBound: true })
  })

  it('is sent once more with the nonce that the token endpoint asks for, and no third time', async () => {
    let answers = [refusesProof('use_dpop_nonce', { 'DPoP-Nonce': 'n-1' }), jsonResponse(NEW_TOKENS)]
    const { call, sent, nonces, sessions, clock } = setUp(
      ({ url }) => (url.endsWith('/auth/login') ? (answers.shift() ?? refusesProof('use_dpop_nonce')) : ok()),
      { stored: bound({ expiresAt: NOW - 1 }) },
    )
    expect((await call()).status).toBe(200)
    expect(await nonces()).toEqual([undefined, 'n-1', undefined])
    expect(sent[1]?.body).toBe(sent[0]?.body)

    clock.time += 601_000
    answers = [
      refusesProof('use_dpop_nonce', { 'DPoP-Nonce': 'n-2' }),
      refusesProof('use_dpop_nonce', { 'DPoP-Nonce': 'n-3' }),
    ]
    // A server that is never content is one that fails: the session is kept (G5).
    expect((await call()).status).toBe(503)
    expect(sent).toHaveLength(5)
    expect(sessions.latest().status).toBe('authenticated')
  })

  it('with the clock of this machine far behind is sent once more by the clock of the server, and so is the rest', async () => {
    const ahead = 3_600 * SECOND
    const date = new Date(NOW + ahead).toUTCString()
    const iats: unknown[] = []
    const { call } = setUp(
      async entry => {
        const { iat } = await verifyAt(entry, NOW + ahead)
        iats.push(iat)
        if (entry.url.endsWith('/auth/login'))
          return Number(iat) * SECOND < NOW + ahead
            ? refusesProof('invalid_dpop_proof', { Date: date })
            : jsonResponse(NEW_TOKENS)
        return Number(iat) * SECOND < NOW + ahead
          ? new Response('no', {
              status: 401,
              headers: { 'WWW-Authenticate': 'DPoP error="invalid_dpop_proof"', Date: date },
            })
          : ok()
      },
      { stored: bound({ expiresAt: NOW - 1 }) },
    )
    expect((await call()).status).toBe(200)
    const [here, there] = [NOW / SECOND, (NOW + ahead) / SECOND]
    expect(iats).toEqual([here, there, here, there])
    await call()
    expect(iats.at(-1)).toBe(there)
  })

  it.each([
    ['the same clock', { Date: new Date(NOW + 4 * SECOND).toUTCString() }],
    ['no clock that we can read', {}],
    ['a clock that makes no sense', { Date: 'soon' }],
  ])('whose proof is refused by a server with %s is not sent again', async (_, headers) => {
    const { call, sent } = setUp(() => refusesProof('invalid_dpop_proof', headers), {
      stored: bound({ expiresAt: NOW - 1 }),
    })
    expect((await call()).status).toBe(503)
    expect(sent).toHaveLength(1)
  })
})

async function verifyAt({ request }: Sent, time: number) {
  const proof = request.headers.get('DPoP') ?? ''
  return (await jwtVerify(proof, EmbeddedJWK, { currentDate: new Date(time) })).payload
}

describe('a login', () => {
  it('has a proof, so that its tokens are bound to the key', async () => {
    const { login, sent, proofs, sessions } = setUp(() => jsonResponse(NEW_TOKENS), { stored: nobody })
    const response = await login({ headers: { DPoP: 'own-proof', 'X-Own': '1' } })
    expect(await response.json()).toMatchObject({ token_type: 'DPoP' })
    expect(await proofs()).toMatchObject([{ htm: 'POST', htu: `${ORIGIN}/auth/login` }])
    expect(sent[0]).toMatchObject({ body: 'user=ada' })
    expect(sent[0]?.request.headers.get('X-Own')).toBe('1')
    expect(sessions.latest()).toMatchObject({ status: 'authenticated', isBound: true })
  })

  it('is sent once more with a nonce, and the page sees one answer', async () => {
    const { login, sent, nonces, sessions } = setUp(
      (_, count) => (count === 1 ? refusesProof('use_dpop_nonce', { 'DPoP-Nonce': 'n-1' }) : jsonResponse(NEW_TOKENS)),
      { stored: nobody },
    )
    expect((await login()).status).toBe(200)
    expect(sent.map(({ body }) => body)).toEqual(['user=ada', 'user=ada'])
    expect(await nonces()).toEqual([undefined, 'n-1'])
    expect(sessions.latest().status).toBe('authenticated')
  })

  it('that fails for another reason reaches the page as it is', async () => {
    const { login, sent } = setUp(() => refusesProof('invalid_grant', { 'DPoP-Nonce': 'n-1' }), { stored: nobody })
    const response = await login()
    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({ error: 'invalid_grant' })
    expect(sent).toHaveLength(1)
  })

  it('that brings a Bearer token is one with a Bearer token', async () => {
    const { login, call, sent } = setUp(
      ({ url }) => (url.endsWith('/auth/login') ? jsonResponse({ ...NEW_TOKENS, token_type: 'Bearer' }) : ok()),
      { stored: nobody },
    )
    await login()
    await call()
    expect(sent[1]?.authorization).toBe('Bearer access-2')
    expect(sent[1]?.request.headers.has('DPoP')).toBe(false)
  })
})

describe('a logout', () => {
  it('carries the token with a proof, and once more with a nonce', async () => {
    const { logout, sent, nonces } = setUp((_, count) => (count === 1 ? wantsNonce('n-1') : ok()))
    await logout()
    expect(sent.map(({ authorization }) => authorization)).toEqual(['DPoP access-1', 'DPoP access-1'])
    expect(await nonces()).toEqual([undefined, 'n-1'])
  })

  it('by a page carries it too, with the body that it has', async () => {
    const { forward, sent, proofs } = setUp((_, count) => (count === 1 ? wantsNonce('n-1') : ok()))
    const response = await forward(
      new Request(`${ORIGIN}/auth/logout`, { method: 'POST', body: 'all=1' }),
      promise => void promise,
    )
    expect(response.status).toBe(200)
    expect(sent.map(({ body }) => body)).toEqual(['all=1', 'all=1'])
    expect(await proofs()).toMatchObject([{ htm: 'POST' }, { nonce: 'n-1' }])
  })
})

describe('the key', () => {
  const config = configOf({ dpop: true })
  const thumbprint = async (key: { jwk: JsonWebKey }) => calculateJwkThumbprint(key.jwk as { kty: string })

  it('cannot be taken out', async () => {
    const { privateKey } = await es256.generate()
    expect(privateKey.extractable).toBe(false)
    await expect(crypto.subtle.exportKey('jwk', privateKey)).rejects.toThrow()
  })

  it('is one for all workers, however many begin at once', async () => {
    const { store } = createMemoryStore()
    const workers = Array.from({ length: 10 }, () => createProofKeys({ config, store, es256 }))
    const keys = await Promise.all(workers.flatMap(({ current, forLogin }) => [current(), forLogin(), current()]))
    expect(new Set(await Promise.all(keys.map(thumbprint))).size).toBe(1)
  })

  it('is the same for a worker that starts later', async () => {
    const { store } = createMemoryStore()
    const before = await createProofKeys({ config, store, es256 }).current()
    expect(await thumbprint(await createProofKeys({ config, store, es256 }).current())).toBe(await thumbprint(before))
  })

  it('is another one where the storage was lost, for all workers', async () => {
    const { store, lose } = createMemoryStore()
    const [a, b] = [createProofKeys({ config, store, es256 }), createProofKeys({ config, store, es256 })]
    const before = await thumbprint(await a.current())
    await b.current()
    lose()
    const [fromA, fromB] = await Promise.all([a.current().then(thumbprint), b.current().then(thumbprint)])
    expect(fromA).toBe(fromB)
    expect(fromA).not.toBe(before)
  })

  it.each([null, 'key', {}, { privateKey: 1, publicKey: 2 }])('is made anew in place of %j', async stored => {
    const records = new Map<string, unknown>([[`${config.storageKey}:dpop`, stored]])
    const { store } = createMemoryStore(records)
    expect((await createProofKeys({ config, store, es256 }).current()).jwk).toMatchObject({ crv: 'P-256' })
    expect(es256.isKeyPair(records.get(`${config.storageKey}:dpop`))).toBe(true)
  })

  const broken: Store = {
    read: () => Promise.reject(new Error('no')),
    update: () => Promise.reject(new Error('no')),
    watch: () => undefined,
  }

  it('that cannot be read is not taken for missing: requests get a 503, and the session is kept (G5)', async () => {
    const { call, sent, sessions } = setUp(ok, { isKeyReadable: false })
    expect((await call()).status).toBe(503)
    const expired = setUp(ok, { isKeyReadable: false, stored: bound({ expiresAt: NOW - 1 }) })
    expect((await expired.call()).status).toBe(503)
    expect([...sent, ...expired.sent]).toEqual([])
    expect([sessions.latest(), expired.sessions.latest()]).toMatchObject([
      { status: 'authenticated' },
      { status: 'authenticated' },
    ])
  })

  it('that a login has made while none could be read is the one that stays, whatever was stored (V3)', async () => {
    const { store: healthy, records } = createMemoryStore(
      new Map([[`${config.storageKey}:dpop`, await es256.generate()]]),
    )
    let isBroken = true
    const durable: Store = {
      ...healthy,
      read: key => (isBroken ? broken : healthy).read(key),
      update: (key, updater) => (isBroken ? broken : healthy).update(key, updater),
    }
    const tasks: (() => void)[] = []
    const later = (_: number, task: () => void) => void tasks.push(task)
    const store = createFallbackStore({ durable, now: () => NOW, later, log: () => undefined })
    const made = await createProofKeys({ config, store, es256 }).forLogin()
    isBroken = false
    for (const task of tasks) task()
    await store.saved()
    expect(await thumbprint(await createProofKeys({ config, store: healthy, es256 }).current())).toBe(
      await thumbprint(made),
    )
    expect(records.size).toBe(1)
  })

  it('whose public half cannot be exported gives way to a new one (V8)', async () => {
    const { privateKey, publicKey } = await es256.generate()
    const jwk = await crypto.subtle.exportKey('jwk', publicKey)
    const sealed = await crypto.subtle.importKey('jwk', jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify'])
    const of384 = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-384' }, false, ['sign', 'verify'])
    for (const bad of [{ privateKey, publicKey: sealed }, of384]) {
      const { store } = createMemoryStore(new Map([[`${config.storageKey}:dpop`, bad]]))
      expect((await createProofKeys({ config, store, es256 }).forLogin()).jwk).toMatchObject({ crv: 'P-256' })
      expect(es256.isKeyPair(await store.read(`${config.storageKey}:dpop`))).toBe(true)
    }
  })

  it('lives in memory where there is no storage at all, and a login makes it', async () => {
    const store = createFallbackStore({ durable: broken, now: () => NOW, later: () => undefined, log: () => undefined })
    const { fetch, sent } = createServer(() => jsonResponse(NEW_TOKENS))
    const dpop = createDpop({ config, store, es256, fetch, now: () => NOW, newId: () => 'id' })
    await dpop.login(new Request(`${ORIGIN}/auth/login`, { method: 'POST' }))
    await dpop.refresh(new Request(`${ORIGIN}/auth/login`, { method: 'POST' }))
    const [first, second] = await Promise.all(sent.map(verify))
    expect(second?.jkt).toBe(first?.jkt)
  })
})

it('keeps what a redirect has led to elsewhere from having a say', async () => {
  const { login, sent } = setUp(
    () =>
      received(refusesProof('use_dpop_nonce', { 'DPoP-Nonce': 'n-1' }), {
        redirected: true,
        url: 'https://evil.example/',
      }),
    { stored: nobody },
  )
  await login()
  expect(sent).toHaveLength(1)
})
