import type { AuthClient } from 'refresh-worker'

/** Shows who is logged in, and their orders on request. */
export function showAccount(auth: AuthClient, element: HTMLElement) {
  element.innerHTML = '<p></p><button>Orders</button><output></output>'
  const [account, button, output] = element.children as unknown as [HTMLElement, HTMLButtonElement, HTMLElement]
  button.addEventListener('click', async () => {
    const response = await fetch('/api/orders')
    output.textContent = `${response.status}: ${await response.text()}`
  })
  return auth.subscribe(state => {
    account.textContent = state.status === 'authenticated' ? `Logged in as ${state.claims.name}` : state.status
  })
}
