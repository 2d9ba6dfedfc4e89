// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { RefreshWorkerError } from '../../../src/errors.ts'
import type { AuthClient } from '../../../src/page/auth-client.ts'
import { register } from '../../../src/page/register.ts'
import { envelope, SETUP_CHANNEL } from '../../../src/protocol.ts'
import { ANONYMOUS, type Answer, authenticated, Container, DEFAULT, failureOf, goTo, install } from './container.ts'

let container: Container

beforeEach(() => {
  goTo('https://app.example/shop/')
  container = new Container()
  container.control()
  install(container)
  vi.stubGlobal('isSecureContext', true)
})
afterEach(() => {
  // Closes its channels.
  window.dispatchEvent(new Event('pagehide'))
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

describe('register', () => {
  it("registers with updateViaCache 'none', and is ready once the worker controls and answers", async () => {
    const auth = register('/sw.js', { scope: '/' })
    expect(auth.getSnapshot()).toEqual({ status: 'unknown' })
    await auth.ready
    expect(container.registered).toEqual([['/sw.js', { updateViaCache: 'none', scope: '/' }]])
    expect(auth.getSnapshot()).toEqual(ANONYMOUS)
  })

  it('waits for the first installation', async () => {
    container = new Container('installing')
    install(container)
    const auth = register('/sw.js')
    await vi.waitFor(() => expect(container.registered).toHaveLength(1))
    container.control()
    container.setWorkerState('activated')
    await auth.ready
  })

  it('waits for a script of another name to take the place of the active one', async () => {
    container = new Container('installing')
    container.previous = { scriptURL: `${location.origin}/old.js` } as ServiceWorker
    install(container)
    const auth = register('/sw.js')
    await vi.waitFor(() => expect(container.registered).toHaveLength(1))
    container.setWorkerState('installed')
    container.control()
    container.setWorkerState('activated')
    await auth.ready
    expect(container.posted.map(({ type }) => type)).toEqual(['state'])
  })

  it('stays with the active one where the new one waits (lifecycle: false)', async () => {
    vi.useFakeTimers()
    const old = new Container().worker
    container = new Container('installed')
    Object.assign(old, { scriptURL: `${location.origin}/old.js`, postMessage: container.worker.postMessage })
    container.previous = old
    container.control(old)
    install(container)
    const auth = register('/sw.js')
    await vi.advanceTimersByTimeAsync(10_000)
    await auth.ready
    expect(auth.getSnapshot()).toEqual(ANONYMOUS)
  })

  it('has an uncontrolled page claimed, without a reload (C23)', async () => {
    container.controller = null
    container.answer = ({ type }) => {
      if (type === 'claim') container.control()
      return { type: 'state', state: ANONYMOUS }
    }
    await register('/sw.js').ready
    expect(container.posted.map(({ type }) => type)).toEqual(['claim', 'state'])
  })

  it.each<[string, string, RegExp, () => void]>([
    ['insecure_context', 'an insecure page', /https/, () => vi.stubGlobal('isSecureContext', false)],
    ['unsupported', 'a browser without service workers (C24)', /no service worker/, () => install(undefined)],
    [
      'wrong_scope',
      'a scope that does not cover the page',
      /\/app\/.*does not cover.*\/shop\//,
      () => {
        container.scope = `${location.origin}/app/`
      },
    ],
    [
      'script_error',
      'a worker that fails to install',
      /failed to install/,
      () => {
        container = new Container('redundant')
        install(container)
      },
    ],
  ])('says %s for %s', async (code, _, message, arrange) => {
    arrange()
    const failure = await failureOf(register('/sw.js'))
    expect(failure).toMatchObject({ name: 'RefreshWorkerError', code, message: expect.stringMatching(message) })
  })

  it('names a foreign controller (H16)', async () => {
    vi.useFakeTimers()
    container.controller = { scriptURL: `${location.origin}/shop/other.js` } as ServiceWorker
    const failure = failureOf(register('/sw.js'))
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await failure).toMatchObject({
      code: 'foreign_controller',
      message: expect.stringContaining('/shop/other.js'),
    })
  })

  it('leaves the worker of MSW alone that the page has started, and says what to do', async () => {
    container.controller = { scriptURL: `${location.origin}/mocks/mockServiceWorker.js` } as ServiceWorker
    const auth = register('/sw.js')
    expect(auth.getSnapshot()).toEqual({ status: 'unsupported', code: 'foreign_controller' })
    expect(await failureOf(auth)).toMatchObject({
      code: 'foreign_controller',
      message: expect.stringMatching(/mockServiceWorker\.js, controls this page: to use MSW, .* withoutWorker/),
    })
    expect(container.registered).toEqual([])
  })

  it('says worker_timeout where nobody answers: a script that never calls setup()', async () => {
    vi.useFakeTimers()
    container.answer = () => null
    const failure = failureOf(register('/sw.js'))
    await vi.advanceTimersByTimeAsync(60_000)
    expect(await failure).toMatchObject({
      code: 'worker_timeout',
      message: expect.stringContaining('RefreshWorker.setup()'),
    })
  })

  const served = (body: string, init: ResponseInit) => async () => new Response(body, init)
  const script = served('', { headers: { 'Content-Type': 'text/javascript' } })
  it.each<[string, string, RegExp, () => Promise<Response>, unknown]>([
    [
      'script_error',
      'a 404',
      /answers 404/,
      served('no', { status: 404 }),
      new TypeError('bad HTTP response code (404)'),
    ],
    [
      'script_error',
      'HTML for the script',
      /page of HTML/,
      served('<!doctype html>', { headers: { 'Content-Type': 'text/html' } }),
      new DOMException('unsupported MIME type', 'SecurityError'),
    ],
    [
      'script_error',
      'a wrong MIME type',
      /text\/plain/,
      served('', { headers: { 'Content-Type': 'text/plain' } }),
      new DOMException('unsupported MIME type', 'SecurityError'),
    ],
    [
      'script_error',
      'a script that throws',
      /evaluation failed/,
      script,
      new TypeError('Failed to register a ServiceWorker for scope: script evaluation failed'),
    ],
    [
      'script_error',
      'a redirect',
      /redirected to .*\/login: serve/,
      async () =>
        Object.defineProperties(new Response(), {
          redirected: { value: true },
          url: { value: 'https://app.example/login?to=sw' },
        }),
      new DOMException('behind a redirect', 'SecurityError'),
    ],
    [
      'script_error',
      'a script behind a login',
      /answers 401: serve it to everyone/,
      served('', { status: 401 }),
      new TypeError('bad HTTP response code (401)'),
    ],
    [
      'script_error',
      'a proxy that fails',
      /answers 503.*is failing/,
      served('', { status: 503 }),
      new TypeError('bad HTTP response code (503)'),
    ],
    [
      'script_error',
      "a refusal of another kind, which is not the scope's",
      /could not be started.*insecure/,
      script,
      new DOMException('The operation is insecure.', 'SecurityError'),
    ],
    [
      'unsupported',
      'site data that is blocked (V24)',
      /blocks cookies and site data/,
      script,
      new DOMException('The user denied permission to use Service Worker.', 'NotSupportedError'),
    ],
    [
      'script_error',
      'a server that is gone',
      /could not be fetched/,
      () => Promise.reject(new TypeError('gone')),
      new TypeError('gone'),
    ],
  ])('says %s for %s', async (code, _, message, fetch, refusal) => {
    container.refusal = refusal
    vi.stubGlobal('fetch', fetch)
    const failure = await failureOf(register('/sw.js'))
    expect(failure).toMatchObject({ code, message: expect.stringMatching(message), cause: refusal })
  })

  it('says wrong_scope for a scope beyond the folder', async () => {
    container.refusal = new DOMException('not under the max scope allowed', 'SecurityError')
    vi.stubGlobal('fetch', script)
    const failure = await failureOf(register('/app/sw.js', { scope: '/' }))
    expect(failure).toMatchObject({ code: 'wrong_scope', message: expect.stringMatching(/max scope.*folder above/) })
  })

  it.each([
    ['V26: on a page from a file', 'file:///home/ada/index.html', 'http://localhost'],
    ['V30: in a frame without a URL of its own', 'about:srcdoc', 'the page around it'],
  ])('is unsupported %s', async (_, url, words) => {
    goTo(url)
    const failure = await failureOf(register('/sw.js'))
    expect(failure).toMatchObject({ code: 'unsupported', message: expect.stringContaining(words) })
  })

  it.each([
    ["worker-src 'none'; script-src 'self'", 'worker-src'],
    ["default-src 'none'; script-src 'unsafe-inline'", 'script-src'],
    ["default-src 'none'", 'default-src'],
  ])(
    'V29: names the directive of a Content-Security-Policy that forbids the worker: %s',
    async (originalPolicy, name) => {
      Object.assign(container, {
        register: async () => {
          const violation = { effectiveDirective: 'worker-src', originalPolicy }
          document.dispatchEvent(Object.assign(new Event('securitypolicyviolation'), violation))
          throw new DOMException('The operation is insecure.', 'SecurityError')
        },
      })
      const failure = await failureOf(register('/sw.js'))
      expect(failure).toMatchObject({
        code: 'script_error',
        message: expect.stringContaining(`by ${name}): add worker-src`),
      })
    },
  )

  it('V31: rejects with the words of setup() where an option is wrong', async () => {
    const channel = new BroadcastChannel(SETUP_CHANNEL)
    Object.assign(container, {
      register: async () => {
        const told = { code: 'config_error', message: 'refresh-worker: option apiUrl: unknown' }
        channel.postMessage({ ...told, scriptUrl: `${location.origin}/another.js`, message: 'not ours' })
        channel.postMessage({ ...told, scriptUrl: container.worker.scriptURL })
        await new Promise(resolve => setTimeout(resolve, 50))
        throw new TypeError('script evaluation failed')
      },
    })
    const auth = register('/sw.js')
    expect(await failureOf(auth)).toMatchObject({
      code: 'config_error',
      message: 'refresh-worker: option apiUrl: unknown',
    })
    expect(auth.getSnapshot()).toEqual({ status: 'unsupported', code: 'config_error' })
    channel.close()
  })

  it("stays 'unsupported' without a throw, and every call says why", async () => {
    install(undefined)
    const auth = register('/sw.js')
    const listener = vi.fn()
    auth.subscribe(listener)
    expect(listener).toHaveBeenCalledWith({ status: 'unsupported', code: 'unsupported' })
    for (const call of [
      () => auth.updateToken(),
      () => auth.logout(),
      () => auth.getAccessToken(),
      () => auth.inspect(),
    ])
      await expect(call()).rejects.toMatchObject({ code: 'unsupported' })
    expect(auth.getSnapshot()).toEqual({ status: 'unsupported', code: 'unsupported' })
  })

  it('V23: is unsupported in a sandboxed frame, where the very look at service workers throws', async () => {
    Object.defineProperty(navigator, 'serviceWorker', {
      configurable: true,
      get: () => {
        throw new DOMException('sandboxed', 'SecurityError')
      },
    })
    const auth = register('/sw.js')
    expect(auth.getSnapshot()).toEqual({ status: 'unsupported', code: 'unsupported' })
    expect(await failureOf(auth)).toMatchObject({ code: 'unsupported', message: expect.stringContaining('sandbox') })
  })

  it('V27: says what blocks workers where a registration settles with nothing', async () => {
    Object.assign(container, { register: async () => undefined })
    const auth = register('/sw.js')
    expect(await failureOf(auth)).toMatchObject({ code: 'unsupported', message: expect.stringContaining('Playwright') })
    expect(auth.getSnapshot()).toEqual({ status: 'unsupported', code: 'unsupported' })
  })

  it('V28: gives a registration up that never settles (G13)', async () => {
    vi.useFakeTimers()
    Object.assign(container, { register: () => new Promise(() => undefined) })
    const auth = register('/sw.js')
    const failure = failureOf(auth)
    await vi.advanceTimersByTimeAsync(30_000)
    expect(await failure).toMatchObject({ code: 'worker_timeout', message: expect.stringContaining('30 s') })
    expect(auth.getSnapshot()).toEqual({ status: 'unsupported', code: 'worker_timeout' })
  })

  it('G13: a page whose registration was refused does not stay unknown', async () => {
    container.refusal = new TypeError('no')
    vi.stubGlobal('fetch', async () => new Response('', { status: 404 }))
    const auth = register('/sw.js')
    expect(await failureOf(auth)).toMatchObject({ code: 'script_error' })
    expect(auth.getSnapshot()).toEqual({ status: 'unsupported', code: 'script_error' })
  })

  it('can be called where there is no browser at all (SSR)', async () => {
    vi.stubGlobal('document', undefined)
    vi.stubGlobal('navigator', undefined)
    vi.stubGlobal('isSecureContext', undefined)
    const auth = register('/sw.js')
    expect(auth.getServerSnapshot()).toEqual({ status: 'unknown' })
    expect(await failureOf(auth)).toMatchObject({ code: 'unsupported' })
  })
})

describe('the state', () => {
  let auth: AuthClient
  beforeEach(async () => {
    auth = register('/sw.js')
    await auth.ready
  })

  it('follows the worker, is frozen, and is the same object until it changes', () => {
    container.say(authenticated(1), 'login')
    const snapshot = auth.getSnapshot()
    expect(snapshot).toEqual(authenticated(1))
    expect(Object.isFrozen(snapshot)).toBe(true)
    expect(Object.isFrozen(snapshot.status === 'authenticated' && snapshot.claims)).toBe(true)
    container.say(authenticated(1), 'login')
    expect(auth.getSnapshot()).toBe(snapshot)
    container.say(authenticated(2), 'refresh')
    expect(auth.getSnapshot()).not.toBe(snapshot)
  })

  it('is told to subscribers at once, on every change, and not after they have left', () => {
    const seen: string[] = []
    const unsubscribe = auth.subscribe(state => seen.push(state.status))
    container.say(authenticated(1), 'login')
    container.say(authenticated(1), 'login')
    container.say(authenticated(2), 'refresh')
    unsubscribe()
    container.say(ANONYMOUS, 'logout')
    expect(seen).toEqual(['anonymous', 'authenticated', 'authenticated'])
  })

  it('reaches the other subscribers when one throws', () => {
    const report = vi.fn()
    vi.stubGlobal('reportError', report)
    auth.subscribe(({ status }) => {
      if (status === 'authenticated') throw new Error('mine')
    })
    const throwsAtOnce = () => {
      throw new Error('at once')
    }
    expect(() => auth.subscribe(throwsAtOnce)).toThrow('at once')
    const other = vi.fn()
    auth.subscribe(other)
    container.say(authenticated(1), 'login')
    expect(other).toHaveBeenCalledTimes(2)
    expect(report).toHaveBeenCalledTimes(1)
  })

  it('fires authentication-change only when it flips', () => {
    const flips: boolean[] = []
    const onChange = (event: CustomEvent<{ authenticated: boolean }>) => flips.push(event.detail.authenticated)
    auth.addEventListener('authentication-change', onChange)
    container.say(authenticated(1), 'login')
    container.say(authenticated(2), 'refresh')
    container.say({ status: 'anonymous', reason: 'logout' }, 'logout')
    container.say({ status: 'anonymous', reason: 'expired' }, 'expired')
    auth.removeEventListener('authentication-change', onChange)
    container.say(authenticated(3), 'login')
    expect(flips).toEqual([true, false])
  })

  it("is not taken from anyone but the registration's worker (R31, H9)", () => {
    container.say(authenticated(1), 'login', { scriptURL: container.worker.scriptURL })
    container.say(authenticated(1), 'login', null)
    container.say(authenticated(1), 'login', window)
    window.dispatchEvent(
      new MessageEvent('message', {
        data: envelope({
          type: 'state',
          state: authenticated(1),
          reason: 'login',
          ...DEFAULT,
          run: 'run-1',
          sequence: 99,
        }),
      }),
    )
    expect(auth.getSnapshot()).toEqual(ANONYMOUS)
  })

  it('does not go back to a reply that a broadcast has overtaken (N20)', async () => {
    const release = new Promise<void>(resolve => {
      container.answer = async () => {
        const sequence = ++container.sequence
        container.say(authenticated(2), 'refresh')
        resolve()
        return { type: 'state', state: authenticated(1), sequence }
      }
    })
    const logout = auth.logout()
    await release
    expect(await logout).toEqual(authenticated(2))
  })

  it('does not go back to a broadcast that a reply has overtaken (N20)', async () => {
    const late = ++container.sequence
    container.answer = () => ({ type: 'state', state: { status: 'anonymous', reason: 'logout' } })
    expect(await auth.logout()).toEqual({ status: 'anonymous', reason: 'logout' })
    container.say(authenticated(1), 'login', container.worker, late)
    expect(auth.getSnapshot()).toEqual({ status: 'anonymous', reason: 'logout' })
  })

  it('takes the word of a worker that was started anew, which counts anew', () => {
    for (let n = 0; n < 10; n++) container.say(authenticated(n), 'refresh')
    const data = envelope({ type: 'state', state: ANONYMOUS, reason: 'logout', ...DEFAULT, run: 'run-2', sequence: 1 })
    container.dispatchEvent(Object.assign(new Event('message'), { data, source: container.worker }))
    expect(auth.getSnapshot()).toEqual(ANONYMOUS)
  })

  it('is asked for when the controller changes', async () => {
    container.answer = () => ({ type: 'state', state: authenticated(3) })
    container.control()
    await vi.waitFor(() => expect(auth.getSnapshot()).toEqual(authenticated(3)))
  })
})

describe('a worker that the page has lost', () => {
  let auth: AuthClient
  let complaints: ReturnType<typeof vi.spyOn>
  beforeEach(async () => {
    complaints = vi.spyOn(console, 'error').mockImplementation(() => {})
    auth = register('/sw.js')
    await auth.ready
    container.say(authenticated(1), 'login')
  })
  afterEach(() => complaints.mockRestore())

  it('V18: is registered again where the site data was cleared, and the state is true at once', async () => {
    container.register = async url => {
      container.registered.push([url, undefined])
      queueMicrotask(() => container.control())
      return container.registration
    }
    container.control(null)
    expect(auth.getSnapshot()).toEqual({ status: 'unknown' })
    await auth.ready
    expect(auth.getSnapshot()).toEqual(ANONYMOUS)
    expect(container.registered).toHaveLength(2)
    expect(complaints).not.toHaveBeenCalled()
  })

  it('V20: is registered again once, and not in a war with what removes it', async () => {
    const reconnected = auth.ready
    container.register = async url => {
      container.registered.push([url, undefined])
      queueMicrotask(() => container.control())
      return container.registration
    }
    container.control(null)
    await auth.ready
    container.control(null)
    expect(await failureOf(auth)).toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('unregister()'),
    })
    expect(auth.getSnapshot()).toEqual({ status: 'unsupported', code: 'unsupported' })
    expect(container.registered).toHaveLength(2)
    expect(complaints).toHaveBeenCalledOnce()
    await reconnected
  })

  const other = () => ({ scriptURL: `${location.origin}/shop/other.js` }) as ServiceWorker

  it('V19: is missed where a worker of another scope controls the page, and found when it is gone', async () => {
    container.control(other())
    expect(await failureOf(auth)).toMatchObject({
      code: 'foreign_controller',
      message: expect.stringContaining('/shop/other.js'),
    })
    expect(auth.getSnapshot()).toEqual({ status: 'unsupported', code: 'foreign_controller' })
    expect(complaints).toHaveBeenCalledOnce()
    expect(container.registered).toHaveLength(1)
    container.control()
    await auth.ready
    expect(auth.getSnapshot()).toEqual(ANONYMOUS)
  })

  it.each([
    ['V19: a script of another name that knows nothing of us', '/other.js', 'foreign_controller', 1_000],
    ['V21: a version that never calls setup()', '/sw.js', 'worker_timeout', 3_000],
  ])('%s', async (_, path, code, limit) => {
    vi.useFakeTimers()
    Object.assign(container.worker, { scriptURL: location.origin + path })
    const { answer } = container
    container.answer = () => null
    container.control()
    expect(auth.getSnapshot()).toEqual(authenticated(1))
    const failure = failureOf(auth)
    await vi.advanceTimersByTimeAsync(limit)
    expect(auth.getSnapshot()).toEqual({ status: 'unsupported', code })
    expect(complaints).toHaveBeenCalledOnce()
    expect(container.registered).toHaveLength(1)
    // One that was slow, and no more.
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await failure).toMatchObject({ code })
    container.answer = answer
    expect(await auth.logout()).toEqual(ANONYMOUS)
    expect(auth.getSnapshot()).toEqual(ANONYMOUS)
  })
})

