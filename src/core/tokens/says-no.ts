import { own } from '../../protocol.ts'

/** Whether JSON says that nobody is logged in, in the ways of servers that answer everything with a status of 200. */
export function saysNo(body: unknown): boolean {
  if (body === null || body === false) return true
  const [error, errors, success, user, type, status] = ['error', 'errors', 'success', 'user', 'type', 'status'].map(
    name => own(body, name),
  )
  return (
    Boolean(error) ||
    (Array.isArray(errors) && errors.length > 0) ||
    success === false ||
    user === null ||
    // SvelteKit's actions, and JSend.
    type === 'failure' ||
    type === 'error' ||
    (typeof status === 'string' && /error|fail/i.test(status))
  )
}
