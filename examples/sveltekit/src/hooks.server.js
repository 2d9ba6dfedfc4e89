import { sessionOf } from '$lib/server/sessions.js'

export const handle = ({ event, resolve }) => {
  event.locals.session = sessionOf(event.cookies)
  return resolve(event)
}
