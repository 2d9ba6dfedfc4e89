// @vitest-environment happy-dom
/** Pages that get no worker, get it late, or have another one: what they say, and what becomes of their logins. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { RefreshWorkerError } from '../../../src/errors.ts'
import { register } from '../../../src/page/register.ts'
import { SETUP_CHANNEL } from '../../../src/protocol.ts'
import { ANONYMOUS, authenticated, Container, failureOf, goTo, install } from './container.ts'

let container: Container
let complaints: ReturnType<typeof vi.spyOn>
const sent: string[] = []
const network = async (input: RequestInfo | URL, init?: RequestInit) => {
  const { method, url } = new Request(input, init)
  sent.push(`${method} ${new URL(url).pathname}`)
  return new Response('', { status: 404 })
}
const never = () => new Promise<never>(() => undefined)
const logIn = () => fetch(`${location.origin}/login`, { method: 'POST' })

beforeEach(() => {
  goTo('https://app.example/shop/')
  container = new Container()
  install(container)
  sent.length = 0
  vi.stubGlobal('fetch', network)
  vi.stubGlobal('isSecureContext', true)
  complaints = vi.spyOn(console, 'error').mockImplementation(() => {})
})
afterEach(() => {
  window.dispatchEvent(new Event('pagehide'))
  vi.unstubAllGlobals()
  vi.useRealTimers()
  complaints.mockRestore()
})

const withoutChannels = () =>
  vi.stubGlobal(
    'BroadcastChannel',
    class {
      constructor() {
        throw new DOMException('The operation is insecure.', 'SecurityError')
      }
    },
  )

describe('a page that may have no worker', () => {
  it('V24: is unsupported in words where cookies are blocked, which forbids channels too, and fetch is as before', async () => {
    withoutChannels()
    vi.stubGlobal('navigator', Object.create(navigator, { cookieEnabled: { value: false } }))
    container.refusal = new DOMException('The operation is insecure.', 'SecurityError')
    const auth = register('/sw.js')
    expect(await failureOf(auth)).toMatchObject({
      name: 'RefreshWorkerError',
      code: 'unsupported',
      message: expect.stringContaining('blocks cookies and site data'),
    })
    expect(auth.getSnapshot()).toEqual({ status: 'unsupported', code: 'unsupported' })
    expect(fetch).toBe(network)
  })

  it('V24: needs no channel where it may have a worker', async () => {
    withoutChannels()
    container.control()
    await register('/sw.js').ready
  })

  it.each([
    ['a raw error of the browser', () => Promise.reject(new DOMException('no', 'SecurityError'))],
    [
      'one that is thrown at once',
      () => {
        throw new DOMException('no', 'SecurityError')
      },
    ],
    ['something that is no error', () => Promise.reject('no')],
  ])('G13: rejects with a code of ours for %s', async (_, refuse) => {
    Object.assign(container, { register: refuse })
    const auth = register('/sw.js')
    const failure = await failureOf(auth)
    expect(failure).toBeInstanceOf(RefreshWorkerError)
    expect(failure?.code).toMatch(/^(unsupported|script_error)$/)
    expect(auth.getSnapshot()).toEqual({ status: 'unsupported', code: failure?.code })
    expect(fetch).toBe(network)
  })

  it('G13: rejects with a code of ours for a URL that is none', async () => {
    expect(await failureOf(register('https://'))).toMatchObject({ code: 'script_error' })
  })

  it.each([
    ['V26', 'file:///home/ada/index.html', 'from a file'],
    ['V30', 'about:srcdoc', 'the page around it'],
    ['V30', 'blob:https://app.example/7d3', 'the page around it'],
    ['V30', 'data:text/html,x', 'the page around it'],
    ['V30', 'chrome-extension://abc/popup.html', 'a page of chrome-extension: can have no worker of a site'],
  ])('%s: is unsupported at %s', async (_, url, words) => {
    goTo(url)
    // Chromium takes some of them for insecure, which is not what is wrong.
    vi.stubGlobal('isSecureContext', false)
    const auth = register('/sw.js', { scope: '/' })
    expect(auth.getSnapshot()).toEqual({ status: 'unsupported', code: 'unsupported' })
    expect(await failureOf(auth)).toMatchObject({ code: 'unsupported', message: expect.stringContaining(words) })
  })

  it('V23: is unsupported in a sandboxed frame whose browser hands out service workers, which then refuse', async () => {
    vi.stubGlobal('origin', 'null')
    const auth = register('/sw.js')
    expect(auth.getSnapshot()).toEqual({ status: 'unsupported', code: 'unsupported' })
    expect(await failureOf(auth)).toMatchObject({ message: expect.stringContaining('allow-same-origin') })
    expect(container.registered).toEqual([])
  })
})

describe('V28: why a script was not taken', () => {
  const refusal = new TypeError('bad HTTP response code (404)')
  const violation = (members: object) =>
    document.dispatchEvent(Object.assign(new Event('securitypolicyviolation'), members))

  it('names a redirect to another origin, which a page cannot follow', async () => {
    container.refusal = new DOMException('The script resource is behind a redirect', 'SecurityError')
    vi.stubGlobal('fetch', async (_: URL, { redirect }: RequestInit) => {
      if (redirect !== 'manual') throw new TypeError('Failed to fetch')
      return Object.defineProperty(new Response(), 'type', { value: 'opaqueredirect' })
    })
    expect(await failureOf(register('/sw.js'))).toMatchObject({
      code: 'script_error',
      message: expect.stringContaining('/sw.js is redirected to another site: serve'),
    })
  })

  it('names no false cause where the policy does not let the page look', async () => {
    container.refusal = refusal
    vi.stubGlobal('fetch', async (url: URL) => {
      setTimeout(violation, 0, { effectiveDirective: 'connect-src', originalPolicy: '', blockedURI: url.href })
      throw new TypeError('Failed to fetch')
    })
    expect(await failureOf(register('/sw.js'))).toMatchObject({
      code: 'script_error',
      message: expect.stringMatching(/connect-src .* does not let it look why.*\(404\)/),
    })
  })

  it.each([
    ['a policy that only reports', { disposition: 'report', blockedURI: 'https://app.example/sw.js' }],
    ['one that forbids another worker of the page', { disposition: 'enforce', blockedURI: 'blob' }],
  ])('does not put it down to %s', async (_, members) => {
    Object.assign(container, {
      register: async () => {
        violation({ effectiveDirective: 'worker-src', originalPolicy: "default-src 'none'", ...members })
        throw refusal
      },
    })
    expect(await failureOf(register('/sw.js'))).toMatchObject({ message: expect.stringContaining('answers 404') })
  })
})

describe('a worker that comes late', () => {
  it('G13: mends a page that has given up', async () => {
    vi.useFakeTimers()
    const { registration } = container
    Object.assign(container, { register: never })
    const auth = register('/sw.js')
    const failure = failureOf(auth)
    await vi.advanceTimersByTimeAsync(31_000)
    expect(await failure).toMatchObject({ code: 'worker_timeout' })
    vi.useRealTimers()
    Object.assign(container, { getRegistration: async () => registration })
    container.answer = () => ({ type: 'state', state: authenticated(1) })
    container.control()
    await auth.ready
    expect(auth.getSnapshot()).toEqual(authenticated(1))
    container.say(ANONYMOUS, 'logout')
    expect(auth.getSnapshot()).toEqual(ANONYMOUS)
    await auth.logout()
  })

  it('G13: is found by a page whose registration never settles', async () => {
    vi.useFakeTimers()
    Object.assign(container, { register: never })
    const auth = register('/sw.js')
    await vi.advanceTimersByTimeAsync(20_000)
    container.control()
    await vi.advanceTimersByTimeAsync(11_000)
    vi.useRealTimers()
    await auth.ready
    expect(auth.getSnapshot()).toEqual(ANONYMOUS)
  })

  it('G13: is not looked for in a page that was refused, where another script takes control', async () => {
    container.refusal = new TypeError('no')
    const auth = register('/sw.js')
    const failure = await failureOf(auth)
    container.control({ scriptURL: `${location.origin}/other.js` } as ServiceWorker)
    expect(await failureOf(auth)).toBe(failure)
    expect(container.registered).toHaveLength(1)
  })
})

describe('V22: a login before it is known who answers', () => {
  it('waits as long as that may still be found out, and is sent in words where no worker comes', async () => {
    vi.useFakeTimers()
    Object.assign(container, { register: never })
    const auth = register('/sw.js')
    const failure = failureOf(auth)
    const answer = logIn()
    await vi.advanceTimersByTimeAsync(29_000)
    expect(sent).toEqual([])
    await vi.advanceTimersByTimeAsync(1_000)
    expect(await failure).toMatchObject({ code: 'worker_timeout' })
    await answer
    expect(sent).toEqual(['POST /login'])
    expect(complaints.mock.calls).toEqual([
      [
        expect.objectContaining({
          code: 'worker_timeout',
          message: expect.stringMatching(/^POST \/login: .*withoutWorker/),
        }),
      ],
    ])
    expect(auth.getSnapshot()).toEqual({ status: 'unsupported', code: 'worker_timeout' })
    expect(fetch).toBe(network)
  })

  it('waits behind an old worker of another script until ours has taken its place and answered', async () => {
    container = new Container('installing')
    container.previous = { scriptURL: `${location.origin}/old.js` } as ServiceWorker
    container.control(container.previous)
    install(container)
    let answer = () => {}
    const answered = new Promise<void>(resolve => {
      answer = resolve
    })
    container.answer = async () => {
      await answered
      return { type: 'state', state: ANONYMOUS }
    }
    const auth = register('/sw.js')
    const login = logIn()
    await vi.waitFor(() => expect(container.registered).toHaveLength(1))
    container.control()
    container.setWorkerState('activated')
    await vi.waitFor(() => expect(container.posted).toHaveLength(1))
    expect(sent).toEqual([])
    answer()
    await auth.ready
    await login
    expect(sent).toEqual(['POST /login'])
    expect(complaints).not.toHaveBeenCalled()
    expect(fetch).toBe(network)
  })

  it('waits behind a version of the same script that does not know us, and goes with words where it stays', async () => {
    vi.useFakeTimers()
    container.control()
    container.answer = () => null
    const failure = failureOf(register('/sw.js'))
    const login = logIn()
    await vi.advanceTimersByTimeAsync(9_000)
    expect(sent).toEqual([])
    await vi.advanceTimersByTimeAsync(60_000)
    expect(await failure).toMatchObject({ code: 'worker_timeout' })
    await login
    expect(complaints).toHaveBeenCalledOnce()
  })
})

describe('V31: a wrong option of a script that is looked for while an older one serves', () => {
  it('is told in the console, whenever that is', async () => {
    container.control()
    const auth = register('/sw.js')
    await auth.ready
    const channel = new BroadcastChannel(SETUP_CHANNEL)
    const told = { code: 'config_error', message: 'refresh-worker: option apiUrl: unknown' }
    channel.postMessage({ ...told, scriptUrl: `${location.origin}/another.js`, message: 'not ours' })
    channel.postMessage({ ...told, scriptUrl: container.worker.scriptURL })
    await vi.waitFor(() => expect(complaints).toHaveBeenCalled())
    expect(complaints.mock.calls).toEqual([[expect.objectContaining(told)]])
    expect(auth.getSnapshot()).toEqual(ANONYMOUS)
    channel.close()
  })

  it('does not keep a page out of the back-forward cache', async () => {
    const open = new Set<BroadcastChannel>()
    class Counted extends BroadcastChannel {
      constructor(name: string) {
        super(name)
        open.add(this)
      }
      override close() {
        open.delete(this)
        super.close()
      }
    }
    vi.stubGlobal('BroadcastChannel', Counted)
    container.control()
    await register('/sw.js').ready
    expect(open.size).toBe(1)
    window.dispatchEvent(new Event('pagehide'))
    expect(open.size).toBe(0)
    window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }))
    expect(open.size).toBeGreaterThan(0)
  })
})
