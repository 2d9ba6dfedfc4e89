/** A server whose sessions are in cookies, and a browser's jar of them. */
import { decodeJwt } from '../../../src/core/tokens/jwt.ts'
import { jsonResponse, jwt, received } from '../../unit/kit.ts'
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

/** Whether both tokens are in cookies, or the refresh token alone, and the access token in JSON. */
export type Kind = 'both' | 'refresh'

/** What its answer to a refresh tells: nothing, 204; until when; whose it is, too. */
export type Says = 'nothing' | 'life' | 'all'

export type CookieServer = ReturnType<typeof createCookieServer>

/** A lineage begins with its user's name. */
const userOf = (token: string) => lineageOf(token).replace(/\d+$/, '')

/** A JWT, of which the worker can read whose it is. */
const inJwt = (token: string) => jwt({ sub: userOf(token), jti: token })
const outOfJwt = (token: string | null) => (token ? String(decodeJwt(token)?.jti) : null)

interface Traits {
  readonly kind: Kind
  readonly onReuse: OnReuse
  readonly says: Says
}

export function createCookieServer(now: () => number, { kind, onReuse, says }: Traits) {
  const oracle = createOracle(now, onReuse)
  const expiries = new Map<string, number>()

  const jarOf = ({ accessToken, refreshToken }: Grant): Jar => {
    expiries.set(accessToken, now() + LIFE)
    return { access: accessToken, refresh: refreshToken }
  }
  const status = (code: number) => received(new Response(null, { status: code }))
  const about = (token: string) => ({ user: { id: userOf(token) } })

  const login = (user: string) => jarOf(oracle.login(user, true))
  /** In cookies, or in the body of the answer. */
  const give = (jar: Jar, body: object | null): Answered => {
    if (kind === 'refresh')
      return {
        response: jsonResponse({ ...body, access_token: inJwt(jar.access ?? ''), expires_in: LIFE / 1000 }),
        cookies: { access: null, refresh: jar.refresh },
      }
    return { response: body ? jsonResponse(body) : status(204), cookies: jar }
  }
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

    /** An access token as its answers have it. */
    inJwt,

    /** `token`: the one of the request's header, if there is one. */
    answer: (path: string, query: URLSearchParams, sent: Jar, token: string | null): Answered => {
      const cookies = kind === 'refresh' ? { ...sent, access: outOfJwt(token) } : sent
      switch (path) {
        case '/auth/login': {
          const user = query.get('user') ?? ''
          const body = { user: { id: user }, expires_in: LIFE / 1000 }
          return { ...give(login(user), body), location: '/app/' }
        }
        case '/auth/logout':
          for (const each of [cookies.access, cookies.refresh]) if (each) oracle.revoke(each)
          return { response: status(204), cookies: EMPTY, location: '/app/' }
        case '/auth/refresh': {
          const grant = cookies.refresh ? oracle.refresh(cookies.refresh, true, null) : null
          if (!grant) return { response: jsonResponse({ error: 'invalid_grant' }, { status: 400 }) }
          const whose = says === 'all' ? about(grant.accessToken) : {}
          return give(jarOf(grant), says === 'nothing' ? null : { ...whose, expires_in: LIFE / 1000 })
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
