import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { RefreshWorkerError } from '../../src/errors.ts'
import type { AuthClient } from '../../src/page/auth-client.ts'
import { register } from '../../src/page/register.ts'
import { type AuthState, envelope, type PageRequest, type WorkerReply } from '../../src/protocol.ts'
import { fakeAuth } from '../../src/testing/index.ts'

export const ADA = {
  status: 'authenticated',
  sessionId: 'session-a',
  generation: 1,
  expiresAt: Date.UTC(2100, 0, 1),
  refreshAt: Date.UTC(2099, 11, 31),
  endsAt: null,
  claims: { name: 'Ada', roles: ['admin'] },
} as const satisfies AuthState
const REFRESHED = { ...ADA, generation: 2 } as const satisfies AuthState
const NOBODY: AuthState = { status: 'anonymous', reason: 'none' }
const LOGGED_OUT: AuthState = { status: 'anonymous', reason: 'logout' }

interface Subject {
  readonly auth: AuthClient
  /** Has the state change, as for any reason outside this page. */
  change(state: AuthState): void
}

/** The client that applications have, with a worker that keeps a session and knows no server. */
function realSubject(state: AuthState): Subject {
  const container = Object.assign(new EventTarget(), {
    controller: null as unknown,
    startMessages() {},
    register: async () => registration,
  })
  let sequence = 0
  const about = { session: 'refresh-worker', isDefault: true, run: 'run-1' }
  const message = () => ({ type: 'state', state: structuredClone(state), ...about, sequence: ++sequence }) as const
  const answers: { [Type in PageRequest['type']]?: () => Parameters<typeof envelope>[0] } = {
    'update-token': () => {
      if (state.status !== 'authenticated') return { type: 'error', code: 'not_authenticated', message: 'nobody' }
      state = REFRESHED
      return message()
    },
    logout: () => {
      state = LOGGED_OUT
      return message()
    },
    'access-token': () => ({ type: 'error', code: 'access_token_not_exposed', message: 'off' }),
  }
  const worker = Object.assign(new EventTarget(), {
    scriptURL: `${location.origin}/sw.js`,
    state: 'activated',
    postMessage: ({ type }: PageRequest, [port]: MessagePort[]) =>
      port?.postMessage(envelope((answers[type] ?? message)()) as WorkerReply),
  })
  const registration = { scope: `${location.origin}/`, active: worker, waiting: null, installing: null }
  container.controller = worker
  Object.defineProperty(navigator, 'serviceWorker', { value: container, configurable: true })
  return {
    auth: register('/sw.js'),
    change(next) {
      state = next
      const data = envelope({ ...message(), reason: next.status === 'anonymous' ? next.reason : 'login' })
      container.dispatchEvent(Object.assign(new Event('message'), { data, source: worker }))
    },
  }
}

function fakeSubject(state: AuthState): Subject {
  const auth = fakeAuth(state)
  return { auth, change: next => auth.set(next) }
}

