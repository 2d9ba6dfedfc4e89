import { logOut } from '$lib/server/sessions.js'

export const POST = ({ cookies }) => {
  logOut(cookies)
  return new Response(null, { status: 204 })
}
