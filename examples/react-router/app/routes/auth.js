import { auth } from '../auth.server'

const actions = { refresh: auth.refresh, logout: auth.logout }

export function action({ request, params }) {
  return Object.hasOwn(actions, params.action) ? actions[params.action](request) : new Response(null, { status: 404 })
}
