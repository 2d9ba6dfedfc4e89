import { defineDevtools } from '/refresh-worker/devtools.js'
import { $, dot, el } from './dom.js'
import { registerKind, renderKinds, words } from './kinds.js'
import { startLog } from './log.js'
import { renderSession, setLifetime } from './session.js'
import { announce, number, on, onTabs, tell } from './tabs.js'

const auth = registerKind()
renderKinds()

document.title = `Tab ${number} · Many tabs, one refresh`
$('tab-label').replaceChildren(dot(number), `Tab ${number}`)

onTabs(renderSteps)
defineDevtools()
$('devtools').auth = auth

let session // changes with every login and logout, not with a refresh
let isReady = false
let focused = null // what has the keyboard, or had it last
addEventListener('focusin', ({ target }) => {
  focused = target
})

auth.subscribe(state => {
  const authenticated = state.status === 'authenticated'
  renderSession(state)
  announce({
    status: state.status === 'anonymous' ? 'logged out' : state.status,
    name: state.claims?.name?.split(' ')[0],
    token: state.generation,
  })
  if (session === (state.sessionId ?? state.status)) return
  session = state.sessionId ?? state.status
  $('login-title').textContent = authenticated ? 'Log in as somebody else' : 'Log in'
  $('login').open = !authenticated
  if (!authenticated) $('proof').hidden = true
  if (authenticated) $('step-login').dataset.done = true
  enable()
  keepFocus()
  renderSteps()
})

/** What needs a session can be clicked while there is one; the rest once the worker answers. */
function enable() {
  const authenticated = auth.getSnapshot().status === 'authenticated'
  for (const button of document.querySelectorAll('main button')) button.disabled = !isReady
  for (const id of ['burst', 'call-20', 'update', 'logout', 'kill']) $(id).disabled = !isReady || !authenticated
}

/** A button that is gone, or can be clicked no more, would leave the keyboard at the beginning of the page. */
function keepFocus() {
  if (focused && (focused.disabled || !focused.checkVisibility())) $('session').focus({ preventScroll: true })
}

/** The first step that is not done is the current one. */
function renderSteps() {
  const steps = [...document.querySelectorAll('.steps li')]
  const current = steps.find(step => !step.dataset.done)
  for (const step of steps) {
    if (step === current) step.setAttribute('aria-current', 'step')
    else step.removeAttribute('aria-current')
  }
}

try {
  await auth.ready
  startLog().then(setLifetime)
  isReady = true
  enable()
} catch (error) {
  showFailure(error)
}

// --- log in ---

$('login-form').addEventListener('submit', event => {
  event.preventDefault()
  login(Object.fromEntries(new FormData(event.target)))
})
for (const button of document.querySelectorAll('[data-username]')) {
  button.addEventListener('click', () => login({ ...button.dataset }))
}

async function login(credentials) {
  const response = await post('/auth/login', credentials).catch(() => null)
  $('login-error').textContent = response?.ok ? '' : refusalOf(response)
  if (!response) return
  const body = await response.json()
  $('proof-title').textContent = response.ok ? 'What this page received' : 'The login was refused'
  $('proof-hint').textContent = response.ok ? words.proof : `Status ${response.status}.`
  $('proof-body').replaceChildren(...withPlaceholdersMarked(JSON.stringify(body, null, 2)))
  $('proof').hidden = false
  $('proof').open = true
}

function refusalOf(response) {
  return response ? `The login was refused (${response.status}).` : 'The server could not be reached.'
}

function withPlaceholdersMarked(text) {
  const parts = text.split(/(refresh-worker-\w+-token)/)
  return parts.map((part, index) => (index % 2 ? el('mark', '', part) : part))
}

// --- call the API: plain fetch, no token in sight ---

