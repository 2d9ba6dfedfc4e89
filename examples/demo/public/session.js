/** The session card: who is logged in, and how long the access token lives. */
import { $, clock, flash } from './dom.js'

const WHY = {
  none: 'All tabs share one login.',
  logout: 'Logged out, in all tabs at once.',
  expired: 'The session has expired.',
  rejected: 'The server refused to renew the session.',
  lost: 'A refresh was cut off and could not be made good, or the worker that had the tokens was stopped.',
  idle: 'The session was not used for too long.',
  max_age: 'The login is too long ago.',
  replaced: 'Another login has taken its place.',
}
const calm = matchMedia('(prefers-reduced-motion: reduce)')

let state = { status: 'unknown' }
let lifetime = 30_000
let shown = 0 // of the bar, from 0 to 1; follows what is left, so that a refill is seen

export function setLifetime(milliseconds) {
  lifetime = milliseconds
}

export function renderSession(next) {
  const refreshed = state.status === 'authenticated' && next.generation > state.generation
  state = next
  const authenticated = state.status === 'authenticated'
  $('session').dataset.status = state.status
  $('token').hidden = !authenticated
  if (authenticated) renderAuthenticated(refreshed)
  else renderNobody()
}

function renderNobody() {
  $('avatar').textContent = ''
  $('status').dataset.level = 'none'
  const starting = state.status !== 'anonymous'
  $('name').textContent = starting ? 'Starting…' : 'Nobody is logged in'
  $('roles').textContent = starting ? '' : WHY[state.reason]
  $('status').textContent = starting ? 'starting' : 'anonymous'
}

function renderAuthenticated(refreshed) {
  // None while the worker has no token: with storage 'memory', from its restart until the refresh
  const { name = '…', roles = [] } = state.claims
  $('avatar').textContent = name[0]
  $('name').textContent = name
  $('roles').textContent = roles.join(', ')
  $('status').textContent = 'authenticated'
  $('status').dataset.level = 'good'
  $('generation').textContent = `#${state.generation}`
  $('session-id').textContent = state.sessionId.slice(0, 8)
  $('session-id').title = state.sessionId
  $('expires').textContent = clock(state.expiresAt)
  if (refreshed) flash($('session'))
}

function drawLife() {
  if (state.status === 'authenticated' && !document.hidden) {
    const left = Math.max(0, state.expiresAt - Date.now())
    const whole = Math.max(lifetime, left)
    const part = left / whole
    shown = calm.matches ? part : shown + (part - shown) * 0.12
    $('life-fill').style.clipPath = `inset(0 ${100 * (1 - shown)}% 0 0 round 6px)`
    const seconds = Math.ceil(left / 1000)
    $('remaining').textContent = seconds > 0 ? `${seconds} s left` : 'expired'
    $('life').dataset.level = part > 0.4 ? 'good' : part > 0.1 ? 'warn' : 'bad'
  }
  if (calm.matches) setTimeout(drawLife, 1000)
  else requestAnimationFrame(drawLife)
}
drawLife()