describe('requests to the worker', () => {
  it('updateToken names the token that it means, and settles with the new state', async () => {
    container.answer = ({ type }) => ({ type: 'state', state: authenticated(type === 'state' ? 4 : 5) })
    const auth = register('/sw.js')
    expect(await auth.updateToken()).toEqual(authenticated(5))
    expect(container.posted.at(-1)).toMatchObject({ type: 'update-token', generation: 4 })
  })

  it('updateToken asks again after 5 s, and gives up after a minute: the worker may have been killed', async () => {
    vi.useFakeTimers()
    const auth = register('/sw.js')
    await auth.ready
    container.answer = () => null
    const failure = auth.updateToken().catch(error => error)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(container.posted.map(({ type }) => type)).toEqual(['state', 'update-token', 'update-token'])
    await vi.advanceTimersByTimeAsync(55_000)
    expect(await failure).toMatchObject({ code: 'worker_timeout' })
    expect(container.posted).toHaveLength(13)
  })

  it('an error reply rejects with its code', async () => {
    const auth = register('/sw.js')
    await auth.ready
    container.answer = () => ({ type: 'error', code: 'not_authenticated', message: 'nobody is logged in' })
    await expect(auth.updateToken()).rejects.toMatchObject({
      code: 'not_authenticated',
      message: 'nobody is logged in',
    })
    await expect(auth.updateToken()).rejects.toBeInstanceOf(RefreshWorkerError)
  })

  it('getAccessToken settles with the token', async () => {
    const auth = register('/sw.js')
    await auth.ready
    container.answer = () => ({ type: 'access-token', accessToken: 'access-1' })
    expect(await auth.getAccessToken()).toBe('access-1')
  })

  it('inspect tells of both sides', async () => {
    const auth = register('/sw.js')
    await auth.ready
    const report = {
      version: '0.0.0-test',
      scope: container.scope,
      storageKey: 'k',
      storage: 'indexeddb',
      state: ANONYMOUS,
      lastRefresh: null,
      refreshes: [],
      openRequests: 0,
    }
    container.answer = () => ({ type: 'inspect', report })
    expect(await auth.inspect()).toEqual({
      page: { version: '0.0.0-test', controller: container.worker.scriptURL },
      worker: report,
    })
  })

  it('a reply of another kind is an error that says so', async () => {
    const auth = register('/sw.js')
    await auth.ready
    await expect(auth.getAccessToken()).rejects.toMatchObject({ code: 'internal_error' })
  })
})

