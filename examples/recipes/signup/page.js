import { register } from 'refresh-worker'

const form = document.querySelector('form')
const user = document.querySelector('#user')
const answer = document.querySelector('#answer')
const auth = register('/sw.js')

auth.subscribe(({ status, claims }) => {
  user.textContent = status === 'authenticated' ? claims.name : ''
})

form.addEventListener('submit', async event => {
  event.preventDefault()
  await auth.ready
  const response = await fetch('/auth/signup', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(Object.fromEntries(new FormData(form))),
  })
  const { created, error_description } = await response.json()
  answer.textContent = response.ok ? `Welcome, ${created}.` : error_description
})
