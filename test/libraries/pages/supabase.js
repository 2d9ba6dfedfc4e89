// Supabase's auth client, as an application without a worker has it.
import { AuthClient } from '@supabase/auth-js'

const auth = new AuthClient({ url: `${location.origin}/auth/v1`, headers: { apikey: 'anon' } })
const session = async () => (await auth.getSession()).data.session

export const logIn = async () => {
  const { error } = await auth.signInWithPassword({ email: 'ada@example.org', password: 'lovelace' })
  if (error) throw error
}

/** Verifies the token too: of one that is signed by a shared secret, by asking the server. */
export const claims = async () => {
  const { data, error } = await auth.getClaims()
  if (error) throw error
  return data.claims
}

export const call = async () => {
  const { access_token } = (await session()) ?? {}
  const response = await fetch('/rest/v1/me', { headers: { apikey: 'anon', Authorization: `Bearer ${access_token}` } })
  return response.ok
}

/** Where another tab was quicker, the library drops its own, and has that one's. */
export const renew = async () => {
  const { error } = await auth.refreshSession()
  return error === null || error.name === 'AuthRefreshDiscardedError'
}

export const logOut = async () => void (await auth.signOut())
export const isLoggedIn = async () => (await session()) !== null
