/** A whole core and a server that takes each refresh token once, whose tokens are in JSON or in cookies. */
import type { Options } from '../../../src/core/options/options.ts'
import { deferred, jsonResponse, type Sent } from '../kit.ts'
import { openCore } from './whole-core.ts'

export const pathOf = ({ url }: Sent) => new URL(url).pathname

export const kinds: readonly (readonly [string, Partial<Options>])[] = [
  ['tokens in JSON', {}],
  ['tokens in cookies', { accessTokenIn: 'cookie', subjectProp: 'user' }],
]

/** Takes the refresh token, and gives new ones; `isLost`: its answer, with its cookies, will not arrive. */
type Grant = (isLost?: 'lost') => Response

export type KindServer = ReturnType<typeof createKindServer>

/** Each of its functions answers in place of the server; with nothing, it leaves that to the server. */
export function createKindServer() {
  return {
    user: '',
    issued: 0,
    /** The refresh token that is good now. */
    good: '',
    /** That of the browser's cookie. */
    jar: '',
    isApiGood: true,
    login: null as ((grant: Grant) => Promise<Response>) | null,
    refresh: null as ((grant: Grant, sent: Sent) => Response | Promise<Response>) | null,
    logout: null as (() => Response | Promise<Response>) | null,
    api: null as ((sent: Sent) => Response | Promise<Response> | null) | null,
  }
}

interface Shared {
  readonly server?: KindServer
  /** What another worker has stored. */
  readonly stored?: Map<string, unknown>
}

export function openKind(options: Partial<Options>, { server = createKindServer(), stored }: Shared = {}) {
  const isInCookie = options.accessTokenIn === 'cookie'
  const issue: Grant = isLost => {
    server.good = `secret-refresh-${++server.issued}`
    if (isLost !== 'lost') server.jar = server.good
    const { user, issued, good } = server
    const tokens = isInCookie ? {} : { access_token: `secret-access-${issued}`, refresh_token: good }
    return jsonResponse({ ...tokens, user, expires_in: 60 })
  }
  const core = openCore(
    { refreshTokenUrl: '/auth/refresh', logoutUrl: '/auth/logout', logoutMethod: 'post', ...options },
    async sent => {
      switch (pathOf(sent)) {
        case '/auth/login': {
          const { user } = JSON.parse(sent.body)
          const grant: Grant = isLost => {
            server.user = user
            return issue(isLost)
          }
          return (await server.login?.(grant)) ?? grant()
        }
        case '/auth/refresh': {
          const presented = isInCookie ? server.jar : JSON.parse(sent.body).refresh_token
          const grant: Grant = isLost => {
            if (presented === server.good) return issue(isLost)
            server.good = ''
            return jsonResponse({ error: 'invalid_grant' }, { status: 400 })
          }
          return server.refresh ? server.refresh(grant, sent) : grant()
        }
        case '/auth/logout': {
          const answer = await server.logout?.()
          if (isInCookie && !answer) server.user = ''
          return answer ?? new Response(null, { status: 204 })
        }
        default: {
          const isGood = server.isApiGood && server.user !== '' && sent.request.credentials !== 'omit'
          return (await server.api?.(sent)) ?? jsonResponse({}, { status: isGood ? 200 : 401 })
        }
      }
    },
    stored,
  )
  const count = (path: string) => core.sent.filter(sent => pathOf(sent) === path).length
  return {
    ...core,
    server,
    count,
    refreshes: () => count('/auth/refresh'),
    logIn: (user = 'ada') => core.post('/auth/login', { user }),
    expire: () => {
      core.clock.time += 60_000
    },
    call: async (path = '/api/me') => (await core.send(path)).status,
    callAll: (amount: number) =>
      Promise.all(Array.from({ length: amount }, async () => (await core.send('/api/me')).status)),
    /** Has refreshes wait for an answer; `late`: with what the server has given already. */
    holdRefresh: (late?: 'late') => {
      const answer = deferred<void>()
      server.refresh = async grant => {
        const given = late && grant()
        await answer.promise
        return given ?? grant()
      }
      return answer
    },
    /** Whose session it is; null: nobody's. */
    sessionId: async () => {
      const state = await core.state()
      return state?.status === 'authenticated' ? state.sessionId : null
    },
    /** How often pages were told of this. */
    toldOf: (reason: string) => core.told.filter(each => each.reason === reason).length,
  }
}
