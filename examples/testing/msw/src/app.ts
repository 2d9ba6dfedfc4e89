import { auth } from './auth.ts'

const find = <Name extends string>(selector: Name) => document.querySelector<HTMLElement>(selector) as HTMLElement
const [form] = document.forms

auth.subscribe(state => {
  find('#account').textContent = state.status === 'authenticated' ? `Logged in as ${state.claims.name}` : state.status
  form?.toggleAttribute('hidden', state.status !== 'anonymous')
})
auth.ready.catch(error => {
  find('#answer').textContent = error.message
})

form?.addEventListener('submit', async event => {
  event.preventDefault()
  await auth.ready
  await fetch('/auth/login', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(Object.fromEntries(new FormData(form))),
  })
})

find('#orders').addEventListener('click', async () => {
  const response = await fetch('/api/orders')
  find('#answer').textContent = `${response.status} ${await response.text()}`
})
