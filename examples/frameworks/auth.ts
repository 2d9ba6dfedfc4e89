import { register } from 'refresh-worker'

/** One for the application. On a server, and in a unit test, its state is `unsupported`, and nothing is thrown. */
export const auth = register('/sw.js')

/** A plain request: the worker knows the URL, and keeps the tokens of the answer. */
export async function logIn(form: HTMLFormElement): Promise<void> {
  await fetch('/auth/login', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(Object.fromEntries(new FormData(form))),
  })
}
