import { auth } from './auth.js'

const [form] = document.forms
const account = document.querySelector('#account')
const answer = document.querySelector('#answer')

auth.ready.catch(error => {
  answer.textContent = `${error.code}: ${error.message}`
})

auth.subscribe(state => {
  form.hidden = state.status !== 'anonymous'
  account.textContent = state.status === 'authenticated' ? `Logged in as ${state.claims.name}` : state.status
})

form.addEventListener('submit', async event => {
  event.preventDefault()
  await auth.ready
  await fetch('/auth/login', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(Object.fromEntries(new FormData(form))),
  })
})

document.querySelector('#orders').addEventListener('click', async () => {
  const response = await fetch('/api/orders')
  answer.textContent = `${response.status}: ${await response.text()}`
})

document.querySelector('#logout').addEventListener('click', () => auth.logout())
