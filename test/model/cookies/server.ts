/** A server whose sessions are in cookies, and a browser's jar of them. */
import { jsonResponse, received } from '../../unit/kit.ts'
import { createOracle, type Grant, LIFE, lineageOf, type OnReuse } from '../oracle.ts'

/** What a browser keeps of it: both HttpOnly. */
export interface Jar {
  readonly access: string | null
  readonly refresh: string | null
}

export const EMPTY: Jar = { access: null, refresh: null }

export interface Answered {
  readonly response: Response
  readonly cookies?: Jar
  /** Where it leads a navigation. */
  readonly location?: string
}

/** What its answer to a refresh tells: nothing, 204; until when; whose it is, too. */
export type Says = 'nothing' | 'life' | 'all'

export type CookieServer = ReturnType<typeof createCookieServer>

/** A lineage begins with its user's name. */
const userOf = (token: string) => lineageOf(token).replace(/\d+$/, '')

export function createCookieServer(now: () => number, { onReuse, says }: { onReuse: OnReuse; says: Says }) {
  const oracle = createOracle(now, onReuse)
  const expiries = new Map<string, number>()

  const jarOf = ({ accessToken, refreshToken }: Grant): Jar => {
    expiries.set(accessToken, now() + LIFE)
    return { access: accessToken, refresh: refreshToken }
  }
  const status = (code: number) => received(new Response(null, { status: code }))
  const about = (token: string) => ({ user: { id: userOf(token) } })

  const login = (user: string) => jarOf(oracle.login(user, true))
  const isIn = ({ access }: Jar) => access !== null && oracle.accepts(access)

  return {
    login,
    /** Who is logged in by these cookies, now or once they are refreshed; null: nobody. */
    userBy: (cookies: Jar) => {
      const { access, refresh } = cookies
      if (access && isIn(cookies)) return userOf(access)
      return refresh !== null && oracle.takes(refresh) ? userOf(refresh) : null
    },
    expire: ({ access }: Jar) => {
      if (access) oracle.revokeAccessToken(access)
    },
    refuse: ({ refresh }: Jar) => {
      if (refresh) oracle.refuse(refresh)
    },

    answer: (path: string, query: URLSearchParams, cookies: Jar): Answered => {
      switch (path) {
        case '/auth/login': {
          const user = query.get('user') ?? ''
          const body = { user: { id: user }, expires_in: LIFE / 1000 }
          return { response: jsonResponse(body), cookies: login(user), location: '/app/' }
        }
        case '/auth/logout':
          for (const token of [cookies.access, cookies.refresh]) if (token) oracle.revoke(token)
          return { response: status(204), cookies: EMPTY, location: '/app/' }
        case '/auth/refresh': {
          const grant = cookies.refresh ? oracle.refresh(cookies.refresh, true, null) : null
          if (!grant) return { response: jsonResponse({ error: 'invalid_grant' }, { status: 400 }) }
          const whose = says === 'all' ? about(grant.accessToken) : {}
          const response = says === 'nothing' ? status(204) : jsonResponse({ ...whose, expires_in: LIFE / 1000 })
          return { response, cookies: jarOf(grant) }
        }
        case '/auth/session': {
          const { access } = cookies
          if (!access || !isIn(cookies)) return { response: status(401) }
          const expires_in = ((expiries.get(access) ?? 0) - now()) / 1000
          return { response: jsonResponse({ ...about(access), expires_in }) }
        }
        default:
          return { response: status(isIn(cookies) ? 200 : 401) }
      }
    },
  }
}
