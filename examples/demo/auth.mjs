import { createAuthServer, nodeHandler, requestOf } from 'refresh-worker/server'

const BOTH = { accessToken: true, names: { refresh: 'demo_refresh', access: 'demo_access' } }

/**
 * The demo's login, refresh and logout with sessions in a store: `refresh-worker/server`. Made anew for each request, since
 * the demo changes the lifetime while it runs.
 */
export function createStoredAuth({ store, secrets, users, cookies, lifetime, epoch, beforeRefresh, afterRefresh }) {
  const server = () =>
    createAuthServer({
      keys: [{ kid: 'demo', secret: secrets.accessTokenSecret }],
      refreshTokenSecret: secrets.refreshTokenSecret,
      store,
      accessTokenLifetime: lifetime(),
      refreshTokenLifetime: 86_400,
      // The demo has no https, and cookies know no ports: other kinds of session have other names
      ...(cookies === 'none' ? {} : { cookies: { path: '/auth', secure: false, ...(cookies === 'both' ? BOTH : {}) } }),
      authenticate: ({ username, password }) => {
        const user = users.get(username)
        return user?.password === password ? { ...user.claims, epoch: epoch() } : null
      },
      renew: ({ claims }) => ({ ...claims, epoch: epoch() }),
    })

  return {
    /** Login and refresh: one URL, as is the worker's default. */
    login: (req, res, next) => {
      const isRefresh = req.body?.grant_type === 'refresh_token'
      nodeHandler(async request => {
        if (isRefresh) await beforeRefresh?.(req)
        const answer = isRefresh ? await server().refresh(request) : await server().login(request)
        if (isRefresh && answer.ok) await afterRefresh?.(req)
        if (isRefresh || !answer.ok) return answer
        const { claims } = users.get(req.body.username)
        res.locals.user = claims.sub
        // Nothing else tells the worker who has logged in, where it sees no token
        return cookies === 'both' ? Response.json({ ...(await answer.json()), ...claims }, answer) : answer
      })(req, res, next)
    },
    /** By GET, as is the worker's default; the server's own takes a POST. */
    logout: nodeHandler(({ url, headers }) => server().logout(new Request(url, { method: 'POST', headers }))),
    /** The claims of a good access token; null: there is none. */
    verify: req => server().verify(requestOf(req)),
  }
}
