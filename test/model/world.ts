/**
 * Workers on one machine, and a server behind a network. The real core runs in every worker; whatever is asynchronous
 * outside of it happens when the scheduler says so.
 */
import { vi } from 'vitest'
import type { Fetch } from '../../src/core/ports.ts'
import { createAuthorize } from '../../src/core/requests/authorize.ts'
import { createLogin } from '../../src/core/requests/login.ts'
import { createLogout } from '../../src/core/requests/logout.ts'
import { createSendLogout } from '../../src/core/requests/send-logout.ts'
import { createTellLogout } from '../../src/core/requests/tell-logout.ts'
import { createBackOff } from '../../src/core/session/back-off.ts'
import { createFreshSession } from '../../src/core/session/fresh-session.ts'
import { loggedIn, nobody } from '../../src/core/session/session.ts'
import { createSessionStore } from '../../src/core/session/session-store.ts'
import { patienceOf } from '../../src/core/tokens/token-endpoint.ts'
import {
  configOf,
  jsonResponse,
  NOW,
  ORIGIN,
  readersOf,
  received,
  revokeNothing,
  tokenEndpointOf,
} from '../unit/kit.ts'
import { createLife, createMachine, type Life } from './machine.ts'
import { createOracle, type Grant, LIFE, type OnReuse } from './oracle.ts'
import type { Scheduler } from './scheduler.ts'
import { accessTokenOf, createWatch, type Watch } from './watch.ts'

export const MODES = [
  'ok',
  '503',
  'network',
  'hang',
  'invalid_grant',
  'lost',
  'lost, hangs',
  'slow',
  'no refresh token',
  'api 401',
] as const
export type Mode = (typeof MODES)[number]

export interface Circumstances {
  readonly start: 'nobody' | 'fresh' | 'expired' | 'expired for good'
  readonly onReuse: OnReuse
  /** Whether locks hold: a page can steal them, and waiting for one has a limit. */
  readonly locks: 'held' | 'stolen'
  /** Whether the server answers a repetition of a refresh alike, and the workers know it does. */
  readonly repeats?: boolean
}

/** What the server says: `late`, once all who wait for it have given up. */
type Answer = (() => Response) | { readonly late: () => Response } | 'error' | 'hang'

export type World = ReturnType<typeof createWorld>

// A limit that no run reaches: uses are stored all along, and end nothing.
const options = { logoutUrl: '/auth/logout', refreshTokenUrl: '/auth/refresh', maxIdle: 7 * 86_400 }
const CONFIGS = {
  usual: configOf(options),
  repeats: configOf({ ...options, idempotencyKeys: 'always' }),
}

const statusOnly = (status: number) => received(new Response(null, { status }))

