/** A host's side of devtools: what it tells, what it does, and that neither is in a production build. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createDevtoolsHost, type DevtoolsHost } from '../../../src/browser/devtools-host.ts'
import { type Core, createCore } from '../../../src/core/core.ts'
import { expiredNow } from '../../../src/core/core-devtools.ts'
import { createDispatch } from '../../../src/core/dispatch.ts'
import type { Options } from '../../../src/core/options/options.ts'
import type { Es256, Ports } from '../../../src/core/ports.ts'
import { createFallbackStore } from '../../../src/core/session/fallback-store.ts'
import { sentBy } from '../../../src/core/trace.ts'
import {
  type ChannelMessage,
  DEVTOOLS_CHANNEL,
  type DevtoolsCommand,
  type DevtoolsRequest,
  parseDevtoolsRequest,
  type TraceEntry,
} from '../../../src/devtools-protocol.ts'
import { envelope, type PageRequest } from '../../../src/protocol.ts'
import {
  configOf,
  createClock,
  createLocks,
  createMemoryStore,
  createServer,
  jsonResponse,
  jwt,
  NOW,
  ORIGIN,
  type Sent,
  sessionOf,
} from '../kit.ts'

const SCOPE = `${ORIGIN}/`
const channels: BroadcastChannel[] = []
afterEach(() => {
  for (const channel of channels.splice(0)) channel.close()
})

/** Of all hosts, which hear each other. */
let ids = 0

const requestOf = (command: DevtoolsCommand) =>
  parseDevtoolsRequest(envelope({ type: 'devtools', command, session: 'refresh-worker' })) as DevtoolsRequest
/** Whose message it is. */
const hostOf = (message: ChannelMessage) =>
  message?.type === 'status' ? message.status.host : message?.type === 'entries' ? message.host : null

const token = (n: number) => jwt({ sub: 'ada', n })
const answerOf = ({ url }: Sent, count: number) =>
  url.endsWith('/auth/login')
    ? jsonResponse({ access_token: token(count), refresh_token: `refresh-secret-${count}`, expires_in: 600 })
    : jsonResponse({})

async function open(options: Partial<Options> = {}, forget?: () => void) {
  const clock = createClock()
  const config = configOf({ loginUrl: '/auth/login', ...options })
  const { fetch, sent } = createServer(answerOf)
  const { store: durable } = createMemoryStore()
  const ports: Ports = {
    now: clock.now,
    newId: () => `id-${++ids}`,
    random: () => 0,
    isOnline: () => true,
    later: () => undefined,
    fetch,
    locks: createLocks(),
    broadcast: async () => undefined,
    es256: { sha256: (text: string) => crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)) } as Es256,
    log: () => undefined,
  }
  const heard: ChannelMessage[] = []
  const channel = new BroadcastChannel(DEVTOOLS_CHANNEL)
  channels.push(channel)
  channel.onmessage = ({ data }: MessageEvent<ChannelMessage>) => {
    if (hostOf(data) === host) heard.push(data)
  }
  const devtools: DevtoolsHost = createDevtoolsHost({
    ports,
    configs: [config],
    scope: SCOPE,
    cores: () => cores,
    forget,
  })
  const cores: readonly Core[] = [
    createCore({
      config,
      isDefault: true,
      about: { version: '1.2.3', host: 'worker', scope: SCOPE, storageKeys: [config.storageKey] },
      routes: [],
      onSession: async () => undefined,
      store: createFallbackStore({ durable, now: clock.now, later: () => undefined, log: () => undefined }),
      ports: devtools.ports,
    }),
  ]
  const { host } = await devtools.answer(requestOf('hello'), {})
  const dispatch = createDispatch({ cores, ...devtools, fetch: devtools.ports.fetch, log: () => undefined })
  const send = async (path: string, init: RequestInit = {}) => {
    const request = new Request(new URL(path, ORIGIN), init)
    sentBy(request, 'tab-1')
    return dispatch(request)?.({ waitUntil: () => undefined })
  }
  const logIn = () => send('/auth/login', { method: 'POST', body: '{"name":"ada"}' })
  const command = (command: DevtoolsCommand) => devtools.answer(requestOf(command), {})
  const state = () => cores[0]?.answerMessage(envelope({ type: 'state' }) as PageRequest, () => undefined)
  /** The last version of each entry, as they have come over the channel. */
  const entries = (): readonly TraceEntry[] => {
    const all = heard.flatMap(message => (message.type === 'entries' ? message.entries : []))
    return [...new Map(all.map(entry => [entry.n, entry])).values()]
  }
  return { clock, sent, heard, channel, send, logIn, command, state, entries, devtools }
}

