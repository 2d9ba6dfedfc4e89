import { json } from '@sveltejs/kit'

export const GET = ({ locals: { session } }) =>
  session ? json({ user: session.user, expires_in: session.left }) : json({}, { status: 401 })
