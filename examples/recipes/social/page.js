import { register } from 'refresh-worker'

const user = document.querySelector('#user')
const problem = document.querySelector('#problem')
const auth = register('/sw.js')

auth.subscribe(({ status, claims }) => {
  user.textContent = status === 'authenticated' ? claims.name : ''
})

const outcome = new URLSearchParams(location.search).get('login')
if (outcome) {
  history.replaceState(null, '', '/')
  await auth.ready // or the answer passes by the worker
  const isLoggedIn = outcome === 'done' && (await fetch('/auth/session', { method: 'POST' })).ok
  if (!isLoggedIn) problem.textContent = 'Logging in with GitHub has failed. Please try again.'
}
