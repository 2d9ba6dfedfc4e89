import { auth } from './auth.ts'

const find = <Name extends keyof HTMLElementTagNameMap>(name: Name) =>
  document.querySelector(name) as HTMLElementTagNameMap[Name]
const form = find('form')

auth.subscribe(state => {
  find('p').textContent = state.status === 'authenticated' ? `Logged in: ${state.claims.name}` : state.status
  form.hidden = state.status !== 'anonymous'
})
auth.ready.catch(error => {
  find('p').textContent = error.message
})

form.addEventListener('submit', event => {
  event.preventDefault()
  fetch('/auth/login', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(Object.fromEntries(new FormData(form))),
  })
})

document.querySelector('#call')?.addEventListener('click', async () => {
  const response = await fetch('/api/me')
  find('output').textContent = `${response.status} ${await response.text()}`
})

if (import.meta.env.DEV) import('refresh-worker/devtools').then(({ mountDevtools }) => mountDevtools(auth))
