import { register } from 'refresh-worker'

const auth = register('/sw.js')
auth.subscribe(({ status, claims }) => {
  document.querySelector('#user').textContent = status === 'authenticated' ? claims.name : ''
})

await auth.ready // or the answer passes by the worker
const rendered = decodeURIComponent(document.documentElement.dataset.user) // whom the server has rendered this page for
const { claims } = auth.getSnapshot()
if (rendered && rendered !== claims?.sub) await fetch('/auth/session', { method: 'POST' })
if (!rendered && claims) await auth.logout()

document.querySelector('#logout').addEventListener('click', async () => {
  await fetch('/auth/logout', { method: 'POST' })
  location.assign('/')
})
