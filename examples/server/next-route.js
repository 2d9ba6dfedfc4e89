// app/auth/[action]/route.js
import { auth } from './auth.js'

const actions = { login: auth.login, refresh: auth.refresh, logout: auth.logout }

export async function POST(request, { params }) {
  const { action } = await params
  return Object.hasOwn(actions, action) ? actions[action](request) : new Response(null, { status: 404 })
}
