import { redirect } from 'react-router'
import { logIn } from '../auth.server'

export async function action({ request }) {
  const answer = await logIn(request)
  return answer.ok
    ? redirect('/app', { headers: answer.headers.getSetCookie().map(value => ['Set-Cookie', value]) })
    : null
}

export default function Login() {
  return (
    <main>
      <h1>Log in</h1>
      <form method="post">
        <label>
          Name <input name="name" defaultValue="ada" autoComplete="username" />
        </label>
        <label>
          Password <input name="password" type="password" defaultValue="lovelace" autoComplete="current-password" />
        </label>
        <button type="submit">Log in</button>
      </form>
    </main>
  )
}
