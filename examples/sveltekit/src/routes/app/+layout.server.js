import { redirect } from '@sveltejs/kit'

export const load = ({ locals, url }) => {
  if (!locals.session) redirect(303, `/login?from=${encodeURIComponent(url.pathname)}`)
  return { user: locals.session.user }
}
