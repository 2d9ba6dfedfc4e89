import { cookies } from 'next/headers'
import Link from 'next/link'
import { redirect } from 'next/navigation'
import { sessionOf } from '../../lib/sessions'
import { LogOut } from './log-out'

// A server component cannot set cookies: it could not refresh by itself.
export default async function Layout({ children }) {
  const session = sessionOf(await cookies())
  if (!session) redirect('/login')
  return (
    <main>
      <p>Logged in: {session.user}</p>
      <nav>
        <Link href="/dashboard">Home</Link> <Link href="/dashboard/other">Other</Link> <LogOut />
      </nav>
      {children}
    </main>
  )
}
