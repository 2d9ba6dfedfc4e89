import { cookies } from 'next/headers'
import { LIFETIME, renew } from '../../../lib/sessions'

export async function POST(request) {
  const user = request.headers.get('X-Requested-With') ? renew(await cookies()) : null
  return user
    ? Response.json({ user, expires_in: LIFETIME })
    : Response.json({ error: 'invalid refresh token' }, { status: 401 })
}
