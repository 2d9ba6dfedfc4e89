import { fail, redirect } from '@sveltejs/kit'
import { logIn } from '$lib/server/sessions.js'

export const actions = {
  default: async ({ request, cookies }) => {
    const form = await request.formData()
    if (!logIn(String(form.get('name')), String(form.get('password')), cookies)) return fail(400, { isWrong: true })
    redirect(303, '/app')
  },
}
