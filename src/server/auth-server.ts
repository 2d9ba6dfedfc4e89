import type { JSONWebKeySet } from 'jose'
import { ConfigError } from '../errors.ts'
import { own } from '../protocol.ts'
import { type AuthServerOptions, readAuthOptions } from './auth-options.ts'
import { failure, idempotencyKeyOf, isRequestedWith, isTrusted, json, readFields } from './http.ts'
import { createAccessTokens } from './keys.ts'
import { createRefreshTokens } from './refresh-tokens.ts'
import type { Claims } from './session.ts'
import { rotate, type SessionStore, type StoredSession } from './sessions.ts'
import { now } from './tokens.ts'

/**
 * Handlers of the web's own types. None throws because of what a client sends. If the store fails, they answer 503
 * `temporarily_unavailable`, which ends no session. If `authenticate` or `renew` throws, so do they.
 */
export interface AuthServer {
  /** POST of credentials in JSON: 200 with tokens, or 401 `invalid_grant`. */
  login(request: Request): Promise<Response>
  /**
   * POST of a refresh token: 200 with tokens; 401 `invalid_grant` if the session is over; 400 if the request is wrong.
   * @see RFC 6749 §6
   */
  refresh(request: Request): Promise<Response>
  /** POST: ends the session of the tokens in the request; 204, whether there was one or not. */
  logout(request: Request): Promise<Response>
  /** POST: ends all sessions of the user who is logged in; 204, or 401 if nobody is. */
  logoutEverywhere(request: Request): Promise<Response>
  /** For the API: returns the claims of a good access token. Null: answer 401. */
  verify(request: Request): Promise<Claims | null>
  /** The public keys, for other servers that verify tokens. */
  jwks(): Promise<JSONWebKeySet>
}

/**
 * Makes the server's side of a login.
 * @throws {ConfigError} `config_error`: an option is unknown or wrong
 */