describe('a new version', () => {
  it('that takes over before the old one has answered is asked in its place', async () => {
    const next = new Container()
    next.answer = () => ({ type: 'state', state: authenticated(1) })
    container.answer = () => null
    const auth = register('/sw.js')
    await vi.waitFor(() => expect(container.posted).toHaveLength(1))
    container.previous = next.worker
    container.setWorkerState('redundant')
    await auth.ready
    expect(auth.getSnapshot()).toEqual(authenticated(1))
  })

  it('may be the first that answers at all: calls work once it is there, though ready had failed', async () => {
    vi.useFakeTimers()
    container.answer = () => null
    const auth = register('/sw.js')
    const failure = failureOf(auth)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(await failure).toMatchObject({ code: 'worker_timeout' })
    expect(container.updates).toBe(1)
    container.answer = () => ({ type: 'state', state: authenticated(1) })
    expect(await auth.updateToken()).toEqual(authenticated(1))
  })
})

describe('keep-alive', () => {
  const sent = () => container.posted.filter(({ type }) => type === 'keep-alive').length
  const ask = (source: unknown = container.worker) =>
    container.dispatchEvent(Object.assign(new Event('message'), { data: envelope({ type: 'keep-alive' }), source }))

  it('is sent on demand, until the worker needs it no longer', async () => {
    vi.useFakeTimers()
    const auth = register('/sw.js')
    await auth.ready
    container.answer = () => ({ type: 'keep-alive', isNeeded: true })
    // In steps, since replies come by real ports, in real time.
    const pass = async (seconds: number) => {
      for (let n = 0; n < seconds; n++) await vi.advanceTimersByTimeAsync(1_000)
    }
    ask()
    ask()
    await pass(44)
    expect(sent()).toBe(4)
    container.answer = () => ({ type: 'keep-alive', isNeeded: false })
    await pass(1)
    expect(sent()).toBe(5)
    await pass(60)
    expect(sent()).toBe(5)
  })

  it('is not sent for anybody else (R31)', async () => {
    const auth = register('/sw.js')
    await auth.ready
    ask(null)
    ask(new EventTarget())
    expect(sent()).toBe(0)
  })
})

