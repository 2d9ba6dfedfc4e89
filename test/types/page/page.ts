// Compiles as a page's code does: against the built package, with the DOM's types and no worker's.
import { type AuthState, type ErrorCode, RefreshWorkerError, register } from 'refresh-worker'
import { envelope, isWorkerReply, type PageRequest } from 'refresh-worker/protocol'

const auth = register('/sw.js', { scope: '/' })

// A TrustedScriptURL, as TypeScript's newer DOM types have it, and @types/trusted-types
declare const trusted: { toString(): string; toJSON(): string }
register(trusted)
register(new URL('/sw.js', location.href))

export const unsubscribe: () => void = auth.subscribe((state: AuthState) => {
  switch (state.status) {
    case 'unknown':
    case 'unsupported':
      return
    case 'anonymous':
      return console.log(state.reason satisfies 'none' | 'logout' | 'expired' | 'rejected' | 'lost' | 'replaced')
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

export const message: PageRequest = envelope({ type: 'update-token', generation: 3 })
export const check: (data: unknown) => boolean = isWorkerReply

// @ts-expect-error: the state is read-only
auth.getSnapshot().status = 'anonymous'
