import { cookies } from 'next/headers'
import { sessionOf } from '../../../lib/sessions'

export default async function Other() {
  return <p>Only for {sessionOf(await cookies())?.user}</p>
}
