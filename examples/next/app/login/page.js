export default function Login() {
  return (
    <main>
      <h1>Log in</h1>
      <form method="post" action="/auth/login">
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
