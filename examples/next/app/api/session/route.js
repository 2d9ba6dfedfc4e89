import { cookies } from 'next/headers'
import { sessionOf } from '../../../lib/sessions'

export async function GET() {
  const session = sessionOf(await cookies())
  return session ? Response.json({ user: session.user, expires_in: session.left }) : Response.json({}, { status: 401 })
}