/** What applications may rely on, of the client and of the fake that stands in for it in their tests. */
export function describeContract() {
  afterEach(() => {
    Reflect.deleteProperty(navigator, 'serviceWorker')
    vi.unstubAllGlobals()
  })

  describe.each([
    ['the client', realSubject],
    ['the fake', fakeSubject],
  ])('%s', (_, open) => {
    let subject: Subject
    let auth: AuthClient
    beforeEach(async () => {
      subject = open(NOBODY)
      auth = subject.auth
      await auth.ready
    })

    it('has a state that is frozen, and the same object until it changes', () => {
      subject.change(ADA)
      const snapshot = auth.getSnapshot()
      expect(snapshot).toEqual(ADA)
      expect([snapshot, snapshot.status === 'authenticated' && snapshot.claims.roles].every(Object.isFrozen)).toBe(true)
      subject.change({ ...ADA })
      expect(auth.getSnapshot()).toBe(snapshot)
      subject.change(REFRESHED)
      expect(auth.getSnapshot()).not.toBe(snapshot)
      expect(Object.isFrozen(ADA.claims)).toBe(false)
    })

    it("is 'unknown' to a server, whatever it knows", () => {
      subject.change(ADA)
      expect(auth.getServerSnapshot()).toEqual({ status: 'unknown' })
      expect(auth.getServerSnapshot()).toBe(auth.getServerSnapshot())
    })

    it('tells subscribers at once, on every change, and not after they have left', () => {
      const { subscribe } = auth
      const seen: AuthState[] = []
      const again = vi.fn()
      const ends = [subscribe(state => seen.push(state)), subscribe(again), subscribe(again)]
      subject.change(ADA)
      subject.change({ ...ADA })
      subject.change(REFRESHED)
      ends[1]?.()
      ends[0]?.()
      subject.change(LOGGED_OUT)
      expect(seen).toEqual([NOBODY, ADA, REFRESHED])
      expect(again).toHaveBeenCalledTimes(3 + 4)
    })

    it('does not tell a subscriber that another has just ended', () => {
      const second = vi.fn()
      let end = () => {}
      auth.subscribe(({ status }) => status === 'authenticated' && end())
      end = auth.subscribe(second)
      subject.change(ADA)
      expect(second).toHaveBeenCalledTimes(1)
    })

    it('tells the others when one throws, and reports the error', () => {
      const report = vi.fn()
      vi.stubGlobal('reportError', report)
      auth.subscribe(({ status }) => {
        if (status === 'authenticated') throw new Error('mine')
      })
      const other = vi.fn()
      auth.subscribe(other)
      subject.change(ADA)
      expect(other).toHaveBeenCalledTimes(2)
      expect(report).toHaveBeenCalledExactlyOnceWith(new Error('mine'))
    })

    it('fires authentication-change only when it flips, after the subscribers', () => {
      const order: unknown[] = []
      auth.subscribe(({ status }) => order.push(status))
      const onChange = (event: CustomEvent<{ authenticated: boolean }>) => order.push(event.detail.authenticated)
      auth.addEventListener('authentication-change', onChange)
      for (const state of [ADA, REFRESHED, LOGGED_OUT, NOBODY]) subject.change(state)
      auth.removeEventListener('authentication-change', onChange)
      subject.change(ADA)
      const changes = ['authenticated', true, 'authenticated', 'anonymous', false, 'anonymous', 'authenticated']
      expect(order).toEqual(['anonymous', ...changes])
    })

    it('refreshes once for calls at the same time, and settles with the state that there is then', async () => {
      subject.change(ADA)
      const states = await Promise.all([auth.updateToken(), auth.updateToken()])
      expect(states.map(state => state.status === 'authenticated' && state.generation)).toEqual([2, 2])
      expect(states[0]).toBe(auth.getSnapshot())
      expect(auth.getSnapshot()).toMatchObject({ sessionId: ADA.sessionId, claims: ADA.claims })
    })

    it('has nothing to refresh where nobody is logged in', async () => {
      const failure: unknown = await auth.updateToken().catch(error => error)
      expect(failure).toBeInstanceOf(RefreshWorkerError)
      expect(failure).toMatchObject({ name: 'RefreshWorkerError', code: 'not_authenticated' })
      expect(auth.getSnapshot()).toEqual(NOBODY)
    })

    it('logs out', async () => {
      subject.change(ADA)
      expect(await auth.logout()).toEqual(LOGGED_OUT)
      expect(auth.getSnapshot()).toEqual(LOGGED_OUT)
    })

    it('hands out no access token unless it is exposed', async () => {
      subject.change(ADA)
      await expect(auth.getAccessToken()).rejects.toMatchObject({ code: 'access_token_not_exposed' })
    })
  })

  describe.each<[string, () => AuthClient]>([
    ['the client', () => register('/sw.js')],
    ['the fake', () => fakeAuth({ status: 'unsupported' })],
  ])('%s, where there is no service worker', (_, make) => {
    it("stays 'unsupported' without a throw, and every call says why (C24)", async () => {
      expect(navigator.serviceWorker).toBeUndefined()
      const auth = make()
      const seen: AuthState[] = []
      auth.subscribe(state => seen.push(state))
      for (const call of [auth.updateToken(), auth.logout(), auth.getAccessToken(), auth.inspect(), auth.ready])
        await expect(call).rejects.toMatchObject({ code: 'unsupported' })
      expect(seen).toEqual([{ status: 'unsupported', code: 'unsupported' }])
    })
  })
}
