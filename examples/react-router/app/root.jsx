import { useEffect } from 'react'
import { Links, Meta, Outlet, Scripts, useNavigate } from 'react-router'
import { register } from 'refresh-worker'

export function Layout({ children }) {
  return (
    <html lang="en">
      <head>
        <meta charSet="utf-8" />
        <title>refresh-worker and React Router</title>
        <link rel="icon" href="data:," />
        <Meta />
        <Links />
      </head>
      <body>
        {children}
        <Scripts />
      </body>
    </html>
  )
}

/** Registers the worker, and leaves the pages of a session when it ends, in whichever tab. */
export default function Root() {
  const navigate = useNavigate()
  useEffect(() => {
    const auth = register('/sw.js')
    window.auth = auth
    let wasIn = false
    return auth.subscribe(({ status }) => {
      if (wasIn && status === 'anonymous') navigate('/login')
      wasIn = status === 'authenticated'
    })
  }, [navigate])
  return <Outlet />
}
