import { Link, Outlet, redirect } from 'react-router'
import { auth } from '../auth.server'

export async function loader({ request }) {
  const claims = await auth.verify(request)
  return claims ? { user: claims.sub } : redirect('/login')
}

export default function App({ loaderData }) {
  return (
    <main>
      <p>Logged in: {loaderData.user}</p>
      <nav>
        <Link to="/app">Home</Link> <Link to="/app/other">Other</Link>{' '}
        <button type="button" onClick={() => window.auth.logout()}>
          Log out
        </button>
      </nav>
      <Outlet />
    </main>
  )
}
