/**
 * What the server sees. One tab alone listens to it and passes everything on, since a browser keeps no more than six
 * connections to one HTTP/1.1 server, and a live stream in each of six tabs would leave none for the calls.
 */
import { $, clock, dot, el } from './dom.js'
import { words } from './kinds.js'
import { on, tell } from './tabs.js'

const MAX_ROWS = 100
const TOGETHER = 2000 // milliseconds between two requests that are shown as one row
const NAMES = { ada: 'Ada', grace: 'Grace' }

const groups = [] // newest first
let lastId = 0

/** Resolves to the lifetime of access tokens, in milliseconds. */
export async function startLog() {
  const waiting = []
  let receive = message => waiting.push(message)
  on('log', message => receive(message))
  navigator.locks.request('demo-log', () => {
    listen(message => {
      receive(message)
      tell('log', message)
    })
    return new Promise(() => {}) // until this tab is gone: then another one listens
  })

  const { lifetime, stats, log } = await (await fetch('/demo.json')).json()
  log.forEach(add)
  show({ stats, live: true })
  waiting.forEach(show)
  receive = show
  return lifetime * 1000
}

function listen(pass) {
  const source = new EventSource('/events')
  source.onopen = () => pass({ live: true })
  source.onerror = () => pass({ live: false })
  source.onmessage = ({ data }) => pass({ entry: JSON.parse(data) })
  source.addEventListener('stats', ({ data }) => pass({ stats: JSON.parse(data) }))
}

function show({ entry, stats, live }) {
  if (entry) add(entry)
  if (stats) count(stats)
  const isLive = live ?? true
  $('live').textContent = isLive ? 'live' : 'server unreachable'
  $('live').dataset.level = isLive ? 'good' : 'bad'
}

function count({ requests, refreshes, unauthorized }) {
  $('count-requests').textContent = requests
  $('count-refreshes').textContent = refreshes
  $('count-unauthorized').textContent = unauthorized
}

function add(entry) {
  if (entry.id <= lastId) return // a new listener gets the last 200 once more
  lastId = entry.id
  $('log-empty').hidden = true
  if (entry.kind === 'request') addRequest(entry)
  else addMilestone(entry)
  while (groups.length > MAX_ROWS) groups.pop().root.remove()
}

// --- requests: alike ones are one row ---

function addRequest(entry) {
  const key = [entry.tab, entry.method, route(entry.path), entry.status].join(' ')
  const group = findGroup(key, entry.at) ?? startGroup(key, entry)
  group.count++
  group.at = entry.at
  group.slowest = Math.max(group.slowest, entry.ms)
  group.times.textContent = group.count > 1 ? `× ${group.count}` : ''
  if (group.count > 1) group.path.textContent = route(entry.path)
  group.ms.textContent = `${group.slowest} ms`

  const source = groups.find(({ tokenOf }) => tokenOf && tokenOf === entry.user)
  if (source && entry.status < 400) {
    source.served++
    source.note.textContent = `${source.served} ${source.served === 1 ? 'call' : 'calls'} since`
  }
}

function findGroup(key, at) {
  for (const group of groups) {
    if (!group.key || at - group.at > TOGETHER) return undefined
    if (group.key === key) return group
  }
}

function startGroup(key, { tab, at, method, path, status }) {
  const group = { key, count: 0, slowest: 0, path: el('span', 'path', path), times: el('b'), ms: el('span', 'ms') }
  const badge = el('span', 'status', status || 'gone')
  badge.dataset.level = status >= 200 && status < 400 ? 'good' : status === 401 ? 'warn' : 'bad'
  const what = el('span', 'what', el('span', 'method', method), ' ', group.path, ' ', group.times)
  group.root = el('li', 'request', time(at), from(tab), what, badge, group.ms)
  return insert(group)
}

function route(path) {
  return path.replace(/\/\d+$/, '/:n')
}

// --- refreshes, logins, logouts: a row of their own ---

function addMilestone({ kind, user, at, status, ms, tab }) {
  const ok = status >= 200 && status < 300
  const name = NAMES[user] ?? 'Somebody'
  const note = el('span', 'note')
  const title = {
    refresh: ok ? '↻ 1 refresh · for all tabs' : `Refresh refused · ${status || 'gone'}`,
    login: ok ? `${name} logged in` : `Login refused · ${status}`,
    logout: `${name} logged out`,
    expire: 'The server now rejects the access token',
  }[kind]
  const root = el('li', `milestone ${kind}`, time(at), from(tab), el('span', 'what', el('b', '', title), note))
  if (kind !== 'expire') root.append(el('span', 'ms', `${ms} ms`))
  root.dataset.level = ok ? 'good' : 'bad'
  insert({ root, note, served: 0, tokenOf: /login|refresh/.test(kind) && ok ? user : null })
}

function insert(group) {
  groups.unshift(group)
  $('log').prepend(group.root)
  return group
}

function time(at) {
  const element = el('time', '', clock(at))
  element.dateTime = new Date(at).toISOString()
  return element
}

function from(tab) {
  return el('span', 'from', dot(Number(tab)), tab ? `Tab ${tab}` : words.host)
}
