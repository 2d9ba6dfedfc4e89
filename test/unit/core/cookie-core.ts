/** A whole core whose session is in cookies, and a server that is a function for each path. */
import type { Options } from '../../../src/core/options/options.ts'
import { envelope, type PageRequest } from '../../../src/protocol.ts'
import { jsonResponse, received, type Sent } from '../kit.ts'
import { openCore } from './whole-core.ts'

export const pathOf = ({ url }: Sent) => new URL(url).pathname

type Handlers = Readonly<Record<string, (sent: Sent) => Response | Promise<Response>>>

/** Any other path answers 401. */
export function openCookies(handlers: Handlers, options: Partial<Options> = {}, stored?: Map<string, unknown>) {
  const core = openCore(
    {
      accessTokenIn: 'cookie',
      refreshTokenUrl: '/auth/refresh',
      logoutUrl: '/auth/logout',
      ...(options.logoutRequest ? {} : { logoutMethod: 'post' }),
      subjectProp: 'user.id',
      claims: ['user'],
      sessionUrl: '/api/session',
      ...options,
    },
    sent => (handlers[pathOf(sent)] ?? unauthorized)(sent),
    stored,
  )
  const to = (path: string) => core.sent.filter(sent => pathOf(sent) === path)
  return {
    ...core,
    /** What was sent there. */
    to,
    recheck: () => core.answer(envelope({ type: 'recheck' }) as PageRequest),
    /** Lets all go on that waits for nothing but itself. */
    settle: () => new Promise(resolve => setTimeout(resolve)),
    /** A page is loaded, by a link of this site unless it says otherwise, and asks for its state. */
    load: async (path = '/', init: Parameters<typeof core.navigate>[2] = { referrer: 'https://app.example/a' }) => {
      await core.navigate(path, 'GET', init)
      return core.state()
    },
  }
}

export const user = (id: string, expires_in?: number) =>
  jsonResponse({ user: { id }, ...(expires_in ? { expires_in } : {}) })
export const unauthorized = () => jsonResponse({}, { status: 401 })
export const nothing = () => received(new Response(null, { status: 204 }))
export const html = () => page(200)
export const missing = () => page(404)
const page = (status: number) =>
  received(new Response('<!doctype html>', { status, headers: { 'Content-Type': 'text/html' } }))

/** What a fetch that follows no redirect gets of one. */
export const redirect = () =>
  Object.defineProperties(received(new Response(null), { type: 'opaqueredirect' }), {
    status: { value: 0 },
    ok: { value: false },
  })

export const anonymous = (more: object = {}) => ({ status: 'anonymous', ...more })
export const authenticated = (id: string) => ({ status: 'authenticated', claims: { user: { id } } })
