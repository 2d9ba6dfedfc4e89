/** A server, and a page whose code knows nothing of the worker. */
import type { Options } from '../../../src/core/options/options.ts'
import { envelope, type GivenTokens, type PageRequest, parsePageRequest } from '../../../src/protocol.ts'
import { jsonResponse, type Sent } from '../kit.ts'
import { openCore } from './whole-core.ts'

export const pathOf = ({ url }: Sent) => new URL(url).pathname
export const isRefresh = ({ body, url }: Sent) => body.includes('refresh_token') || url.endsWith('/auth/refresh')

/** A server whose tokens are numbered, and an API that says what it got. */
export function open(options: Partial<Options> = {}, instead?: (sent: Sent) => Response | undefined) {
  let count = 0
  const tokens = () => ({
    access_token: `access-token-${++count}-of-ada`,
    refresh_token: `refresh-token-${count}-of-ada`,
    expires_in: 60,
  })
  const core = openCore(
    { refreshTokenUrl: '/auth/refresh', ...options },
    sent =>
      instead?.(sent) ??
      (pathOf(sent) === '/auth/login' || isRefresh(sent)
        ? jsonResponse(tokens())
        : new Response(sent.authorization ?? 'none')),
  )
  const logIn = async (): Promise<Record<string, string>> => (await core.post('/auth/login')).json()
  const me = async (init?: RequestInit) => (await core.send('/api/me', init)).text()
  const adopt = async (tokens: GivenTokens) => {
    const message = parsePageRequest(envelope({ type: 'adopt', tokens }))
    const reply = await core.answer(message as PageRequest)
    return reply.type === 'adopt' ? reply.isAdopted : reply.type === 'error' && reply.code
  }
  return { ...core, logIn, me, adopt, refreshes: () => core.sent.filter(isRefresh) }
}

export const bearer = (token = '') => ({ headers: { Authorization: `Bearer ${token}` } })
