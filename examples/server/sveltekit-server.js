// src/routes/auth/[action]/+server.js
import { auth } from './auth.js'

const actions = { login: auth.login, refresh: auth.refresh, logout: auth.logout }

export function POST({ request, params: { action } }) {
  return Object.hasOwn(actions, action) ? actions[action](request) : new Response(null, { status: 404 })
}
