// In memory, for the example. Each refresh token is good once; one that comes again ends its session.
import { randomBytes } from 'node:crypto'

/** Of an access token, in seconds. */
export const LIFETIME = Number(process.env.LIFETIME ?? 300)
const USERS = { ada: 'lovelace', grace: 'hopper' }

// Each route is a bundle of its own, and all share this.
globalThis.sessions ??= new Set()
const { sessions } = globalThis
const token = () => randomBytes(24).toString('base64url')
const options = { httpOnly: true, sameSite: 'lax', path: '/' }

function give(session, cookies) {
  Object.assign(session, { access: token(), refresh: token(), expiresAt: Date.now() + LIFETIME * 1000 })
  cookies.set('access', session.access, { ...options, maxAge: LIFETIME })
  cookies.set('refresh', session.refresh, { ...options, path: '/auth', maxAge: 30 * 86_400 })
}

/** Whether that is the right password; then its cookies are set. */
export function logIn(name, password, cookies) {
  if (!Object.hasOwn(USERS, name) || USERS[name] !== password) return false
  const session = { user: name, spent: new Set() }
  sessions.add(session)
  give(session, cookies)
  return true
}

/** Who is logged in, and for how many more seconds without a refresh; null: nobody. */
export function sessionOf(cookies) {
  const access = cookies.get('access')?.value
  const session = [...sessions].find(session => access && session.access === access)
  const left = session ? (session.expiresAt - Date.now()) / 1000 : 0
  return left > 0 ? { user: session.user, left } : null
}

/** Null: refused. */
export function renew(cookies) {
  const refresh = cookies.get('refresh')?.value
  const session = [...sessions].find(session => session.refresh === refresh || session.spent.has(refresh))
  if (!session) return null
  if (session.refresh !== refresh) {
    sessions.delete(session)
    return null
  }
  session.spent.add(refresh)
  give(session, cookies)
  return session.user
}

export function logOut(cookies) {
  const refresh = cookies.get('refresh')?.value
  for (const session of sessions) if (refresh && session.refresh === refresh) sessions.delete(session)
  cookies.set('access', '', { ...options, maxAge: 0 })
  cookies.set('refresh', '', { ...options, path: '/auth', maxAge: 0 })
}
