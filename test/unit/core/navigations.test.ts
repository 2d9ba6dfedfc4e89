/** GET navigations below `navigations`: what waits for a refresh, and what is not touched. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Options } from '../../../src/core/options/options.ts'
import { deferred, jsonResponse, ORIGIN, type Sent } from '../kit.ts'
import { openCore } from './whole-core.ts'

const pathOf = ({ url }: Sent) => new URL(url).pathname

interface Server {
  isRefreshGood: boolean
  isRefreshDown: boolean
  /** A refresh is answered after this. */
  held: Promise<unknown> | null
}

const OPTIONS: Partial<Options> = {
  accessTokenIn: 'cookie',
  refreshTokenUrl: '/auth/refresh',
  subjectProp: 'user',
  navigations: ['/app/'],
}

function open(records = new Map<string, unknown>()) {
  const server: Server = { isRefreshGood: true, isRefreshDown: false, held: null }
  const core = openCore(
    OPTIONS,
    async sent => {
      if (pathOf(sent) !== '/auth/refresh') return jsonResponse({ user: 'ada', expires_in: 60 })
      await server.held
      if (server.isRefreshDown) return jsonResponse({}, { status: 503 })
      return server.isRefreshGood ? new Response(null, { status: 204 }) : jsonResponse({}, { status: 401 })
    },
    records,
  )
  return {
    ...core,
    server,
    logIn: () => core.post('/auth/login', {}),
    expire: () => {
      core.clock.time += 60_000
    },
    refreshes: () => core.sent.filter(sent => pathOf(sent) === '/auth/refresh'),
    /** A worker that has just been started, with what this one has stored. */
    restart: () => open(core.records),
  }
}

/** What the worker has done with it: nothing, or had the browser send it again. */
const outcome = ({ isTouched, response }: { isTouched: boolean; response: Response | null }) =>
  isTouched ? [response?.status, response?.headers.get('Location')] : null

afterEach(() => void vi.restoreAllMocks())

describe('a navigation', () => {
  it('is not touched where the session is known to be fresh, or to be nobody’s (K15)', async () => {
    const { logIn, navigate, state, sent } = open()
    await state()
    expect((await navigate('/app/')).isTouched).toBe(false)
    await logIn()
    for (const path of ['/app/page', '/app/page']) expect((await navigate(path)).isTouched).toBe(false)
    expect(sent.map(pathOf)).toEqual(['/auth/login'])
  })

  it.each([
    ['fresh', async ({ logIn }: ReturnType<typeof open>) => void (await logIn())],
    ["nobody's", async () => undefined],
  ])(
    'of a worker that was just started is sent again by the browser, once: its session is %s (K15)',
    async (_, begin) => {
      const before = open()
      await begin(before)
      const { navigate, sent } = before.restart()
      expect(outcome(await navigate('/app/?a=b'))).toEqual([307, `${ORIGIN}/app/?a=b`])
      for (const path of ['/app/?a=b', '/app/?a=b', '/app/']) expect(outcome(await navigate(path))).toBeNull()
      expect(sent).toEqual([])
    },
  )

  it('waits for the one refresh where it has expired, and is sent by the browser itself (K13)', async () => {
    const { logIn, navigate, expire, refreshes, sent } = open()
    await logIn()
    expire()
    const tabs = await Promise.all(['/app/', '/app/a?b=c', '/app/'].map(path => navigate(path)))
    expect(refreshes()).toHaveLength(1)
    expect(tabs.map(({ response }) => [response?.status, response?.headers.get('Location')])).toEqual([
      [307, 'https://app.example/app/'],
      [307, 'https://app.example/app/a?b=c'],
      [307, 'https://app.example/app/'],
    ])
    for (const path of ['/app/', '/app/', '/app/a?b=c', '/app/']) expect((await navigate(path)).isTouched).toBe(false)
    expire()
    expect((await navigate('/app/')).isTouched).toBe(true)
    expect(refreshes()).toHaveLength(2)
    expect(sent.filter(sent => pathOf(sent).startsWith('/app/'))).toEqual([])
  })

  it('goes out as it is where the refresh is refused, or takes too long, and never in a circle (K17)', async () => {
    const { logIn, navigate, expire, server, state } = open()
    await logIn()
    server.isRefreshGood = false
    expire()
    expect((await navigate('/app/')).response?.status).toBe(307)
    expect((await navigate('/app/')).isTouched).toBe(false)
    expect(await state()).toMatchObject({ status: 'anonymous' })
  })

  it.each([
    ['POST', '/app/'],
    ['GET', '/apple'],
    ['GET', '/'],
  ])('%s %s is not touched, whatever the session (K16)', async (method, path) => {
    const { logIn, navigate, expire } = open()
    await logIn()
    expire()
    expect((await navigate(path, method)).isTouched).toBe(false)
  })

  it('is not touched while nothing is tried after a refresh that has failed (G9)', async () => {
    const { logIn, navigate, expire, server, refreshes, advance } = open()
    await logIn()
    expire()
    server.isRefreshDown = true
    expect(outcome(await navigate('/app/'))).toEqual([307, `${ORIGIN}/app/`])
    for (const path of ['/app/', '/app/', '/app/other']) expect(outcome(await navigate(path))).toBeNull()
    expect(refreshes()).toHaveLength(1)
    server.isRefreshDown = false
    await advance(60_000)
    expect(outcome(await navigate('/app/'))).toEqual([307, `${ORIGIN}/app/`])
    expect(refreshes()).toHaveLength(2)
  })

  it('waits once for a refresh that takes long, also where the server redirects it (K18, K21)', async () => {
    // Patience ends where the test says so; so could the store's, which is as long.
    const patience: AbortController[] = []
    const timeout = AbortSignal.timeout.bind(AbortSignal)
    vi.spyOn(AbortSignal, 'timeout').mockImplementation(span => {
      if (span !== 3_000) return timeout(span)
      patience.push(new AbortController())
      return (patience.at(-1) as AbortController).signal
    })
    const { logIn, expire, goTo, send, server, refreshes } = open()
    /** Goes there, and loses patience. */
    const tire = async (path: string, clientId: string) => {
      const count = patience.length
      const answered = goTo(path, { clientId })
      while (patience.length === count) await new Promise(resolve => setTimeout(resolve))
      patience[count]?.abort(new DOMException('', 'TimeoutError'))
      return (await answered)?.status
    }
    await logIn()
    expire()
    const answer = deferred<void>()
    server.held = answer.promise
    expect(await tire('/app/', 'tab')).toBe(307)
    // What the browser sends again, and what the server redirects that to.
    for (const path of ['/app/', '/app/login']) expect(await goTo(path, { clientId: 'tab' })).toBeNull()
    // Another page has not waited yet.
    expect(await tire('/app/login', 'other tab')).toBe(307)
    expect(refreshes()).toHaveLength(1)
    answer.resolve()
    await send('/api/me')
    expire()
    // For another refresh it waits anew.
    expect((await goTo('/app/page', { clientId: 'tab' }))?.status).toBe(307)
    expect(refreshes()).toHaveLength(2)
  })
})
