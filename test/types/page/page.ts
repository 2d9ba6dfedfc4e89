// Compiles as a page's code does: against the built package, with the DOM's types and no worker's.
import { type AuthClient, type AuthState, type ErrorCode, RefreshWorkerError, register } from 'refresh-worker'
import { defineDevtools, mountDevtools, RefreshWorkerDevtools } from 'refresh-worker/devtools'
import { inPage } from 'refresh-worker/in-page'
import { inPage as developmentInPage } from 'refresh-worker/in-page.dev.js'
import { inPage as prebuiltInPage } from 'refresh-worker/in-page.js'
import { envelope, isWorkerReply, type PageRequest } from 'refresh-worker/protocol'
import { type FakeAuth, type FakeServer, fakeAuth, fakeServer } from 'refresh-worker/testing'

const auth = register('/sw.js', { scope: '/' })

// A TrustedScriptURL, as TypeScript's newer DOM types have it, and @types/trusted-types
declare const trusted: { toString(): string; toJSON(): string }
register(trusted)
register(new URL('/sw.js', location.href))

// The bundler's and the prebuilt one are the same to the compiler.
register('/sw.js', { withoutWorker: async () => inPage({ apiUrls: ['/api/'], loginUrl: '/auth/login' }) })
register('/sw.js', { withoutWorker: async () => prebuiltInPage({ apiUrls: ['/api/'] }), host: 'page' })
register('/sw.js', { withoutWorker: async () => developmentInPage({ apiUrls: ['/api/'] }) })
// @ts-expect-error: apiUrls is required
inPage({})

export const unsubscribe: () => void = auth.subscribe((state: AuthState) => {
  switch (state.status) {
    case 'unknown':
    case 'unsupported':
      return
    case 'anonymous':
      return console.log(
        state.reason satisfies
          | 'none'
          | 'logout'
          | 'expired'
          | 'rejected'
          | 'lost'
          | 'idle'
          | 'max_age'
          | 'replaced'
          | 'unavailable',
      )
    case 'authenticated':
      return console.log(state.sessionId, state.expiresAt ?? 0, state.claims.name)
  }
})

const onChange = (event: CustomEvent<{ authenticated: boolean }>) => console.log(event.detail.authenticated)
auth.addEventListener('authentication-change', onChange)
auth.removeEventListener('authentication-change', onChange)

export async function main(): Promise<ErrorCode | null> {
  try {
    await auth.ready
    const state: AuthState = await auth.updateToken()
    const token: string = await auth.getAccessToken()
    const { page, worker } = await auth.inspect()
    console.log(state, token.length, page.version === worker.version)
    return null
  } catch (error) {
    return error instanceof RefreshWorkerError ? error.code : null
  }
}

const unmount: () => void = mountDevtools(auth, { open: true })
unmount()
defineDevtools()
const devtools = document.createElement('refresh-worker-devtools')
devtools.auth = auth
export const isDevtools: boolean = devtools instanceof RefreshWorkerDevtools
// @ts-expect-error: no such option
mountDevtools(auth, { closed: true })

export const message: PageRequest = envelope({ type: 'update-token', generation: 3 })
export const check: (data: unknown) => boolean = isWorkerReply

// @ts-expect-error: the state is read-only
auth.getSnapshot().status = 'anonymous'

// In a test, the fake takes the client's place, whose members the compiler holds it to.
const fake: FakeAuth = fakeAuth({ status: 'authenticated', claims: { name: 'Ada' } })
export const clients: AuthClient[] = [auth, fake, fake.session('other')]
fake.addEventListener('authentication-change', onChange)
fake.set({ status: 'anonymous' })
fake.answer('updateToken', { status: 'authenticated', generation: 2 })
fake.answer('getAccessToken', async () => 'access-1')
fake.fail('logout', 'worker_timeout')
export const calls: readonly ('updateToken' | 'logout' | 'getAccessToken' | 'adopt' | 'recheck' | 'inspect')[] =
  fake.calls

const server: FakeServer = fakeServer({
  lifetime: 60,
  authenticate: ({ username }) => (username === 'ada' ? { sub: 'ada' } : null),
  api: (request, { sub }) => Response.json({ url: request.url, sub }),
})
export const answer: (request: Request) => Promise<Response> = server.fetch

// @ts-expect-error: it answers with a string
fake.answer('getAccessToken', 1)
// @ts-expect-error: no such code
fake.fail('logout', 'tired')
// @ts-expect-error: no such state
fake.set({ status: 'replaced' })