const headers = { 'X-Demo-Tab': number }
const get = path => fetch(path, { headers })
const post = (path, body = {}) =>
  fetch(path, {
    method: 'POST',
    headers: { ...headers, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })

async function callApi(times) {
  const started = performance.now()
  const paths = times === 1 ? ['/api/me'] : Array.from({ length: times }, (_, index) => `/api/orders/${index + 1}`)
  const outcomes = await Promise.all(paths.map(outcome))
  const text = `${summary(outcomes)} · ${since(started)}`
  const level = outcomes.every(status => status === 200) ? 'good' : 'bad'
  addResult(text, level)
  announce({ result: text, level })
}

async function outcome(path) {
  try {
    const response = await get(path)
    await response.arrayBuffer()
    return response.status
  } catch {
    return 'network error'
  }
}

function summary(outcomes) {
  const counts = new Map()
  for (const each of outcomes) counts.set(each, (counts.get(each) ?? 0) + 1)
  return [...counts].map(([each, count]) => (count > 1 ? `${each} × ${count}` : each)).join(', ')
}

function since(started) {
  const ms = performance.now() - started
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}

async function burst() {
  if ($('expire').checked && auth.getSnapshot().status === 'authenticated') await post('/api/expire').catch(() => null)
  tell('burst')
  doneBursting()
  await callApi(20)
}
on('burst', () => {
  doneBursting()
  callApi(20)
})

function doneBursting() {
  $('step-burst').dataset.done = true
  renderSteps()
}

async function update() {
  const started = performance.now()
  try {
    const { generation } = await auth.updateToken()
    addResult(`token #${generation} · ${since(started)}`, 'good')
  } catch (error) {
    addResult(error.code, 'bad', error.message)
  }
}

/**
 * Closes a tab, in a frame, when the server has its refresh and the answer is still to come. The next tab finds that one
 * was begun and repeats it under the same name, so that the server repeats its answer.
 */
async function kill() {
  const frame = el('iframe', 'sr-only')
  frame.title = 'A tab that is closed in the middle of a refresh'
  frame.src = '/closed.html'
  document.body.append(frame)
  const isThere = await untilRefreshing()
  frame.remove()
  addResult(isThere ? 'tab closed in mid-refresh' : 'the other tab did not refresh', 'warn')
  if (isThere) await update()
}

async function untilRefreshing() {
  for (let tries = 0; tries < 200; tries++) {
    const { refreshing } = await (await fetch('/demo.json')).json()
    if (refreshing > 0) return true
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  return false
}

async function logout() {
  try {
    await auth.logout()
  } catch (error) {
    addResult(error.code, 'bad', error.message)
  }
}

$('burst').addEventListener('click', burst)
$('call-1').addEventListener('click', () => callApi(1))
$('call-20').addEventListener('click', () => callApi(20))
$('update').addEventListener('click', update)
$('logout').addEventListener('click', logout)
$('kill').addEventListener('click', kill)

function addResult(text, level, title = '') {
  const chip = el('li', 'chip', text)
  chip.dataset.level = level
  chip.title = title
  $('results').prepend(chip)
  while ($('results').children.length > 6) $('results').lastChild.remove()
}

// --- where the worker cannot be in charge ---

function showFailure({ code, message }) {
  const advice = {
    unsupported: 'Use a current browser, and a normal window: some private windows have no service workers.',
    insecure_context: `Open http://localhost:${location.port}/ instead.`,
    script_error: 'Run “npm run build”, start the demo again, and reload. /sw.js and /refresh-worker.js must answer.',
    foreign_controller: `Another project has used ${location.origin} before. In the developer tools, under Application, unregister its service worker, then reload.`,
    wrong_scope: `In the developer tools, under Application, unregister the service workers of ${location.origin}, then reload.`,
  }
  $('failure-code').textContent = code ?? 'unknown'
  $('failure-message').textContent = message
  $('failure-advice').textContent = advice[code] ?? 'Reload the page. If that does not help, see the browser’s console.'
  $('failure').hidden = false
  $('demo').hidden = true
}
$('reload').addEventListener('click', () => location.reload())
