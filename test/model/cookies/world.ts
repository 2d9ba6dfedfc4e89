/**
 * A browser with a jar of cookies, two workers and their pages, and a server behind a network. The whole core runs in every
 * worker; whatever is asynchronous outside of it happens when the scheduler says so, and time goes by when it is told to.
 */
import { vi } from 'vitest'
import { createCore } from '../../../src/core/core.ts'
import { createDispatch } from '../../../src/core/dispatch.ts'
import type { Es256, Fetch } from '../../../src/core/ports.ts'
import { loggedIn, nobody } from '../../../src/core/session/session.ts'
import { IN_COOKIE, NO_TOKENS } from '../../../src/core/tokens/tokens.ts'
import { envelope, type PageRequest } from '../../../src/protocol.ts'
import { configOf, NOW, ORIGIN, received } from '../../unit/kit.ts'
import { createLife, createMachine, type Life } from '../machine.ts'
import { LIFE } from '../oracle.ts'
import type { Scheduler } from '../scheduler.ts'
import { createCookieServer, EMPTY, type Jar } from './server.ts'
import type { Circumstances, Mode } from './steps.ts'
import { createWatch, type Watch } from './watch.ts'

const endpoints = { refreshTokenUrl: '/auth/refresh', logoutUrl: '/auth/logout', logoutMethod: 'post' }
const both = { ...endpoints, accessTokenIn: 'cookie', subjectProp: 'user.id', navigations: ['/app/'] } as const
const CONFIGS = {
  silent: configOf(both),
  asking: configOf({ ...both, sessionUrl: '/auth/session' }),
  refresh: configOf({ ...endpoints, refreshTokenIn: 'cookie' }),
}

/** As long as no navigation waits. */
const MOST_HOPS = 10

export type CookieWorld = ReturnType<typeof createCookieWorld>

