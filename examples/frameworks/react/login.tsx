import { auth, logIn } from '../auth.ts'
import { useAuth } from './use-auth.ts'

export function Login() {
  const state = useAuth()
  switch (state.status) {
    case 'unknown':
      return <p>One moment…</p>
    case 'unsupported':
      return <p>This browser has no service worker.</p>
    case 'anonymous':
      return (
        <form
          onSubmit={event => {
            event.preventDefault()
            logIn(event.currentTarget)
          }}
        >
          <input name="username" aria-label="User name" autoComplete="username" />
          <input name="password" aria-label="Password" type="password" autoComplete="current-password" />
          <button type="submit">Log in</button>
        </form>
      )
    case 'authenticated':
      return (
        <p>
          {String(state.claims.name)}, token {state.generation}
          <button type="button" onClick={() => auth.updateToken()}>
            Refresh
          </button>
          <button type="button" onClick={() => auth.logout()}>
            Log out
          </button>
        </p>
      )
  }
}
