/** A page that logs in, says who is logged in, and calls the API. */
export function show(auth) {
  const find = selector => document.querySelector(selector)
  const form = find('form')

  auth.subscribe(state => {
    find('#status').textContent = state.status
    form.hidden = state.status !== 'anonymous'
  })
  auth.ready.catch(error => {
    find('#status').textContent = `${error.code}: ${error.message}`
  })

  form.addEventListener('submit', event => {
    event.preventDefault()
    fetch('/auth/login', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(Object.fromEntries(new FormData(form))),
    })
  })

  find('#call').addEventListener('click', async () => {
    const response = await fetch('/api/me')
    find('output').textContent = `${response.status} ${await response.text()}`
  })
}
