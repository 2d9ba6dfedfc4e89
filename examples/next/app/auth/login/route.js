import { cookies } from 'next/headers'
import { redirect } from 'next/navigation'
import { logIn } from '../../../lib/sessions'

export async function POST(request) {
  const form = await request.formData()
  const isIn = logIn(String(form.get('name')), String(form.get('password')), await cookies())
  redirect(isIn ? '/dashboard' : '/login?wrong')
}