describe('timers are the visible pages own', () => {
  const HOUR = 3_600_000
  const states = () => container.posted.filter(({ type }) => type === 'state').length
  const setVisibility = (state: string) => {
    Object.defineProperty(document, 'visibilityState', { value: state, configurable: true })
    document.dispatchEvent(new Event('visibilitychange'))
  }

  beforeEach(async () => {
    vi.useFakeTimers()
    setVisibility('visible')
    const auth = register('/sw.js')
    await auth.ready
  })

  it('asks for the state when it is due, once', async () => {
    container.say(authenticated(1, Date.now() + HOUR), 'login')
    await vi.advanceTimersByTimeAsync(HOUR - 1)
    expect(states()).toBe(1)
    container.answer = () => ({ type: 'state', state: authenticated(2, Date.now() + HOUR) })
    await vi.advanceTimersByTimeAsync(1)
    expect(states()).toBe(2)
    await vi.advanceTimersByTimeAsync(HOUR - 1)
    expect(states()).toBe(2)
  })

  it('asks nothing at once of a token that lives longer than a timer can count', async () => {
    container.say(authenticated(1, Date.now() + 1_000 * HOUR), 'login')
    await vi.advanceTimersByTimeAsync(HOUR)
    expect(states()).toBe(1)
  })

  it('asks once for the newest of several tokens', async () => {
    for (const generation of [1, 2, 3]) container.say(authenticated(generation, Date.now() + HOUR), 'refresh')
    container.answer = () => ({ type: 'state', state: authenticated(4, Date.now() + 2 * HOUR) })
    await vi.advanceTimersByTimeAsync(HOUR)
    expect(states()).toBe(2)
  })

  it('asks nothing while nothing is due', async () => {
    container.say(authenticated(1, null), 'login')
    await vi.advanceTimersByTimeAsync(100 * HOUR)
    container.say(ANONYMOUS, 'logout')
    await vi.advanceTimersByTimeAsync(100 * HOUR)
    expect(states()).toBe(1)
  })

  it('counts beyond what setTimeout can', async () => {
    container.say(authenticated(1, Date.now() + 1000 * HOUR), 'login')
    await vi.advanceTimersByTimeAsync(900 * HOUR)
    expect(states()).toBeLessThanOrEqual(2)
  })

  it('lets a hidden page sleep, and asks as soon as it is seen', async () => {
    container.say(authenticated(1, Date.now() + HOUR), 'login')
    setVisibility('hidden')
    await vi.advanceTimersByTimeAsync(2 * HOUR)
    expect(states()).toBe(1)
    container.answer = () => ({ type: 'state', state: authenticated(2, Date.now() + HOUR) })
    setVisibility('visible')
    await vi.advanceTimersByTimeAsync(0)
    expect(states()).toBe(2)
  })

  it('asks again half a minute after it had no answer', async () => {
    container.say(authenticated(1, Date.now() + HOUR), 'login')
    container.answer = () => null
    await vi.advanceTimersByTimeAsync(HOUR)
    expect(states()).toBe(2)
    await vi.advanceTimersByTimeAsync(40_000)
    expect(states()).toBe(3)
  })

  it.each([
    ['online', { isBackOnline: true }],
    ['focus', {}],
  ])('asks at once on %s where the token has expired meanwhile, and says so: %o (C20)', async (type, news) => {
    // As the worker answers while the token endpoint is out of reach.
    const offline = { ...authenticated(1), expiresAt: Date.now() - 1, refreshAt: Date.now() + 30_000 }
    container.say(offline, 'refresh')
    container.answer = () => ({ type: 'state', state: offline })
    window.dispatchEvent(new Event(type))
    await vi.advanceTimersByTimeAsync(0)
    expect(states()).toBe(2)
    expect(container.posted.at(-1)).toEqual(envelope({ type: 'state', ...news }))
  })

  it.each(['resume', 'pageshow'])('asks on %s, after which a message may have been missed (C22)', async type => {
    const target = type === 'resume' ? document : window
    target.dispatchEvent(Object.assign(new Event(type), { persisted: true }))
    await vi.advanceTimersByTimeAsync(0)
    expect(states()).toBe(2)
  })
})