export function createCookieWorld(scheduler: Scheduler, circumstances: Circumstances) {
  const { start, canAsk, kind } = circumstances
  const inBoth = canAsk ? CONFIGS.asking : CONFIGS.silent
  const config = kind === 'both' ? inBoth : CONFIGS.refresh
  let time = NOW
  let offset = 0
  let mode: Mode = 'ok'
  let jar: Jar = EMPTY
  let ids = 0
  const server = createCookieServer(() => time, circumstances)
  const watch: Watch = createWatch(circumstances)
  const machine = createMachine(scheduler, watch, circumstances.locks)

  if (start !== 'nobody') {
    jar = server.login('zoe')
    const accessToken = kind === 'both' ? IN_COOKIE : server.inJwt(jar.access ?? '')
    const tokens = { ...NO_TOKENS, accessToken, receivedAt: time, expiresAt: time + LIFE }
    const seen = kind === 'both' ? { ...tokens, subject: '"zoe"', life: LIFE } : tokens
    if (start !== 'unseen') machine.put(loggedIn(nobody, 'first', seen))
    if (kind === 'refresh') jar = { ...jar, access: null }
    if (start === 'expired') time += LIFE
  }

  /** What time brings about. */
  let timers: { readonly at: number; readonly happen: () => void }[] = []
  const after = (ms: number, happen: () => void) => void timers.push({ at: time + ms, happen })
  const timeouts = vi.spyOn(AbortSignal, 'timeout').mockImplementation(ms => {
    const controller = new AbortController()
    after(ms, () => controller.abort(new DOMException('timeout', 'TimeoutError')))
    return controller.signal
  })
  const pass = (span: number) => {
    time += span
    const due = timers.filter(({ at }) => at <= time).sort((a, b) => a.at - b.at)
    timers = timers.filter(({ at }) => at > time)
    for (const { happen } of due) happen()
  }

  const fetchOf =
    (life: Life): Fetch =>
    request =>
      new Promise((resolve, reject) => {
        if (!life.isAlive) return
        const { signal } = request
        const { pathname, searchParams } = new URL(request.url)
        const label = `${life.name} ${pathname}`
        const cookies = request.credentials === 'omit' ? EMPTY : jar
        const token = request.headers.get('Authorization')?.slice('Bearer '.length) ?? null
        const refresh = pathname === '/auth/refresh' ? watch.sendsRefresh(life, cookies.refresh) : null
        if (pathname.startsWith('/api/')) watch.sendsApi(life, Number(pathname.slice(5)), server.userBy(cookies))
        const giveUp = () => {
          if (refresh) watch.hasTrouble()
          refresh?.ends()
          reject(signal.reason)
        }
        if (signal.aborted) return giveUp()
        signal.addEventListener('abort', giveUp)
        const fail = () => {
          refresh?.ends()
          reject(new TypeError('network error'))
        }
        const exchange = async () => {
          await scheduler.wait(`${label} arrives`)
          const at = mode
          if (at === 'network') {
            watch.hasTrouble()
            return fail()
          }
          if (at === 'api 401' && pathname.startsWith('/api/'))
            return resolve(received(new Response(null, { status: 401 })))
          const isDown = at === '503' ? refresh !== null || pathname === '/auth/session' : false
          if (isDown || (at === 'logout 503' && pathname === '/auth/logout')) {
            watch.hasTrouble()
            refresh?.ends()
            return resolve(received(new Response(null, { status: 503 })))
          }
          if (refresh && at === 'hang') return
          if (refresh && at === 'refused') server.refuse(cookies)
          const { response, cookies: next } = server.answer(pathname, searchParams, cookies, token)
          if (refresh && (!response.ok || at.startsWith('lost'))) watch.hasTrouble()
          if (refresh && at === 'slow') await new Promise<void>(late => after(config.timeout + 1000, late))
          if (refresh && at === 'lost, hangs') return
          await scheduler.wait(`${label} has an answer`)
          // Of a request that is stopped, or whose worker is, no cookies come.
          if (signal.aborted || !life.isAlive) return
          const isLost = at === 'lost' && (refresh !== null || pathname === '/auth/login')
          if (next && !isLost) jar = next
          if (refresh && response.ok) {
            refresh.succeeds()
            const before = machine.stored()
            if (before.status === 'authenticated') watch.hasTrouble()
          }
          await scheduler.wait(`${label} is answered`)
          if (!life.isAlive || signal.aborted) return
          if (isLost || (refresh && at === 'lost, with its cookies')) return fail()
          refresh?.ends()
          resolve(response)
        }
        void exchange()
      })

  const startWorker = (name: string) => {
    const life = createLife(name)
    const log = () => undefined
    const fetch = fetchOf(life)
    let told: Promise<unknown> = Promise.resolve()
    const core = createCore({
      config,
      isDefault: true,
      about: { version: '1.2.3', host: 'worker', scope: `${ORIGIN}/`, storageKeys: [config.storageKey] },
      routes: [],
      onSession: async () => undefined,
      store: { ...machine.storeOf(life), isDurable: () => true, saved: async () => undefined },
      ports: {
        now: () => time + offset,
        newId: () => `${name}-${watch.lives()}-${++ids}`,
        random: () => 0,
        isOnline: () => true,
        later: after,
        fetch,
        locks: machine.locksOf(life),
        broadcast: () => {
          const telling = told.then(async () => {
            await scheduler.wait(`${name} tells`)
            return life.isAlive ? undefined : new Promise<never>(() => undefined)
          })
          told = telling
          return telling
        },
        es256: {} as Es256,
        log,
      },
    })
    const dispatch = createDispatch({ cores: [core], fetch, log })
    watch.begins()
    const waitUntil = (work: Promise<unknown>) => void watch.awaits(life, 'waitUntil', work)
    const send = (label: string, path: string, method = 'GET') => {
      const request = new Request(`${ORIGIN}${path}`, { method })
      const answered = dispatch(request)
      return watch.awaits(life, label, answered ? answered({ waitUntil }) : fetch(request))
    }
    const ask = (type: PageRequest['type']) =>
      watch.awaits(life, type, core.answerMessage(envelope({ type }) as PageRequest, waitUntil))
    let death: () => void = () => undefined
    const dies = new Promise<null>(resolve => {
      death = () => resolve(null)
    })
    return {
      life,
      core,
      waitUntil,
      dies,
      death: () => death(),
      send,
      ask,
    }
  }

  const workers = { A: startWorker('A'), B: startWorker('B') }
  type Name = keyof typeof workers

  /** A navigation as the browser makes it, until the page that comes of it has asked for its state. */
  const navigate = async (name: Name, to: string, how: string, referrer = `${ORIGIN}/a`) => {
    let [path, method] = [to, how]
    for (let hops = 0; ; hops++) {
      if (hops > MOST_HOPS) return watch.check(false, 'K13: a navigation comes to no end')
      const { core, waitUntil, dies } = workers[name]
      const url = new URL(path, ORIGIN)
      const request = Object.defineProperties(new Request(url, { method }), {
        mode: { value: 'navigate' },
        referrer: { value: referrer },
        cache: { value: 'default' },
      })
      const held = core.navigate(request, waitUntil, `client-${++ids}`)
      if (held) {
        const response = await Promise.race([held(), dies])
        // The person loads it again.
        if (response) path = response.headers.get('Location') ?? '/'
        continue
      }
      const cookies = jar
      await scheduler.wait(`${name} page ${url.pathname} arrives`)
      const { cookies: next, location } = server.answer(url.pathname, url.searchParams, cookies, null)
      await scheduler.wait(`${name} page ${url.pathname} is answered`)
      if (next) jar = next
      if (!location) break
      ;[path, method] = [location, 'GET']
    }
    await scheduler.wait(`${name} page asks`)
    const { ask, dies } = workers[name]
    await Promise.race([ask('state'), dies])
  }

  return {
    watch,
    stored: machine.stored,
    /** Who is logged in at the server. */
    user: () => server.userBy(jar),
    setMode: (next: Mode) => {
      mode = next
    },
    pass,
    /** Whether something waits for time to go by. */
    isWaiting: () => timers.length > 0,
    setClock: (difference: number) => {
      offset = difference
    },
    expire: () => pass(LIFE),
    revokeAccessToken: () => server.expire(jar),
    login: (name: Name, user: string) => {
      const done = watch.logsIn()
      const { send, dies } = workers[name]
      void Promise.race([send('login', `/auth/login?user=${user}`, 'POST'), dies]).then(done)
    },
    form: (name: Name, user: string) => {
      const done = watch.logsIn()
      void navigate(name, `/auth/login?user=${user}`, 'POST').then(done)
    },
    visit: (name: Name, referrer?: string) => void navigate(name, '/app/', 'GET', referrer),
    leave: (name: Name) =>
      watch.logsOut(workers[name].life, () => void navigate(name, '/auth/logout', 'POST').then(watch.leaves())),
    logout: (name: Name) => watch.logsOut(workers[name].life, () => void workers[name].ask('logout')),
    forward: (name: Name) =>
      watch.logsOut(workers[name].life, () => void workers[name].send('logout', '/auth/logout', 'POST')),
    update: (name: Name) => void workers[name].ask('update-token'),
    state: (name: Name) => void workers[name].ask('state'),
    recheck: (name: Name) => {
      const { ask, dies, life } = workers[name]
      void Promise.race([ask('recheck'), dies]).then(watch.rechecks(life))
    },
    request: (name: Name) => workers[name].send('request', `/api/${++ids}`),
    kill: (name: Name) => {
      watch.hasTrouble()
      machine.end(workers[name].life)
      workers[name].death()
      workers[name] = startWorker(name)
    },
    end: () => timeouts.mockRestore(),
  }
}
