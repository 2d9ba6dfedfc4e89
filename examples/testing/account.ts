import type { AuthClient } from 'refresh-worker'

export function showAccount(auth: AuthClient, element: HTMLElement) {
  element.addEventListener('click', () => auth.logout())
  return auth.subscribe(state => {
    element.textContent = state.status === 'authenticated' ? String(state.claims.name) : 'Nobody is logged in'
  })
}
