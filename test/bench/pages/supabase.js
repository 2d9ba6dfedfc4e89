import { AuthClient } from '@supabase/auth-js'
import { expose, isLoginAsked, tag } from './kit.js'

const client = new AuthClient({
  url: `${location.origin}/auth/v1`,
  storageKey: 'supabase',
  persistSession: true,
  detectSessionInUrl: false,
  // Its timer looks every 30 s, and would come before a burst by chance.
  autoRefreshToken: !tag.startsWith('storm'),
})

const renew = async () => {
  const { error } = await client.signInWithPassword({ email: 'ada@example.org', password: 'lovelace' })
  if (error) throw error
}

expose({
  start: async () => {
    const { data } = await client.getSession()
    if (isLoginAsked || !data.session) await renew()
  },
  renew,
  send: async (url, init) => {
    const { data } = await client.getSession()
    return fetch(url, { ...init, headers: { Authorization: `Bearer ${data.session?.access_token ?? ''}` } })
  },
})
