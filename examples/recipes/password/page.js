import { register } from 'refresh-worker'

const form = document.querySelector('form')
const user = document.querySelector('#user')
const problem = document.querySelector('#problem')
const logout = document.querySelector('#logout')
const auth = register('/sw.js')

auth.subscribe(({ status, claims }) => {
  form.hidden = status !== 'anonymous'
  logout.hidden = status !== 'authenticated'
  user.textContent = status === 'authenticated' ? `${claims.name}, ${claims.roles.join(' and ')}` : ''
})

form.addEventListener('submit', async event => {
  event.preventDefault()
  await auth.ready
  const response = await fetch('/auth/login', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(Object.fromEntries(new FormData(form))),
  })
  problem.textContent = response.ok ? '' : (await response.json()).error_description
  if (response.ok) form.reset()
})

logout.addEventListener('click', () => auth.logout())