export function createWorld(scheduler: Scheduler, circumstances: Circumstances) {
  const { start, onReuse, repeats = false } = circumstances
  const config = repeats ? CONFIGS.repeats : CONFIGS.usual
  let time = NOW
  /** How much the clock of the machine is ahead of the server's. */
  let offset = 0
  let mode: Mode = 'ok'
  const oracle = createOracle(() => time, onReuse)
  const watch: Watch = createWatch(oracle, circumstances)
  const machine = createMachine(scheduler, watch, circumstances.locks)
  const { storeOf, locksOf } = machine

  if (start !== 'nobody') {
    const tokens = {
      ...oracle.login('zoe', start !== 'expired for good'),
      idToken: null,
      receivedAt: time,
      expiresAt: time + LIFE,
    }
    machine.put(loggedIn(nobody, 'first', tokens))
    watch.starts(machine.stored())
    if (start !== 'fresh') time += LIFE
  }

  /** Requests that nothing answers, until they time out. */
  let hanging: (() => void)[] = []

  // The limit of a request, and of those who wait for it, is a matter of this clock, not of the real one.
  let limit: AbortController | null = null
  let waits: AbortController[] = []
  const timeouts = vi.spyOn(AbortSignal, 'timeout').mockImplementation(ms => {
    const controller = new AbortController()
    if (ms === patienceOf(config)) limit = controller
    else waits.push(controller)
    return controller.signal
  })

  const answer = async (request: Request, body: string): Promise<Answer> => {
    const { pathname, searchParams } = new URL(request.url)
    const token = request.headers.get('Authorization')?.slice('Bearer '.length) ?? null
    const rotates = mode !== 'no refresh token'
    const granted = ({ accessToken, refreshToken }: Grant, isComplete = refreshToken !== null) => {
      const tokens = { access_token: accessToken, ...(isComplete ? { refresh_token: refreshToken } : {}) }
      return () => jsonResponse({ ...tokens, expires_in: LIFE / 1000 })
    }
    switch (pathname) {
      case '/auth/login': {
        const user = searchParams.get('user') ?? ''
        const response = granted(oracle.login(user, user !== 'guest'))
        return mode === 'lost' ? 'error' : response
      }
      case '/auth/logout':
        if (token) oracle.revoke(token)
        return () => statusOnly(204)
      case '/auth/refresh': {
        const refreshToken: string = JSON.parse(body).refresh_token
        if (mode === '503') return () => statusOnly(503)
        if (mode === 'network') return 'error'
        if (mode === 'hang') return 'hang'
        if (mode === 'invalid_grant') oracle.refuse(refreshToken)
        const key = repeats ? request.headers.get('Idempotency-Key') : null
        const grant = oracle.refresh(refreshToken, rotates, key)
        if (mode === 'lost') return 'error'
        if (mode === 'lost, hangs') return 'hang'
        const response = grant
          ? granted(grant, grant.refreshToken !== refreshToken)
          : () => jsonResponse({ error: 'invalid_grant' }, { status: 400 })
        return mode === 'slow' ? { late: response } : response
      }
      default:
        if (mode === 'network') return 'error'
        return () => statusOnly(mode !== 'api 401' && token && oracle.accepts(token) ? 200 : 401)
    }
  }

  const fetchOf =
    (life: Life): Fetch =>
    request =>
      new Promise((resolve, reject) => {
        const timeout = limit
        limit = null
        const { pathname } = new URL(request.url)
        const label = `${life.name} ${pathname}`
        const token = request.headers.get('Authorization')?.slice('Bearer '.length) ?? null
        const exchange = async () => {
          const body = pathname === '/auth/refresh' ? await request.text() : ''
          const refreshToken: string | null = body ? JSON.parse(body).refresh_token : null
          if (refreshToken) watch.sendsRefresh(life, refreshToken)
          else if (pathname === '/auth/logout') watch.sendsLogout(life, token)
          else if (pathname.startsWith('/api/')) watch.sendsApi(life, Number(pathname.slice('/api/'.length)), token)

          await scheduler.wait(`${label} arrives`)
          const result = await answer(request, body)
          const settle = async (isTimeout: boolean) => {
            if (!isTimeout) await scheduler.wait(`${label} is answered`)
            if (!life.isAlive) return
            const response = typeof result === 'function' ? result() : typeof result === 'object' ? result.late() : null
            if (refreshToken) watch.refreshAnswered(refreshToken, response?.status ?? null)
            if (isTimeout) timeout?.abort(new DOMException('timeout', 'TimeoutError'))
            if (response) resolve(response)
            else reject(new TypeError('network error'))
          }
          if (result === 'hang') hanging.push(() => void settle(true))
          else if (typeof result === 'object') hanging.push(() => void settle(false))
          else await settle(false)
        }
        void exchange()
      })

  const startWorker = (name: string) => {
    const life = createLife(name)
    const now = () => time + offset
    const fetch = fetchOf(life)
    const log = () => undefined
    let ids = 0
    const newId = () => `${name}-${watch.lives()}-${++ids}`
    let told: Promise<unknown> = Promise.resolve()
    const sessions = createSessionStore({
      config,
      store: storeOf(life),
      now,
      onChange: () => {
        life.telling++
        const tell = async () => {
          await told
          await scheduler.wait(`${name} tells`)
          life.telling--
          return life.isAlive ? undefined : new Promise<never>(() => undefined)
        }
        const telling = tell()
        told = telling
        return telling
      },
    })
    const tokenEndpoint = tokenEndpointOf(config, fetch, now)
    const backOff = createBackOff({ now, random: () => 0, isOnline: () => true })
    const freshSession = createFreshSession({
      newId: () => `key-${scheduler.trace.length}`,
      config,
      sessions,
      tokenEndpoint,
      locks: locksOf(life),
      now,
      backOff,
      revoke: revokeNothing,
      farewell: revokeNothing,
      log,
    })
    const { hooks, isUnauthorized, readAnswer } = readersOf(config, now)
    const authorize = createAuthorize({ isUnauthorized, config, sessions, freshSession, fetch, now })
    const login = createLogin({ config, sessions, fetch, locks: locksOf(life), newId, log, readAnswer })
    const sendLogout = createSendLogout({ config, fetch, hooks, prover: null, isUnauthorized, tokenEndpoint, newId })
    const { logout, forward } = createLogout({
      config,
      sessions,
      fetch,
      tellLogout: createTellLogout({ config, sessions, sendLogout, locks: locksOf(life), log }),
      revoke: revokeNothing,
    })
    watch.begins(life)
    const waitUntil = (promise: Promise<unknown>) => void watch.awaits(life, 'waitUntil', promise)
    return {
      life,
      login: (user: string) => {
        const request = new Request(`${ORIGIN}/auth/login?user=${user}`, { method: 'POST' })
        watch.awaits(life, 'login', login(request, 'login'))
      },
      logout: () =>
        watch.awaits(
          life,
          'logout',
          watch.logsOut(life, () => logout(waitUntil)),
        ),
      forward: () => {
        const request = new Request(`${ORIGIN}/auth/logout`)
        watch.awaits(
          life,
          'logout',
          watch.logsOut(life, () => forward(request, waitUntil)),
        )
      },
      /** As messages.ts does on `update-token`. */
      update: () => {
        const update = async () => {
          const session = await freshSession.current()
          if (session.status === 'authenticated') await freshSession.refresh(session)
        }
        watch.awaits(life, 'update', update())
      },
      request: () => {
        const id = watch.requests(life, machine.stored())
        const response = authorize(new Request(`${ORIGIN}/api/${id}`), waitUntil)
        return watch.awaits(
          life,
          `request ${id}`,
          response.then(answer => watch.answers(life, id, answer)),
        )
      },
    }
  }

  const workers = { A: startWorker('A'), B: startWorker('B') }

  return {
    oracle,
    watch,
    workers,
    stored: machine.stored,
    setMode: (next: Mode) => {
      mode = next
    },
    pass: (span: number) => {
      time += span
    },
    setClock: (difference: number) => {
      offset = difference
    },
    /** Until the server holds the stored token for expired; the machine's clock may differ. */
    expire: () => {
      time += LIFE
    },
    revokeAccessToken: () => {
      const session = machine.stored()
      if (session.status === 'authenticated') oracle.revokeAccessToken(accessTokenOf(session))
    },
    timeOut: () => {
      if (hanging.length === 0) return
      time += config.timeout
      for (const wait of waits) wait.abort(new DOMException('timeout', 'TimeoutError'))
      const all = hanging
      ;[hanging, waits] = [[], []]
      for (const give of all) give()
    },
    kill: (name: keyof typeof workers) => {
      const { life } = workers[name]
      watch.dies(life, machine.stored())
      machine.end(life)
      workers[name] = startWorker(name)
    },
    end: () => timeouts.mockRestore(),
  }
}
