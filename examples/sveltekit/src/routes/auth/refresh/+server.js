import { json } from '@sveltejs/kit'
import { LIFETIME, renew } from '$lib/server/sessions.js'

export const POST = ({ cookies, request }) => {
  const user = request.headers.get('X-Requested-With') ? renew(cookies) : null
  return user ? json({ user, expires_in: LIFETIME }) : json({ error: 'invalid refresh token' }, { status: 401 })
}