export function createAuthServer(options: AuthServerOptions): AuthServer {
  const config = readAuthOptions(options)
  const { limits, origins, cookies } = config
  const store = guarded(config.store)
  const accessTokens = createAccessTokens(config)
  const refreshTokens = createRefreshTokens(config.refreshTokenSecret)

  const answer = async (session: StoredSession): Promise<Response> => {
    const { id, sub, counter, claims } = session
    const at = now()
    const access = await accessTokens.sign(
      { ...claims, sub, sid: id, jti: crypto.randomUUID() },
      config.accessTokenLifetime,
      at,
    )
    const refresh = await refreshTokens.make(id, counter)
    const tokens = { token_type: 'Bearer', expires_in: config.accessTokenLifetime }
    return json(
      {
        ...(cookies.has('access') ? {} : { access_token: access }),
        ...(cookies.has('refresh') ? {} : { refresh_token: refresh }),
        ...tokens,
      },
      { headers: cookies.set({ access, refresh }, session.expiresAt - at) },
    )
  }

  const over = (text: string): Response => {
    const response = failure(401, 'invalid_grant', text)
    for (const [name, value] of cookies.clear()) response.headers.append(name, value)
    return response
  }

  const foreign = () => failure(403, 'invalid_request', 'The request comes from another site: see trustedOrigins.')

  /**
   * Whose the refresh tokens with a good signature are: of each session the newest. Several sessions: another path or host has
   * set a cookie of that name, and nobody can tell which is the user's.
   */
  const readRefreshTokens = async (request: Request, fields: Readonly<Record<string, unknown>>) => {
    const candidates = cookies.has('refresh') ? cookies.read(request, 'refresh') : [own(fields, 'refresh_token')]
    const found = new Map<string, { readonly id: string; readonly counter: number }>()
    for (const token of candidates) {
      const one = typeof token === 'string' ? await refreshTokens.read(token) : null
      if (one && one.counter >= (found.get(one.id)?.counter ?? 0)) found.set(one.id, one)
    }
    return {
      found: [...found.values()],
      isMissing: candidates.every(token => token === undefined || token === ''),
    }
  }

  /** Of each good access token; there may be several in cookies, stale ones and planted ones too. */
  const readClaims = async (request: Request, evenExpired = false): Promise<readonly Claims[]> => {
    const [, bearer] = /^Bearer (\S+)$/i.exec(request.headers.get('Authorization') ?? '') ?? []
    const tokens = cookies.has('access') ? cookies.read(request, 'access') : bearer ? [bearer] : []
    const all = await Promise.all(tokens.map(token => accessTokens.verify(token, now(), evenExpired)))
    return all.filter(claims => claims !== null)
  }

  const verify: AuthServer['verify'] = async request => {
    const isSafe = /^(GET|HEAD|OPTIONS)$/.test(request.method)
    // A cookie comes along whoever asks.
    if (cookies.has('access') && !isSafe && !isTrusted(request, origins)) return null
    const [claims = null, ...others] = await readClaims(request)
    return others.every(({ sid }) => sid === claims?.sid) ? claims : null
  }

  const refused = (request: Request): Response | null => {
    if (request.method !== 'POST') return failure(405, 'invalid_request', 'The method must be POST.')
    return cookies.isUsed && !isTrusted(request, origins) ? foreign() : null
  }

  const unlessStoreFails =
    (handle: (request: Request) => Promise<Response>) =>
    async (request: Request): Promise<Response> => {
      try {
        return await handle(request)
      } catch (error) {
        if (!(error instanceof StoreFailure)) throw error
        config.onStoreError(error.cause)
        return failure(503, 'temporarily_unavailable', 'The session store does not answer. Try again.')
      }
    }

  return {
    login: unlessStoreFails(async request => {
      const refusal = refused(request)
      if (refusal) return refusal
      // A form of another site could log its victim in as somebody else.
      const fields = await readFields(request, false)
      if (fields instanceof Response) return fields
      const login = await config.authenticate(fields, request)
      if (login === null) return failure(401, 'invalid_grant', 'The credentials are wrong.')
      const { sub, ...claims } = login
      if (typeof sub !== 'string' || sub === '') throw new ConfigError('authenticate', 'must return claims with a sub')
      const at = now()
      const session: StoredSession = {
        id: crypto.randomUUID(),
        sub,
        counter: 0,
        key: null,
        rotatedAt: at,
        authTime: at,
        expiresAt: at + Math.min(limits.lifetime, limits.maxAge),
        claims,
      }
      if (!(await store.swap(session.id, null, session))) throw new Error('the store has taken no new session')
      return answer(session)
    }),

    refresh: unlessStoreFails(async request => {
      const refusal = refused(request)
      if (refusal) return refusal
      if (cookies.has('refresh') && !isRequestedWith(request))
        return failure(400, 'invalid_request', 'The request has no header X-Requested-With: refresh-worker.')
      const fields = await readFields(request, true)
      if (fields instanceof Response) return fields
      const grant = own(fields, 'grant_type')
      if (grant !== undefined && grant !== 'refresh_token')
        return failure(400, 'unsupported_grant_type', 'The grant type must be refresh_token.')
      const { found: all, isMissing } = await readRefreshTokens(request, fields)
      // Without clearing ours, which would leave the other one alone.
      if (all.length > 1)
        return failure(
          401,
          'invalid_grant',
          'The refresh cookies are of several sessions: another path or domain has set one. Delete it, or let the names begin with __Host- or __Secure-.',
        )
      const [found] = all
      if (!found)
        return isMissing && !cookies.has('refresh')
          ? failure(400, 'invalid_request', 'The request has no refresh token.')
          : over('The refresh token is invalid, or there is none.')
      const name = idempotencyKeyOf(request)
      const rotation = await rotate(
        store,
        { ...found, key: name === null ? null : await refreshTokens.hash(name), now: now() },
        limits,
        async session => config.renew(session),
      )
      if (rotation.outcome === 'rotated' || rotation.outcome === 'repeated') return answer(rotation.session)
      if (rotation.outcome === 'reused') config.onReuse(rotation.session)
      return over('The session has ended.')
    }),

    logout: unlessStoreFails(async request => {
      const refusal = refused(request)
      if (refusal) return refusal
      const isJson = request.headers.get('Content-Type')?.includes('json') ?? false
      const fields = isJson ? await readFields(request, false) : {}
      const { found } = await readRefreshTokens(request, fields instanceof Response ? {} : fields)
      const ids: unknown[] =
        found.length > 0 ? found.map(({ id }) => id) : (await readClaims(request, true)).map(({ sid }) => sid)
      for (const id of ids) if (typeof id === 'string') await end(store, id)
      return new Response(null, { status: 204, headers: cookies.clear() })
    }),

    logoutEverywhere: unlessStoreFails(async request => {
      const refusal = refused(request)
      if (refusal) return refusal
      const claims = await verify(request)
      if (!claims) return failure(401, 'invalid_token', 'Log in first.')
      await store.endAll(String(claims.sub))
      return new Response(null, { status: 204, headers: cookies.clear() })
    }),

    verify,
    jwks: accessTokens.jwks,
  }
}

/** Tells a store that fails from what `authenticate` and `renew` throw. */
class StoreFailure extends Error {}

function guarded(store: SessionStore): SessionStore {
  const ask = async <T>(call: () => Promise<T>): Promise<T> => {
    try {
      return await call()
    } catch (cause) {
      throw new StoreFailure('the session store failed', { cause })
    }
  }
  return {
    read: id => ask(() => store.read(id)),
    swap: (id, counter, next) => ask(() => store.swap(id, counter, next)),
    endAll: sub => ask(() => store.endAll(sub)),
  }
}

/** However many refreshes run meanwhile. */
async function end(store: SessionStore, id: string): Promise<void> {
  for (let session = await store.read(id); session; session = await store.read(id))
    if (await store.swap(id, session.counter, null)) return
}