describe('sessions', () => {
  const MAIL = { session: 'mail', isDefault: false }
  /** A worker with two sessions. */
  const answer: Answer = ({ session }) =>
    session === 'mail'
      ? { type: 'state', state: authenticated(7), ...MAIL }
      : session === undefined
        ? { type: 'state', state: ANONYMOUS }
        : { type: 'error', code: 'unknown_session', message: 'no such session' }

  it('are told apart: each sees its own state, and asks in its own name', async () => {
    container.answer = answer
    const auth = register('/sw.js')
    const mail = auth.session('mail')
    await Promise.all([auth.ready, mail.ready])
    expect([auth.getSnapshot(), mail.getSnapshot()]).toEqual([ANONYMOUS, authenticated(7)])
    container.say(authenticated(1), 'login')
    expect([auth.getSnapshot(), mail.getSnapshot()]).toEqual([authenticated(1), authenticated(7)])
    container.say({ status: 'anonymous', reason: 'logout' }, 'logout', container.worker, 99, MAIL)
    expect([auth.getSnapshot(), mail.getSnapshot()]).toEqual([
      authenticated(1),
      { status: 'anonymous', reason: 'logout' },
    ])
    await mail.logout()
    expect(container.posted.at(-1)).toMatchObject({ type: 'logout', session: 'mail' })
  })

  it('are the same object for the same key, from wherever they are asked for', () => {
    container.answer = answer
    const auth = register('/sw.js')
    expect(auth.session('mail')).toBe(auth.session('mail'))
    expect(auth.session('mail').session('shop')).toBe(auth.session('shop'))
  })

  it('that the worker does not have are never ready', async () => {
    container.answer = answer
    expect(await failureOf(register('/sw.js').session('nobody'))).toMatchObject({ code: 'unknown_session' })
  })

  it('are unsupported where the worker is', async () => {
    install(undefined)
    const mail = register('/sw.js').session('mail')
    expect(mail.getSnapshot()).toEqual({ status: 'unsupported', code: 'unsupported' })
    expect(await failureOf(mail)).toMatchObject({ code: 'unsupported' })
  })
})
