import { cookies } from 'next/headers'
import { logOut } from '../../../lib/sessions'

export async function POST() {
  logOut(await cookies())
  return new Response(null, { status: 204 })
}
