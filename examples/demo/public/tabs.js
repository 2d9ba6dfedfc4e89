/**
 * Who is open, and how they are. A tab's number is a Web Lock, which the browser releases when the tab is gone, however
 * it went; timers of hidden tabs are slowed down too much for heartbeats alone. What a tab tells of itself goes over a
 * channel.
 */
import { $, dot, el, flash } from './dom.js'

const channel = new BroadcastChannel('demo')
const others = new Map() // number → what that tab last told
const handlers = new Map() // message type → handler
const listeners = []
let leaving = false // a tab that is closed becomes hidden after it has said goodbye
let mine = { visible: !document.hidden }

export const number = await takeNumber()

export function on(type, handler) {
  handlers.set(type, handler)
}

export function tell(type, data) {
  channel.postMessage({ type, from: number, data })
}

/** Calls `listener` whenever a tab has news. */
export function onTabs(listener) {
  listeners.push(listener)
}

/** Tells the other tabs what is new about this one. */
export function announce(news) {
  mine = { ...mine, ...news }
  if (!leaving) tell('tab', mine)
  render()
}

on('hello', () => tell('tab', mine))
on('bye', (_data, from) => {
  others.delete(from)
  render()
})
on('tab', (data, from) => {
  others.set(from, data)
  render()
})
channel.onmessage = ({ data: { type, from, data } }) => handlers.get(type)?.(data, from)
addEventListener('pagehide', () => {
  leaving = true
  tell('bye')
})
addEventListener('pageshow', () => {
  leaving = false
  announce({})
})
document.addEventListener('visibilitychange', () => announce({ visible: !document.hidden }))
tell('hello')
if (navigator.locks) setInterval(forgetTheGone, 2000)

async function forgetTheGone() {
  const { held } = await navigator.locks.query()
  const open = new Set(held.map(lock => lock.name))
  const gone = [...others.keys()].filter(other => !open.has(lockName(other)))
  for (const other of gone) others.delete(other)
  if (gone.length > 0) render()
}

async function takeNumber() {
  if (!navigator.locks) return 1 // no secure context: the page says so
  const before = Number(sessionStorage.getItem('tab'))
  if (before && (await hold(before))) return before
  for (let n = 1; ; n++) {
    if (!(await hold(n))) continue
    sessionStorage.setItem('tab', n)
    return n
  }
}

function hold(n) {
  return new Promise(resolve => {
    navigator.locks.request(lockName(n), { ifAvailable: true }, lock => {
      resolve(lock !== null)
      return lock && new Promise(() => {}) // held until this tab is gone
    })
  })
}

function lockName(n) {
  return `demo-tab-${n}`
}

// --- the panel ---

const cards = new Map()

function render() {
  const all = [...others, [number, mine]].sort(([a], [b]) => a - b)
  for (const [n, card] of cards) if (n !== number && !others.has(n)) cards.delete(n) && card.root.remove()
  all.forEach(([n, tab], index) => {
    const card = cards.get(n) ?? addCard(n)
    if ($('tabs').children[index] !== card.root) $('tabs').insertBefore(card.root, $('tabs').children[index] ?? null)
    card.state.textContent = nameOf(tab)
    card.result.textContent = tab.result ?? 'no calls yet'
    card.result.dataset.level = tab.level ?? 'none'
    card.note.textContent = n === number ? 'this one' : tab.visible === false ? 'hidden' : ''
    if (card.token !== undefined && tab.token && card.token !== tab.token) flash(card.root)
    card.token = tab.token
  })
  for (const listener of listeners) listener()
  $('tabs-count').textContent = all.length
  if (all.length >= 3) $('step-tabs').dataset.done = true
}

function nameOf(tab) {
  return tab.token ? `${tab.name} · #${tab.token}` : (tab.status ?? 'starting')
}

function addCard(n) {
  const card = { note: el('span', 'tab-note'), state: el('p', 'tab-state'), result: el('p', 'tab-result') }
  card.root = el('li', 'tab', el('p', 'tab-name', dot(n), `Tab ${n}`, card.note), card.state, card.result)
  cards.set(n, card)
  return card
}