describe('a host in a development build', () => {
  it('tells what a request was taken for, each step, and how it ended; and nothing of what it carries (R35)', async () => {
    const { send, logIn, entries, heard } = await open()
    await logIn()
    await send('/api/me?code=query-secret', { headers: { 'X-Own': 'header-secret' } })
    await expect.poll(entries).toMatchObject([
      { kind: 'request', method: 'POST', url: '/auth/login', matchedAs: 'login', tab: 'tab-1', outcome: '200' },
      { kind: 'state', status: 'authenticated', reason: 'login', generation: 1 },
      { kind: 'request', url: '/api/me', matchedAs: 'api', steps: [{ text: 'sent with Authorization: Bearer ...' }] },
    ])
    expect(JSON.stringify(heard)).not.toMatch(/secret|eyJ/)
  })

  it.each([
    ['of another origin', 'https://elsewhere.example/api/me?key=secret', {}, 'is below none of apiUrls'],
    ['below none of apiUrls', '/other', {}, 'is below none of apiUrls'],
    [
      'in a mode without headers',
      '/api/me',
      { mode: 'no-cors' },
      "is in mode no-cors, in which a browser sends no Authorization: take mode 'cors'",
    ],
  ] as const)('tells why a request %s gets no token', async (_, path, init, why) => {
    const { send, entries, heard, sent } = await open()
    expect(await send(path, init)).toBeUndefined()
    await expect
      .poll(entries)
      .toMatchObject([{ matchedAs: null, session: null, steps: [{ text: why }], outcome: 'not touched' }])
    expect(JSON.stringify(heard)).not.toContain('secret')
    expect(sent).toEqual([])
  })

  it('tells what was before to whoever begins to watch, and whether it is offline', async () => {
    const { logIn, command, entries, heard, channel } = await open()
    await logIn()
    await command('offline')
    await expect.poll(entries).toHaveLength(3)
    const before = entries()
    heard.length = 0
    channel.postMessage({ type: 'watch' } satisfies ChannelMessage)
    channel.postMessage(null)
    await expect.poll(entries).toEqual(before)
    expect(heard[0]).toMatchObject({ type: 'status', status: { isOffline: true, refuses: [] } })
  })

  it('takes the token for expired: the next request refreshes it first, and no page is told', async () => {
    const { send, logIn, command, state, sent, entries } = await open()
    await logIn()
    await command('expire')
    expect(await state()).toMatchObject({ state: { generation: 1 } })
    await send('/api/me')
    expect(sent.map(({ url }) => new URL(url).pathname)).toEqual(['/auth/login', '/auth/login', '/api/me'])
    expect(await state()).toMatchObject({ state: { generation: 2 } })
    await expect
      .poll(entries)
      .toContainEqual(expect.objectContaining({ kind: 'refresh', outcome: 'refreshed', duration: 0 }))
  })

  it('leaves a token that it has expired its whole life, which the next one may get from it', () => {
    const session = sessionOf()
    const { receivedAt, expiresAt } = expiredNow(session, NOW + 100_000)
    expect([receivedAt, expiresAt]).toEqual([NOW - 500_000, NOW + 100_000])
    // It had expired before.
    expect(expiredNow(session, NOW + 700_000)).toEqual(session)
    expect(expiredNow(sessionOf({ expiresAt: null }), NOW)).toMatchObject({ receivedAt: NOW, expiresAt: NOW })
  })

  it('refuses one refresh in place of the server, which ends the session; or none, where that is taken back', async () => {
    const { logIn, command, send, sent, state, entries } = await open()
    await logIn()
    expect(await command('refuse')).toMatchObject({ refuses: ['refresh-worker'] })
    expect(await command('accept')).toMatchObject({ refuses: [] })
    await command('refuse')
    await command('expire')
    await send('/api/me')
    expect(sent.filter(({ url }) => url.endsWith('/auth/login'))).toHaveLength(1)
    expect(await state()).toMatchObject({ state: { status: 'anonymous', reason: 'rejected' } })
    expect(await command('hello')).toMatchObject({ refuses: [] })
    await expect.poll(entries).toContainEqual(
      expect.objectContaining({
        kind: 'refresh',
        outcome: 'rejected',
        detail: 'the token endpoint answered invalid_grant',
      }),
    )
  })

  it('fails what it sends as without a network, and sends again once it is back', async () => {
    const { logIn, command, send, sent, entries } = await open()
    await logIn()
    expect(await command('offline')).toMatchObject({ isOffline: true })
    await expect(send('/api/me')).rejects.toThrow(TypeError)
    await command('online')
    expect((await send('/api/me'))?.status).toBe(200)
    expect(sent).toHaveLength(2)
    await expect.poll(entries).toContainEqual(expect.objectContaining({ url: '/api/me', outcome: 'TypeError' }))
  })

  it('has the host forget, once for each time it is told to', async () => {
    let forgotten = 0
    const { command, heard, channel } = await open({}, () => forgotten++)
    await command('forget')
    expect(forgotten).toBe(1)
    channel.postMessage({ type: 'watch' } satisfies ChannelMessage)
    // After the one of its start. What it has done is still worth telling; how things are, is the next one's to say.
    await expect.poll(() => heard.map(({ type }) => type)).toEqual(['status', 'entries', 'entries'])
  })

  it.each([
    [{}],
    [{ ns: 'refresh-worker', v: 1, type: 'devtools', command: 'eval', session: 'a' }],
    [{ ns: 'refresh-worker', v: 1, type: 'devtools', command: 'expire' }],
    [{ ns: 'refresh-worker', v: 2, type: 'devtools', command: 'expire', session: 'a' }],
    [Object.create({ ns: 'refresh-worker', v: 1, type: 'devtools', command: 'expire', session: 'a' })],
    [null],
  ])('takes nothing but what it knows: %j', message => {
    expect(parseDevtoolsRequest(message)).toBeNull()
  })
})

describe('a production build', () => {
  const read = (file: string) => readFileSync(join(import.meta.dirname, '../../../dist', file), 'utf8')
  const WORDS = /devtools|refuses|isOffline|invalid_grant"?\},?\{?status:400|below none of apiUrls|waits for a refresh/

  it.each(['refresh-worker.js', 'refresh-worker.in-page.js'])('%s has none of it', file => {
    expect(read(file)).not.toMatch(WORDS)
  })

  it('is told from a development build by the same words', () => {
    expect(read('refresh-worker.dev.js')).toMatch(WORDS)
  })
})
